"""AMI framing without I/O: bytes in, messages out; actions in, bytes out.

A message is a run of ``Key: value`` lines that an empty line ends; every line ends in CR LF.  Text
is UTF-8.  A message is decoded only when it is whole, so that a border between two TCP chunks can
never cut a character; bytes that are not UTF-8 become U+FFFD.
"""

import re
from collections.abc import Iterable
from typing import Final

from cti.errors import AmiActionRefusedError, AmiProtocolError

_EOL: Final = b"\r\n"
_END: Final = b"\r\n\r\n"
_LINE: Final = "\r\n"
_EVENT: Final = "Event: "
_RESPONSE: Final = "Response: "
_BANNER: Final = b"Asterisk Call Manager/"
MAX_MESSAGE: Final = 1 << 20
"""Bytes of one message above which the stream is given up (Asterisk's are far below 64 KiB)."""


class Message:
    """One AMI message; of a key that comes more than once the *first* value counts.

    What a dialplan appends to a ``UserEvent`` can therefore never replace a header that Asterisk
    wrote itself.  Most events have thirty lines of which we need ten: a header is looked for when
    it is asked for, and ``headers`` is built only for who wants them all.
    """

    __slots__ = ("_headers", "_repeated", "_text", "event")

    def __init__(self, headers: dict[str, str], repeated: dict[str, list[str]]) -> None:
        """``repeated`` holds all values of the keys that came more than once."""
        self._text = ""
        self._headers: dict[str, str] | None = headers
        self._repeated = repeated
        self.event = headers.get("Event", "")
        """Name of the event; empty for a response."""

    @classmethod
    def of(cls, block: str) -> "Message":
        """Return the message that the lines of ``block`` hold; one without a colon is skipped."""
        message = cls.__new__(cls)
        message._text = text = _LINE + block
        message._headers = None
        if block.startswith(_EVENT):  # as every event begins
            end = text.find(_LINE, 9)
            message.event = text[9:end] if end >= 0 else text[9:]
        elif block.startswith(_RESPONSE):  # as every answer begins
            message.event = ""
        else:
            message.event = message.get("Event")
        return message

    @property
    def headers(self) -> dict[str, str]:
        """The first value of each key, spelled and ordered as Asterisk does it."""
        if self._headers is None:
            self._headers, self._repeated = _read(self._text)
        return self._headers

    def get(self, key: str, default: str = "") -> str:
        """Return the first value of ``key``."""
        if self._headers is not None:
            return self._headers.get(key, default)
        text = self._text
        at = text.find(f"{_LINE}{key}:")
        if at < 0:
            return default
        start = at + len(key) + 3
        end = text.find(_LINE, start)
        value = text[start:end] if end >= 0 else text[start:]
        return value[1:] if value[:1] == " " else value

    def all(self, key: str) -> list[str]:
        """Return every value of ``key`` in order, e.g. of ``ChanVariable``."""
        if self._headers is None:
            _, *rest = self._text.split(f"{_LINE}{key}:")
            values = [value.partition(_LINE)[0] for value in rest]
            return [value[1:] if value[:1] == " " else value for value in values]
        if key in self._repeated:
            return self._repeated[key]
        return [self._headers[key]] if key in self._headers else []

    def lines(self, key: str) -> str:
        """Return the text from the first to the last line of ``key``, others between included."""
        if self._headers is not None:
            return _LINE.join(f"{key}: {value}" for value in self.all(key))
        text, start = self._text, f"{_LINE}{key}:"
        first = text.find(start)
        if first < 0:
            return ""
        end = text.find(_LINE, text.rfind(start) + 2)
        return text[first + 2 : end] if end >= 0 else text[first + 2 :]

    def match(self, shape: re.Pattern[str], key: str = "") -> re.Match[str] | None:
        """Return the match of ``shape`` at the first line of ``key``, or at the very first line.

        ``None`` also when all headers were asked for already.
        """
        if self._headers is not None:
            return None
        at = self._text.find(f"{_LINE}{key}:") if key else 0
        return shape.match(self._text, at) if at >= 0 else None

    def after(self, key: str) -> dict[str, str]:
        """Return the headers that stand behind ``key``; of a ``UserEvent``, those sent to us."""
        if self._headers is None:
            _, found, rest = self._text.partition(f"{_LINE}{key}:")
            return _read(rest[rest.find(_LINE) :])[0] if found and _LINE in rest else {}
        keys = list(self._headers)
        behind = keys[keys.index(key) + 1 :] if key in self._headers else []
        return {key: self._headers[key] for key in behind}

    @property
    def action_id(self) -> str:
        """The ActionID that a response or a list item answers."""
        return self.get("ActionID")

    @property
    def success(self) -> bool:
        """Whether a response reports success (panoramisk's ``Manager`` asks this of a login)."""
        return self.get("Response") in ("Success", "Follows", "Goodbye")

    def __repr__(self) -> str:
        """Show the name and size only: values may hold personal data."""
        kind = self.event or "Response " + self.get("Response")
        return f"<Message {kind}, {len(self.headers)} headers>"


def _read(text: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the first value of each key, and all values of those that come more than once."""
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for line in text.split(_LINE):
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
    return headers, repeated


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
        whole, _, self._buffer = buffer.rpartition(_END)
        if len(self._buffer) > MAX_MESSAGE:
            raise AmiProtocolError("an AMI message of more than 1 MiB has no end; reconnecting")
        if not whole:
            return []
        # No border between two messages lies inside a character, whatever bytes these hold.
        blocks = whole.decode("utf-8", "replace").split(_LINE + _LINE)
        return [Message.of(block) for block in blocks if block]


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
