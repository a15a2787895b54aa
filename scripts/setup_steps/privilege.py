"""Running the few commands that need root, and saying what an administrator must do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

from .console import Console
from .errors import SetupError


def is_root() -> bool:
    """Whether this process may do everything."""
    return os.geteuid() == 0


class Privilege:
    """Root's rights: our own, or those that sudo lends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._sudo: list[str] | None = [] if is_root() else None

    def obtain(self, why: str, administrator: str) -> None:
        """Make sure that :meth:`run` will work; may ask for the password once.

        ``administrator`` is the command to name when nobody here may do it.
        Raises :class:`SetupError`.
        """
        if self._sudo is not None:
            return
        if shutil.which("sudo"):
            if _succeeds(["sudo", "-n", "true"]):
                self._sudo = ["sudo", "-n"]
                return
            if sys.stdin.isatty():
                self._console.say(f"• sudo is needed: {why}")
                self._console.run(["sudo", "-v"], shown=True)
                self._sudo = ["sudo"]
                return
        raise SetupError(
            f"{why}, and that needs root",
            f"ask an administrator to run: {administrator}  — then again: make setup",
        )

    def run(self, command: Sequence[str], *, env: Mapping[str, str] | None = None) -> None:
        """Run ``command`` as root; call :meth:`obtain` first."""
        if self._sudo is None:
            message = "obtain() comes before run()"
            raise RuntimeError(message)
        words = [f"{name}={value}" for name, value in (env or {}).items()]
        # `env` sets them on the far side of sudo, which drops most of the environment.
        self._console.run([*self._sudo, "env", *words, *command])


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
