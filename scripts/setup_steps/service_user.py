"""The unprivileged user that Asterisk runs as, and a state folder that it can reach."""

import os
import pwd
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Final

from .debian import SBIN
from .errors import SetupError
from .layout import SHARED, STATES, Layout
from .privilege import is_root

USER: Final = "hotline"


def provide(say: list[str]) -> None:
    """Create the user, when we are root; an ordinary user runs Asterisk as himself.

    Appends to ``say`` what was done.  Raises :class:`SetupError`.
    """
    if not is_root() or _exists():
        return
    useradd = shutil.which("useradd") or shutil.which("useradd", path=SBIN)
    if useradd is None:
        raise SetupError(
            "useradd is missing, so Asterisk would have to run as root",
            "apt-get install passwd, then again: make setup",
        )
    traits = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    done = subprocess.run(
        [useradd, *traits, "--home-dir", str(STATES), USER],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SetupError(
            f"the system user `{USER}` could not be created: {done.stderr.strip()}",
            f"as root: useradd --system --user-group {USER}, then again: make setup",
        )
    say.append(f"• System user `{USER}` … created (Asterisk runs as this user)")


def place_state(layout: Layout, say: list[str]) -> None:
    """Make the state folder, outside of the checkout where the user cannot enter that.

    Appends to ``say`` what a person should know.  An existing state folder moves along.
    Raises :class:`SetupError`.
    """
    state = layout.state
    if state.is_symlink() and not state.exists():
        state.unlink()
    if is_root() and _exists() and not state.is_symlink() and not can_enter(layout.root):
        away = relocated(layout.root)
        away.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if state.exists():
            shutil.rmtree(away, ignore_errors=True)
            shutil.move(state, away)
        away.mkdir(mode=0o755, exist_ok=True)
        state.symlink_to(away)
        say.append(f"• `{USER}` cannot enter {layout.root}: .state now points to {away}")
    try:
        state.mkdir(mode=0o755, exist_ok=True)
        (state / "setup.log").open("a", encoding="utf-8").close()
    except PermissionError as error:
        raise SetupError(
            f"{error.filename} belongs to somebody else (an earlier `sudo make …`?)",
            f'as root: chown -R "{_name()}" {layout.root}, then again: make setup',
        ) from error


def place_shared() -> Path:
    """Make the folder that serves every checkout.  Raises :class:`SetupError`."""
    if not is_root():
        raise SetupError("--system is for root", "sudo scripts/setup --system")
    SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
    return SHARED


def relocated(root: Path) -> Path:
    """Where the state of the checkout in ``root`` lies when it cannot lie inside."""
    mark = sha256(os.fsencode(root)).hexdigest()[:8]
    return STATES / "checkouts" / f"{root.name}-{mark}"


def can_enter(folder: Path) -> bool:
    """Whether the user may enter ``folder``, tried as that user (rights, groups, ACLs)."""
    done = subprocess.run(
        ["test", "-x", folder],
        user=USER,
        group=USER,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def _exists() -> bool:
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return False
    return True


def _name() -> str:
    return pwd.getpwuid(os.getuid()).pw_name
