"""The terminal of one set-up: a line for each step, also when two steps run at once.

On a terminal a live line says what is at work; elsewhere a step that takes longer is announced
once, so that nobody looks at silence.
"""

import sys
import threading
import time
from types import TracebackType
from typing import IO, Final, Self

from .errors import InterruptedSetup

_CLEAR: Final = "\r\x1b[K"
_ANNOUNCE_AFTER: Final = 2.0
"""Seconds after which a step is announced where there is no terminal."""


class Step:
    """One line of progress; use it as a context manager.

    ``note()`` sets the word that ends the line (``done`` otherwise).
    """

    def __init__(self, screen: "Screen", name: str) -> None:
        self.name = name
        self.started = 0.0
        self.announced = False
        self._screen = screen
        self._result = "done"

    def note(self, result: str) -> None:
        """Say what happened instead of ``done``."""
        self._result = result

    def __enter__(self) -> Self:
        self._screen.begin(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            word = self._result
        elif issubclass(kind, InterruptedSetup | KeyboardInterrupt):
            word = "interrupted"
        else:
            word = "failed"
        self._screen.end(self, word)


class Screen:
    """Prints whole lines, from any thread."""

    def __init__(self, out: IO[str] | None = None) -> None:
        self._out = out or sys.stdout
        self._live = self._out.isatty()
        self._guard = threading.RLock()
        self._running: list[Step] = []
        self._held = False
        self._ticker: threading.Thread | None = None

    def say(self, text: str) -> None:
        """Print one line of its own."""
        with self._guard:
            self._print(text)

    def hold(self) -> None:
        """Let no further step begin."""
        with self._guard:
            self._held = True

    def begin(self, step: Step) -> None:
        """Note that ``step`` runs.  Raises :class:`InterruptedSetup` after :meth:`hold`."""
        with self._guard:
            if self._held:
                raise InterruptedSetup
            step.started = time.monotonic()
            self._running.append(step)
            if self._ticker is None:
                self._ticker = threading.Thread(target=self._tick, daemon=True)
                self._ticker.start()

    def end(self, step: Step, word: str) -> None:
        """Print the finished line of ``step``."""
        seconds = time.monotonic() - step.started
        with self._guard:
            self._running.remove(step)
            self._print(f"• {step.name} … {word} ({seconds:.1f} s)")
            self._show()

    def _tick(self) -> None:
        while True:
            time.sleep(1)
            with self._guard:
                self._show()

    def _show(self) -> None:
        """Say what is at work (the guard is held)."""
        now = time.monotonic()
        if self._live:
            words = ", ".join(f"{step.name} {now - step.started:.0f} s" for step in self._running)
            self._out.write(f"{_CLEAR}… {words}" if words else _CLEAR)
            self._out.flush()
            return
        for step in self._running:
            if not step.announced and now - step.started >= _ANNOUNCE_AFTER:
                step.announced = True
                self._print(f"• {step.name} …")

    def _print(self, text: str) -> None:
        self._out.write(f"{_CLEAR if self._live else ''}{text}\n")
        self._out.flush()
