"""AMI framing without I/O: bytes in, messages out; actions in, bytes out.

A message is a run of ``Key: value`` lines that an empty line ends; every line ends in CR LF.  Text
is UTF-8.  A message is decoded only when it is whole, so that a border between two TCP chunks can
never cut a character; bytes that are not UTF-8 become U+FFFD.
"""

from collections.abc import Iterable
from typing import Final

from cti.errors import AmiActionRefusedError, AmiProtocolError

_EOL: Final = b"\r\n"
_END: Final = b"\r\n\r\n"
_BANNER: Final = b"Asterisk Call Manager/"
MAX_MESSAGE: Final = 1 << 20
"""Bytes of one message above which the stream is given up (Asterisk's are far below 64 KiB)."""


class Message:
    """One AMI message.

    ``headers`` holds the *first* value of each key, spelled as Asterisk spells it: what a dialplan
    appends to a ``UserEvent`` can therefore never replace a header that Asterisk wrote itself.
    """

    __slots__ = ("_repeated", "headers")

    def __init__(self, headers: dict[str, str], repeated: dict[str, list[str]]) -> None:
        """``repeated`` holds all values of the keys that came more than once."""
        self.headers = headers
        self._repeated = repeated

    def get(self, key: str, default: str = "") -> str:
        """Return the first value of ``key``."""
        return self.headers.get(key, default)

    def all(self, key: str) -> list[str]:
        """Return every value of ``key`` in order, e.g. of ``ChanVariable``."""
        values = self._repeated.get(key)
        if values is not None:
            return values
        value = self.headers.get(key)
        return [] if value is None else [value]

    @property
    def event(self) -> str:
        """Name of the event; empty for a response."""
        return self.headers.get("Event", "")

    @property
    def action_id(self) -> str:
        """The ActionID that a response or a list item answers."""
        return self.headers.get("ActionID", "")

    @property
    def success(self) -> bool:
        """Whether a response reports success (panoramisk's ``Manager`` asks this of a login)."""
        return self.headers.get("Response") in ("Success", "Follows", "Goodbye")

    def __repr__(self) -> str:
        """Show the name and size only: values may hold personal data."""
        kind = self.event or "Response " + self.get("Response")
        return f"<Message {kind}, {len(self.headers)} headers>"


def parse(block: str) -> Message:
    """Return the message that the lines of ``block`` hold; a line without a colon is skipped."""
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for line in block.split("\r\n"):
        key, colon, value = line.partition(":")
        if not colon:
            continue
        if value[:1] == " ":
            value = value[1:]
        if key not in headers:
            headers[key] = value
        elif key in repeated:
            repeated[key].append(value)
        else:
            repeated[key] = [headers[key], value]
    return Message(headers, repeated)


class Framer:
    """Cuts the byte stream of one connection into messages, exactly, however it is split."""

    def __init__(self) -> None:
        """Expect the banner first."""
        self._buffer = b""
        self.version: str | None = None
        """Version of the AMI that the banner named; ``None`` until it has come."""

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes and return the messages that they complete.

        Raises :class:`AmiProtocolError` if the other side is not an AMI or a message has no end.
        """
        buffer = self._buffer + data if self._buffer else data
        if self.version is None:
            line, eol, rest = buffer.partition(_EOL)
            if not line.startswith(_BANNER[: len(line)]) or len(line) > 200:
                raise AmiProtocolError(
                    "the port answers, but not as an Asterisk manager; check host and port in the"
                    " settings"
                )
            if not eol:
                self._buffer = buffer
                return []
            self.version = line[len(_BANNER) :].decode("ascii", "replace")
            buffer = rest
        *blocks, self._buffer = buffer.split(_END)
        if len(self._buffer) > MAX_MESSAGE:
            raise AmiProtocolError("an AMI message of more than 1 MiB has no end; reconnecting")
        return [parse(b.decode("utf-8", "replace")) for b in blocks if b]


def encode_action(name: str, action_id: str, fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the bytes of one action.

    Raises :class:`AmiActionRefusedError` if any part holds CR, LF or NUL, or a key holds a colon:
    such a value could forge further headers or a whole second action.
    """
    lines = []
    for key, value in (("Action", name), ("ActionID", action_id), *fields):
        if not key or any(c in key for c in "\r\n\0: "):
            raise AmiActionRefusedError(f"{key!r} cannot be the name of an AMI header")
        if any(c in value for c in "\r\n\0"):
            raise AmiActionRefusedError(
                f"the value of {key} in the action {name!r} holds a line break or NUL;"
                " remove it and try again"
            )
        lines.append(f"{key}: {value}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode("utf-8", "replace")
