"""Finding an Asterisk that is new enough, else providing one.

A private root is the unpacked Debian package with all that it depends on.  No maintainer script
of it runs and nothing is started; `hotline` runs it through the root's own dynamic loader, without
chroot.  So it takes no right of root, and nothing of the host changes.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from . import apt
from .console import Console
from .debian import SBIN
from .errors import SetupError
from .layout import SHARED, Layout, write_json
from .versions import MINIMUM_ASTERISK, Version, parse, show

SHARED_ROOT: Final = SHARED / "asterisk-root"
_SUITES: Final = ("forky", "sid")
_LOADERS: Final = ("usr/lib64/ld-linux-*.so.*", "usr/lib/ld-linux-*.so.*")
_UNNEEDED: Final = ("doc", "man", "info", "locale", "perl", "lintian", "bash-completion")
"""Folders of usr/share that a running Asterisk never opens (60 MB)."""


@dataclass(frozen=True)
class Found:
    """One Asterisk on this machine; see `hotline.asterisk.locate` for the reader of the note."""

    binary: tuple[str, ...]
    modules_dir: Path
    data_dir: Path
    version: Version
    root: Path | None = None

    def note(self) -> dict[str, object]:
        """What ``asterisk.json`` says."""
        return {
            "binary": list(self.binary),
            "modules_dir": str(self.modules_dir),
            "data_dir": str(self.data_dir),
            "version": show(self.version),
            "root": str(self.root) if self.root else None,
        }


def find(layout: Layout) -> Found | None:
    """Return the first Asterisk that is new enough.

    HOTLINE_ASTERISK_ROOT comes first, then the system's own, then the private roots.  Raises
    :class:`SetupError` when the named root does not serve.
    """
    named = os.environ.get("HOTLINE_ASTERISK_ROOT")
    if named:
        found = from_root(Path(named).resolve())
        if found is None or found.version < MINIMUM_ASTERISK:
            raise SetupError(
                f"HOTLINE_ASTERISK_ROOT={named} holds no Asterisk {show(MINIMUM_ASTERISK)} "
                "or newer",
                "unset HOTLINE_ASTERISK_ROOT, then again: make setup",
            )
        return found
    for found in (from_system(), from_root(layout.asterisk_root), from_root(SHARED_ROOT)):
        if found is not None and found.version >= MINIMUM_ASTERISK:
            return found
    return None


def from_root(root: Path) -> Found | None:
    """Return the Asterisk inside a Debian root folder, ``None`` when it does not run."""
    program = root / "usr/sbin/asterisk"
    modules = next(root.glob("usr/lib/*/asterisk/modules"), None)
    loader = next((path for name in _LOADERS for path in root.glob(name)), None)
    if not program.exists() or modules is None or loader is None:
        return None
    libraries = modules.parent.parent
    binary = (str(loader), "--library-path", str(libraries), str(program))
    version = ask_version(binary)
    if version is None:
        return None
    return Found(binary, modules, root / "usr/share/asterisk", version, root)


def from_system() -> Found | None:
    """Return the system's own Asterisk, whatever its version."""
    program = shutil.which("asterisk") or shutil.which("asterisk", path=SBIN)
    if program is None:
        return None
    patterns = ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules")
    folders = [*patterns, "usr/lib64/asterisk/modules", "usr/local/lib/asterisk/modules"]
    candidates = (path for pattern in folders for path in Path("/").glob(pattern))
    modules = next((path for path in candidates if (path / "chan_pjsip.so").exists()), None)
    version = ask_version((program,))
    if modules is None or version is None:
        return None
    share = Path("/usr/share/asterisk")
    return Found(
        (program,), modules, share if share.is_dir() else Path("/var/lib/asterisk"), version
    )


def ask_version(binary: Sequence[str]) -> Version | None:
    """Run ``asterisk -V``; ``None`` when it does not run."""
    try:
        done = subprocess.run(
            [*binary, "-V"], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse(done.stdout) if done.returncode == 0 else None


def apt_candidate() -> Version | None:
    """The version that apt would install, when it is new enough."""
    version = apt.candidates(apt.ask("apt-cache", "policy", "asterisk")).get("asterisk")
    parsed = parse(version) if version else None
    return parsed if parsed and parsed >= MINIMUM_ASTERISK else None


def build_root(console: Console, target: Path) -> None:
    """Unpack Debian's Asterisk into ``target``; a half-made one is begun anew.

    Raises :class:`SetupError`.
    """
    mirror = apt.host_mirror()
    if mirror is None:
        raise SetupError(
            "apt names no Debian mirror from which Asterisk could be fetched",
            "add a line for Debian's main archive to /etc/apt/sources.list, then: make setup",
        )
    partial = target.with_name(target.name + ".partial")
    failure: SetupError | None = None
    for suite in _SUITES:
        shutil.rmtree(partial, ignore_errors=True)
        try:
            console.run(mmdebstrap(suite, partial, mirror, apt.host_options()))
        except SetupError as error:
            failure = failure or error
            continue
        _trim(partial)
        found = from_root(partial)
        if found is not None and found.version >= MINIMUM_ASTERISK:
            shutil.rmtree(target, ignore_errors=True)
            partial.rename(target)
            return
    if failure is not None:
        raise failure
    raise SetupError(
        f"the mirror's Asterisk is older than {show(MINIMUM_ASTERISK)} or does not run here",
        "install Asterisk 22 yourself, then again: make setup",
    )


def mmdebstrap(suite: str, target: Path, mirror: str, options: Sequence[str]) -> list[str]:
    """The command that unpacks Asterisk of ``suite`` without running anything of it."""
    extra = [*options, 'Acquire::Languages "none";']
    return [
        "mmdebstrap",
        "--variant=extract",
        "--mode=chrootless",
        # As root this mode is refused, for the sake of maintainer scripts; extract runs none.
        "--skip=check/chrootless",
        "--include=asterisk",
        *(f"--aptopt={option}" for option in extra),
        suite,
        str(target),
        mirror,
    ]


def _trim(root: Path) -> None:
    """Remove what is never opened, and link the folders of a merged /usr."""
    for name in _UNNEEDED:
        shutil.rmtree(root / "usr/share" / name, ignore_errors=True)
    shutil.rmtree(root / "dev", ignore_errors=True)
    for name in ("lib", "lib64", "bin", "sbin"):
        if (root / "usr" / name).is_dir() and not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")


def record(layout: Layout, found: Found) -> None:
    """Write the note that `hotline` reads."""
    write_json(layout.asterisk_note, found.note())
