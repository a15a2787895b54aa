"""The AGI commands that the menu uses, and how they are written on the wire.

``parse_args`` in ``res_agi.c`` splits a line at blanks, takes ``"…"`` as one argument and a
backslash as "the next character is itself".  ``run_agi`` reads into a buffer of 2,048 bytes and
would split a longer line in two commands, so that a longer one is refused here.
"""

from typing import Final

import msgspec

from ivr.errors import AgiCommandError

LONGEST_LINE: Final = 2047
"""Bytes of a command line, line feed included (``AGI_BUF_LEN`` less the closing NUL)."""

MOST_ARGUMENTS: Final = 128
"""``MAX_ARGS`` in ``res_agi.c``."""

_FORBIDDEN: Final = ("\r", "\n", "\0")


class Command(msgspec.Struct, frozen=True):
    """One AGI command: its fixed words, its arguments, and how long Asterisk may take over it."""

    words: str
    arguments: tuple[str, ...] = ()
    takes: float = 0.0
    """Seconds that Asterisk may rightly take before it answers (playing, waiting)."""

    def encode(self) -> bytes:
        """Return the line with its line feed.

        Raises :class:`AgiCommandError` for CR, LF or NUL in an argument and for a line that is too
        long.
        """
        parts = [self.words, *map(quote, self.arguments)]
        line = " ".join(parts).encode("utf-8", "surrogateescape") + b"\n"
        if len(line) > LONGEST_LINE:
            raise AgiCommandError(
                f"{self.words}: the line has {len(line)} bytes, Asterisk reads {LONGEST_LINE}; "
                "shorten the argument"
            )
        if len(self.words.split()) + len(self.arguments) > MOST_ARGUMENTS:
            raise AgiCommandError(f"{self.words}: more than {MOST_ARGUMENTS} arguments")
        return line


def quote(argument: str) -> str:
    """Return ``argument`` as one quoted AGI argument."""
    for character in _FORBIDDEN:
        if character in argument:
            raise AgiCommandError(
                f"an AGI argument cannot hold {character!r}; encode or remove it first"
            )
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


def get_variable(name: str) -> Command:
    return Command("GET VARIABLE", (name,))


def set_variable(name: str, value: str) -> Command:
    """Set a channel variable or write a dialplan function such as ``CHANNEL(language)``."""
    return Command("SET VARIABLE", (name, value))


def set_timeout(seconds: float) -> Command:
    """Let Asterisk take the call back ``seconds`` from now unless it is set anew."""
    return set_variable("TIMEOUT(absolute)", f"{seconds:.2f}")


def user_event(encoded: str) -> Command:
    """Emit an AMI ``UserEvent``; ``encoded`` comes from :func:`cti.core.user_events.encode`."""
    return Command("EXEC UserEvent", (encoded,))


def stream_file(name: str, keys: str, seconds: float) -> Command:
    """Play a sound of at most ``seconds``; one of ``keys`` ends it and is the reply's digit."""
    return Command("STREAM FILE", (name, keys), takes=seconds)


def wait_for_digit(seconds: float) -> Command:
    """Wait for one key; no key gives result 0."""
    return Command("WAIT FOR DIGIT", (str(max(1, round(seconds * 1000))),), takes=seconds)
