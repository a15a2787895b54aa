"""The step that ends with an Asterisk that is new enough, and a note of where it is."""

from pathlib import Path

from . import apt, asterisk
from .asterisk import Found
from .console import Console
from .debian import MMDEBSTRAP, Need
from .errors import SetupError
from .layout import Layout
from .privilege import Privilege, is_root
from .versions import MINIMUM_ASTERISK, show


def needs(found: Found | None) -> tuple[Need, ...]:
    """What must be on the machine before :func:`provide` can fetch Asterisk."""
    if found or (is_root() and asterisk.apt_candidate()):
        return ()
    return (MMDEBSTRAP,)


def provide(console: Console, layout: Layout, privilege: Privilege, found: Found | None) -> None:
    """Provide Asterisk unless ``found``, and write ``asterisk.json``.

    Raises :class:`SetupError`.
    """
    with console.step("Asterisk") as step:
        if found is None:
            found = _install(console, privilege, layout.asterisk_root)
            step.note(f"{show(found.version)} installed")
        else:
            step.note(f"{show(found.version)} already there")
        asterisk.record(layout, found)


def provide_shared(console: Console, privilege: Privilege) -> None:
    """Provide Asterisk for every checkout on this machine.  Raises :class:`SetupError`."""
    with console.step("Asterisk for all users") as step:
        system = asterisk.from_system()
        found = system if system and system.version >= MINIMUM_ASTERISK else None
        found = found or asterisk.from_root(asterisk.SHARED_ROOT)
        if found is None:
            found = _install(console, privilege, asterisk.SHARED_ROOT)
        step.note(show(found.version))


def _install(console: Console, privilege: Privilege, target: Path) -> Found:
    if is_root() and asterisk.apt_candidate():
        _install_quietly(privilege)
        found = asterisk.from_system()
    else:
        asterisk.build_root(console, target)
        found = asterisk.from_root(target)
    if found is None or found.version < MINIMUM_ASTERISK:
        raise SetupError(
            "Asterisk was installed, but does not run",
            f"rm -rf {target}, then again: make setup",
        )
    return found


def _install_quietly(privilege: Privilege) -> None:
    """Install the system's package without its service: we start Asterisk ourselves.

    Debian's packages ask policy-rc.d before they start a service.  Where the administrator has
    such a file, it stays as it is.
    """
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        policy.chmod(0o755)
    try:
        apt.install(privilege, ["asterisk"])
    finally:
        if ours:
            policy.unlink(missing_ok=True)
    if Path("/run/systemd/system").is_dir():
        privilege.run(["systemctl", "disable", "asterisk.service"])
