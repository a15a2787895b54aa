"""Finding an Asterisk that is new enough, and how to start it.

A private root (made by set-up with mmdebstrap) is run without chroot, through the root's own
dynamic loader: no privilege is needed, several instances run side by side, and the host's
/etc/hosts and /etc/resolv.conf are used as they are.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import msgspec

from hotline.asterisk.errors import AsteriskNotFoundError

MINIMUM: Final = (22, 10, 1)
"""20 security advisories were fixed in this release."""

_LOADERS: Final = {
    "x86_64": ("lib64/ld-linux-x86-64.so.2", "x86_64-linux-gnu"),
    "aarch64": ("lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu"),
}


class Install(msgspec.Struct, frozen=True, kw_only=True):
    """One Asterisk on this machine."""

    binary: tuple[str, ...]
    """Words with which the command line of Asterisk begins."""
    modules_dir: str
    data_dir: str
    version: str

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers, e.g. ``(22, 10, 1)``."""
        return parse_version(self.version)

    @property
    def recent(self) -> bool:
        """Whether it is at least :data:`MINIMUM`."""
        return self.release >= MINIMUM


def parse_version(text: str) -> tuple[int, ...]:
    """Read the first dotted number in ``text``; ``()`` when there is none."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def locate(root: Path | None = None, searched: tuple[Path, ...] = ()) -> Install:
    """Return the Asterisk to use: ``root``, else what set-up noted, else the system's own.

    ``searched`` are folders that may hold the note ``asterisk.json`` of set-up.
    Raises :class:`AsteriskNotFoundError`.
    """
    named = root or (
        Path(os.environ["HOTLINE_ASTERISK_ROOT"])
        if os.environ.get("HOTLINE_ASTERISK_ROOT")
        else None
    )
    if named is not None:
        return from_root(named)
    for folder in searched:
        note = folder / "asterisk.json"
        if note.is_file():
            found = msgspec.convert(json.loads(note.read_text(encoding="utf-8")), Install)
            if Path(found.binary[0]).exists():
                return found
    return from_system()


def from_root(root: Path) -> Install:
    """Use the Asterisk inside a Debian root folder."""
    root = root.resolve()
    machine = os.uname().machine
    if machine not in _LOADERS:
        message = f"no loader is known for {machine}; install Asterisk 22 on the system itself"
        raise AsteriskNotFoundError(message)
    loader, multiarch = _LOADERS[machine]
    program = root / "usr/sbin/asterisk"
    if not program.exists():
        message = f"{root}: holds no usr/sbin/asterisk; run `make setup` or correct asterisk.root"
        raise AsteriskNotFoundError(message)
    libraries = root / "usr/lib" / multiarch
    binary = (str(root / loader), "--library-path", str(libraries), str(program))
    return Install(
        binary=binary,
        modules_dir=str(libraries / "asterisk/modules"),
        data_dir=str(root / "usr/share/asterisk"),
        version=ask_version(binary),
    )


def from_system() -> Install:
    """Use the Asterisk of the system."""
    program = shutil.which("asterisk") or shutil.which(
        "asterisk", path="/usr/sbin:/usr/local/sbin"
    )
    if program is None:
        message = "no Asterisk found; run `make setup`, or name a root in asterisk.root"
        raise AsteriskNotFoundError(message)
    candidates = [
        *Path("/usr/lib").glob("*-linux-gnu/asterisk/modules"),
        Path("/usr/lib/asterisk/modules"),
        Path("/usr/local/lib/asterisk/modules"),
    ]
    modules = next((c for c in candidates if (c / "chan_pjsip.so").exists()), None)
    if modules is None:
        message = f"{program} is there, but no folder with chan_pjsip.so; reinstall Asterisk"
        raise AsteriskNotFoundError(message)
    share = Path("/usr/share/asterisk")
    data = share if share.is_dir() else Path("/var/lib/asterisk")
    return Install(
        binary=(program,),
        modules_dir=str(modules),
        data_dir=str(data),
        version=ask_version((program,)),
    )


def ask_version(binary: tuple[str, ...]) -> str:
    """Run ``asterisk -V`` and return e.g. ``22.10.1``.

    Raises :class:`AsteriskNotFoundError` when it does not run.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the words come from locate(), not from a user
            [*binary, "-V"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        message = f"{binary[-1]} does not run ({error}); run `make setup` again"
        raise AsteriskNotFoundError(message) from error
    return ".".join(str(part) for part in parse_version(done.stdout))
