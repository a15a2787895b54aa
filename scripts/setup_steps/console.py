"""Runs the programs of one lane of set-up, with their output in a log of its own."""

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from .causes import AGAIN, explain
from .errors import CommandError, InterruptedSetup, SetupError
from .screen import Screen, Step

_TAIL: Final = 15


class Console:
    """A log file and, shared with other lanes, the screen."""

    def __init__(self, log: Path, screen: Screen | None = None) -> None:
        self.log = log
        self.screen = screen or Screen()
        self._guard = threading.Lock()
        self._program: subprocess.Popen[bytes] | None = None
        self._stopped = False
        log.write_text("", encoding="utf-8")

    def beside(self, name: str) -> Self:
        """Return a second lane with the log ``name`` in the same folder."""
        return type(self)(self.log.with_name(name), self.screen)

    def step(self, name: str) -> Step:
        """Make a line of progress; it begins when it is entered."""
        return Step(self.screen, name)

    def say(self, text: str) -> None:
        """Print one line of its own."""
        self.screen.say(text)

    def fail(self, error: SetupError) -> None:
        """Print cause and next command of ``error``, and the end of the program's output."""
        if isinstance(error, CommandError):
            for line in error.tail:
                self.say(f"    | {line}")
            self.say(f"    (all of it: {error.log or self.log})")
        self.say(f"✗ {error.cause}")
        self.say(f"  Next: {error.next_step}")

    def stop(self) -> None:
        """Interrupt the program at work; no further one begins."""
        with self._guard:
            self._stopped = True
            if self._program is not None:
                # apt heeds this only between two runs of dpkg, which is as it should be.
                self._program.send_signal(signal.SIGINT)

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        shown: bool = False,
    ) -> None:
        """Run ``command`` with its output in the log; ``env`` is added to the environment.

        ``shown`` leaves it on the terminal, for a program that asks something.
        Raises :class:`CommandError` with the cause read from its output, and
        :class:`InterruptedSetup` after :meth:`stop`.
        """
        with self.log.open("ab") as log:
            log.write(f"\n$ {' '.join(command)}\n".encode())
            log.flush()
            begin = log.tell()
            with self._guard:
                if self._stopped:
                    raise InterruptedSetup
                try:
                    self._program = subprocess.Popen(
                        command,
                        cwd=cwd,
                        env={**os.environ, **(env or {})},
                        stdin=None if shown else subprocess.DEVNULL,
                        stdout=None if shown else log,
                        stderr=None if shown else subprocess.STDOUT,
                    )
                except OSError as error:
                    cause = f"{command[0]} cannot be started: {error.strerror}"
                    raise CommandError(command, (), cause, AGAIN) from error
        code = self._program.wait()
        with self._guard:
            self._program = None
            if self._stopped:
                raise InterruptedSetup
        if code != 0:
            raise self._explained(command, code, begin)

    def _explained(self, command: Sequence[str], code: int, begin: int) -> CommandError:
        with self.log.open("rb") as log:
            log.seek(begin)
            text = log.read().decode(errors="replace")
        lines = [line for line in text.splitlines() if line.strip()]
        known = explain(lines)
        cause, next_step = known or (
            f"`{' '.join(command[:4])} …` ended with code {code}",
            f"read the end of {self.log}, then again: {AGAIN}",
        )
        return CommandError(command, deque(lines, maxlen=_TAIL), cause, next_step, self.log)
