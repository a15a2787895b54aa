"""What can go wrong in set-up; each error knows its cause and the next command."""

from collections.abc import Sequence
from pathlib import Path


class SetupError(Exception):
    """A step failed: ``cause`` in one sentence, ``next_step`` what to type now."""

    def __init__(self, cause: str, next_step: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.next_step = next_step


class CommandError(SetupError):
    """A program that set-up started failed; ``tail`` holds its last lines, ``log`` all."""

    def __init__(
        self,
        command: Sequence[str],
        tail: Sequence[str],
        cause: str,
        next_step: str,
        log: Path | None = None,
    ) -> None:
        super().__init__(cause, next_step)
        self.log = log
        self.command = tuple(command)
        self.tail = tuple(tail)


class InterruptedSetup(Exception):  # noqa: N818 - not an error: somebody wished it
    """Set-up was told to stop, or the other lane failed."""
