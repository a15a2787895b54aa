"""The virtual environment with the hash-locked packages and this project itself."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from .console import Console
from .errors import CommandError, SetupError
from .layout import Layout, Stamps, digest

_VERSION: Final = "{}.{}.{}".format(*sys.version_info[:3])
_PIP: Final = ("-m", "pip", "--disable-pip-version-check", "--no-input")


def provide(console: Console, layout: Layout, stamps: Stamps) -> None:
    """Make ``.venv`` hold exactly the locked packages.  Raises :class:`SetupError`."""
    venv_step(console, layout, stamps)
    packages_step(console, layout, stamps)
    project_step(console, layout, stamps)
    recordings_step(console, layout)


def recordings_step(console: Console, layout: Layout) -> None:
    """Derive what Asterisk plays from the recordings in the tree."""
    with console.step("Recordings for the telephone"):
        console.run([str(layout.venv / "bin/hotline"), "prompts", "derive"], cwd=layout.root)


def venv_step(console: Console, layout: Layout, stamps: Stamps) -> None:
    """Make the environment, anew when it is broken or of another Python."""
    with console.step(f"Python {_VERSION} environment") as step:
        fault = _fault(layout.venv)
        if fault is None:
            step.note("already there")
            return
        for name in ("python-packages", "python-project"):
            stamps.drop(name)
        create(console, layout.venv)
        step.note("made" if fault == "missing" else f"rebuilt, since the old one was {fault}")


def create(console: Console, folder: Path) -> None:
    """Make a new environment in ``folder``; what stood there goes."""
    try:
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
        console.run([sys.executable, "-m", "venv", str(folder)])
    except PermissionError as error:
        raise SetupError(
            f"{error.filename} belongs to somebody else",
            f"as root: rm -rf {folder}, then again: make setup",
        ) from error
    except CommandError as error:
        if not any("ensurepip" in line for line in error.tail):
            raise
        package = f"python3.{sys.version_info.minor}-venv"
        raise SetupError(
            "this Python cannot make virtual environments with pip in them",
            f"as root: apt-get install {package}, then again: make setup",
        ) from error


def packages_step(console: Console, layout: Layout, stamps: Stamps) -> None:
    """Install the lock file's packages, each checked against its hash."""
    lock = layout.root / "requirements-dev.txt"
    value = digest([lock], _VERSION)
    with console.step("Python packages") as step:
        if stamps.holds("python-packages", value):
            step.note("already there")
            return
        stamps.drop("python-project")
        install(console, layout.venv, lock)
        stamps.put("python-packages", value)


def install(console: Console, folder: Path, lock: Path) -> None:
    """Install what ``lock`` names into the environment ``folder``."""
    python = str(folder / "bin/python")
    console.run([python, *_PIP, "install", "--require-hashes", "-r", str(lock)])


def project_step(console: Console, layout: Layout, stamps: Stamps) -> None:
    """Install this project itself, editable, with its `hotline` command."""
    value = digest([layout.root / "pyproject.toml"], _VERSION, str(layout.root))
    with console.step("hotline itself") as step:
        if stamps.holds("python-project", value) and (layout.venv / "bin/hotline").exists():
            step.note("already there")
            return
        python = str(layout.venv / "bin/python")
        console.run(
            [python, *_PIP, "install", "--no-deps", "--no-build-isolation", "-e", str(layout.root)]
        )
        stamps.put("python-project", value)


def _fault(folder: Path) -> str | None:
    """Say what is wrong with the environment in ``folder``; ``None`` when it is sound."""
    python = folder / "bin/python"
    if not folder.exists():
        return "missing"
    # -S and find_spec keep this at 20 ms; pip is looked for since an interrupted venv lacks it.
    query = (
        "import sys, os; print('{}.{}.{}'.format(*sys.version_info[:3]),"
        " os.path.isdir(os.path.join(sys.argv[1], 'lib',"
        " 'python{}.{}'.format(*sys.version_info), 'site-packages', 'pip')))"
    )
    try:
        done = subprocess.run(
            [python, "-I", "-S", "-c", query, folder],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "broken"
    if done.returncode != 0:
        return "broken"
    version, has_pip = done.stdout.split()
    if version != _VERSION:
        return f"of Python {version}"
    return None if has_pip == "True" else "without pip"
