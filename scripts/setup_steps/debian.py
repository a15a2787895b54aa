"""The Debian packages that the demo and the tests use."""

import importlib
import importlib.util
import platform
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from . import apt
from .console import Console
from .errors import SetupError
from .privilege import Privilege

SBIN: Final = "/usr/local/sbin:/usr/sbin:/sbin"
"""Folders that an ordinary user's PATH may lack."""


@dataclass(frozen=True)
class Need:
    """Something that a Debian package provides; present when one of its signs is there."""

    package: str
    purpose: str
    programs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Glob patterns below /."""
    modules: tuple[str, ...] = ()
    """Modules of the Python that runs set-up; all of them."""
    meanwhile: tuple[str, str] | None = None
    """A file and its text that are there while the package is installed, and not afterwards."""

    def present(self) -> bool:
        """Whether it is there, from wherever it came."""
        if self.modules:
            return all(importlib.util.find_spec(name) for name in self.modules)
        if any(shutil.which(name) or shutil.which(name, path=SBIN) for name in self.programs):
            return True
        return any(next(Path("/").glob(pattern), None) for pattern in self.files)


VENV: Final = Need(
    f"python3.{sys.version_info.minor}-venv", "virtual environments", modules=("ensurepip", "venv")
)
CALLING: Final = (
    Need("sip-tester", "scripted callers (SIPp)", programs=("sipp",)),
    Need("baresip-core", "phones with sound", programs=("baresip",)),
    Need("chromium", "browser tests", programs=("chromium", "chromium-browser", "google-chrome")),
    Need(
        "libfaketime",
        "stepping a clock in tests",
        files=("usr/lib/*/faketime/libfaketimeMT.so.1", "usr/lib*/faketime/libfaketimeMT.so.1"),
    ),
    Need(
        "fonts-noto-cjk",
        "Chinese text in screenshots",
        files=("usr/share/fonts/opentype/noto/NotoSansCJK-*.ttc",),
    ),
    Need(
        "postgresql",
        "tests on a PostgreSQL of their own",
        files=("usr/lib/postgresql/*/bin/initdb",),
        # The tests start a server by themselves: no cluster of Debian's is made or started.
        meanwhile=(
            "/etc/postgresql-common/createcluster.d/hotline.conf",
            "create_main_cluster = false\n",
        ),
    ),
)
MMDEBSTRAP: Final = Need("mmdebstrap", "fetching Asterisk", programs=("mmdebstrap",))


def missing(needs: Sequence[Need]) -> list[Need]:
    """Return the needs that nothing on this machine meets."""
    importlib.invalidate_caches()
    return [need for need in needs if not need.present()]


def provide(
    console: Console,
    privilege: Privilege,
    needs: Sequence[Need],
    name: str = "Debian packages",
) -> None:
    """Install what ``needs`` lack, after :func:`permit`.  Raises :class:`SetupError`."""
    lacking = missing(needs)
    packages = [need.package for need in lacking]
    with console.step(name) as step:
        if not lacking:
            step.note("already there")
            return
        with _laid_down(privilege, lacking):
            apt.install(privilege, packages)
        left = missing(lacking)
        if left:
            names = " ".join(need.package for need in left)
            raise SetupError(
                f"apt-get installed {names}, but this Python or PATH does not see it",
                f"look at `dpkg -L {left[0].package}`; or PYTHON=/usr/bin/python3 make setup",
            )
        step.note(f"installed {' '.join(packages)}")


@contextmanager
def _laid_down(privilege: Privilege, needs: Sequence[Need]) -> Iterator[None]:
    """Keep the needs' files in place for a while; one that is there already stays as it is."""
    wanted = [need.meanwhile for need in needs if need.meanwhile is not None]
    ours = [(path, text) for path, text in wanted if not Path(path).exists()]
    try:
        for path, text in ours:
            with NamedTemporaryFile("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                privilege.run(["install", "-D", "-m", "644", file.name, path])
        yield
    finally:
        for path, _ in ours:
            privilege.run(["rm", "-f", path])


def permit(privilege: Privilege, needs: Sequence[Need]) -> None:
    """Make sure that what ``needs`` lack can be installed; may ask for a password.

    Raises :class:`SetupError` that names all that is missing.
    """
    lacking = missing(needs)
    if not lacking:
        return
    if shutil.which("apt-get") is None:
        wanted = "; ".join(f"{need.package} ({need.purpose})" for need in lacking)
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "This system")
        raise SetupError(
            f"{name} has no apt-get, and these are missing: {wanted}",
            "install them by your system's own means, or use Debian 12 or newer",
        )
    packages = " ".join(need.package for need in lacking)
    privilege.obtain(
        f"these Debian packages are missing: {packages}",
        f"apt-get update && apt-get install --no-install-recommends {packages}",
    )
