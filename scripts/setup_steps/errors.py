"""What can go wrong in set-up; each error knows its cause and the next command."""

from collections.abc import Sequence


class SetupError(Exception):
    """A step failed: ``cause`` in one sentence, ``next_step`` what to type now."""

    def __init__(self, cause: str, next_step: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.next_step = next_step


class CommandError(SetupError):
    """A program that set-up started failed; ``tail`` holds its last lines."""

    def __init__(
        self, command: Sequence[str], tail: Sequence[str], cause: str, next_step: str
    ) -> None:
        super().__init__(cause, next_step)
        self.command = tuple(command)
        self.tail = tuple(tail)
