"""What the host's own apt knows: its mirror, its options, its candidates.

Nothing here names a mirror: it is read from apt at run time.
"""

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from .errors import CommandError
from .privilege import Privilege

_CARRIED: Final = ("Acquire::Check-", "Acquire::http", "Acquire::https", "Acquire::ftp")
_CARRIED_EXACT: Final = frozenset(
    {"Acquire::Retries", "Acquire::ForceIPv4", "Acquire::ForceIPv6", "Acquire::By-Hash"}
)
_NOT_MAIN: Final = ("-security", "-updates", "-backports", "-proposed")


def options(dump: Iterable[str]) -> list[str]:
    """Return the lines of `apt-config dump` that another apt on this host needs too.

    These are proxies, certificates, retries and the checks of dates, in apt.conf's own syntax.
    """
    carried = []
    for line in dump:
        name, _, value = line.strip().partition(" ")
        wanted = name.startswith(_CARRIED) or name in _CARRIED_EXACT
        if wanted and value not in {"", '"";'}:
            carried.append(line.strip())
    return carried


def main_mirror(targets: Iterable[str], codename: str) -> str | None:
    """Return the URI of Debian's main archive among ``targets``.

    ``targets`` are lines ``created by|release|component|URI`` of `apt-get indextargets`.  The
    archive that serves ``codename`` itself comes first; security and updates never count.
    """
    usable: dict[str, str] = {}
    for line in targets:
        created_by, release, component, uri = line.strip().split("|", 3)
        is_main = not release.endswith(_NOT_MAIN)
        if created_by == "Packages" and component == "main" and is_main:
            usable.setdefault(release, uri)
    return usable.get(codename) or next(iter(usable.values()), None)


def candidates(policy: Iterable[str]) -> dict[str, str | None]:
    """Read `apt-cache policy NAMES`: package → candidate version, ``None`` when there is none."""
    found: dict[str, str | None] = {}
    package = ""
    for line in policy:
        if line and not line[0].isspace():
            package = line.rstrip().removesuffix(":")
        elif line.strip().startswith("Candidate:"):
            version = line.split(":", 1)[1].strip()
            found[package] = None if version == "(none)" else version
    return found


def ask(*command: str) -> list[str]:
    """Return the output lines of a harmless query; none when it fails or is not there."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except OSError:
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []


def host_options() -> list[str]:
    """The carried options of this host, with its passwords for mirrors where it has some."""
    found = options(ask("apt-config", "dump"))
    for name, path in (("netrc", "/etc/apt/auth.conf"), ("netrcparts", "/etc/apt/auth.conf.d")):
        if Path(path).exists():
            found.append(f'Dir::Etc::{name} "{path}";')
    return found


def host_mirror() -> str | None:
    """The main archive that this host's apt uses."""
    form = "$(CREATED_BY)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)"
    return main_mirror(ask("apt-get", "indextargets", "--format", form), codename())


def codename() -> str:
    """Name of this Debian release, e.g. ``bookworm``; empty when unknown."""
    for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return value.strip('"')
    return ""


def install(privilege: Privilege, packages: Sequence[str]) -> None:
    """Install ``packages``, with fresh lists only where the old ones do not serve.

    Raises :class:`errors.CommandError`.
    """
    known = candidates(ask("apt-cache", "policy", *packages))
    if any(known.get(package) is None for package in packages):
        _get(privilege, "update")
    else:
        # Lists that are too old name files that the mirror no longer has; fetching shows it.
        try:
            _get(privilege, *_INSTALL, "--download-only", *packages)
        except CommandError:
            _get(privilege, "update")
    _get(privilege, *_INSTALL, *packages)


_INSTALL: Final = ("install", "--yes", "--no-install-recommends")


def _get(privilege: Privilege, *words: str) -> None:
    privilege.run(
        ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", *words],
        env={"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
    )
