"""What set-up shows: one line per step, and the log of every program that it starts."""

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from .causes import AGAIN, explain
from .errors import CommandError, SetupError

_TAIL: Final = 15


class Step:
    """One line of progress; use it as a context manager.

    ``note()`` sets the word that ends the line (``done`` otherwise).
    """

    def __init__(self, name: str, out: IO[str]) -> None:
        self._name = name
        self._out = out
        self._live = out.isatty()
        self._started = 0.0
        self._result = "done"
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def note(self, result: str) -> None:
        """Say what happened instead of ``done``."""
        self._result = result

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._write(f"• {self._name} … ")
        if self._live:
            self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._live:
            self._ticker.join()
            self._write(f"\r\x1b[K• {self._name} … ")
        seconds = time.monotonic() - self._started
        if kind is None:
            self._write(f"{self._result} ({seconds:.1f} s)\n")
        else:
            word = "interrupted" if issubclass(kind, KeyboardInterrupt) else "failed"
            self._write(f"{word} ({seconds:.1f} s)\n")

    def _tick(self) -> None:
        while not self._ended.wait(1):
            self._write(f"\r\x1b[K• {self._name} … {time.monotonic() - self._started:.0f} s")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


class Console:
    """The terminal and the log file of one set-up."""

    def __init__(self, log: Path, out: IO[str] | None = None) -> None:
        self.log = log
        self._out = out or sys.stdout
        log.write_text("", encoding="utf-8")

    def step(self, name: str) -> Step:
        """Begin a line of progress."""
        return Step(name, self._out)

    def say(self, text: str) -> None:
        """Print one line of its own."""
        self._out.write(text + "\n")
        self._out.flush()

    def fail(self, error: SetupError) -> None:
        """Print cause and next command of ``error``, and the end of the program's output."""
        if isinstance(error, CommandError):
            for line in error.tail:
                self.say(f"    | {line}")
            self.say(f"    (all of it: {self.log})")
        self.say(f"✗ {error.cause}")
        self.say(f"  Next: {error.next_step}")

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
        Raises :class:`CommandError` with the cause read from its output.
        """
        with self.log.open("ab") as log:
            log.write(f"\n$ {' '.join(command)}\n".encode())
            log.flush()
            begin = log.tell()
            try:
                done = subprocess.run(
                    command,
                    cwd=cwd,
                    env={**os.environ, **(env or {})},
                    stdin=None if shown else subprocess.DEVNULL,
                    stdout=None if shown else log,
                    stderr=None if shown else subprocess.STDOUT,
                    check=False,
                )
            except OSError as error:
                cause = f"{command[0]} cannot be started: {error.strerror}"
                raise CommandError(command, (), cause, AGAIN) from error
        if done.returncode != 0:
            raise self._explained(command, done.returncode, begin)

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
        return CommandError(command, deque(lines, maxlen=_TAIL), cause, next_step)
