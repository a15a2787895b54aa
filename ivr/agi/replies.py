"""What Asterisk answers to a command.

Seen forms::

    200 result=1
    200 result=49 endpos=12345
    200 result=-1 endpos=0
    200 result=1 (a value with ) in it)
    200 result=1 (speech) endpos=0 results=1 score0=90 text0="two words" grammar0=g
    510 Invalid or unknown command
    511 Command Not Permitted on a dead channel or intercept routine
    520-Invalid command syntax.  Proper usage follows:
    520 End of proper usage.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from ivr.errors import AgiProtocolError

_RESULT: Final = re.compile(r"result=(\S*)")
_FIELD: Final = re.compile(r'\s*([A-Za-z_]\w*)=("[^"]*"|\S*)')
_KEYS: Final = "0123456789*#ABCD"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of Asterisk."""

    code: int
    result: str = ""
    data: str | None = None
    """What stood in brackets after the result, e.g. a variable's value."""
    fields: Mapping[str, str] = {}
    """``name=value`` pairs after the result, quotes removed."""
    text: str = ""
    """The words of an error, or the usage text of a 520 block."""

    @property
    def is_ok(self) -> bool:
        return self.code == 200

    @property
    def is_dead(self) -> bool:
        """The channel is gone: 511, or the result with which a hang-up ends a command."""
        return self.code == 511 or (self.result == "-1" and not self.is_missing)

    @property
    def is_missing(self) -> bool:
        """``STREAM FILE`` could not open its file.

        A hang-up in the very first moment of a file looks the same; the line ``HANGUP`` follows
        it then.
        """
        return self.result == "-1" and self.fields.get("endpos") == "0"

    @property
    def key(self) -> str | None:
        """The pressed key, when the result is the code of one."""
        if self.result.isdecimal() and 31 < int(self.result) < 127:
            character = chr(int(self.result))
            return character if character in _KEYS else None
        return None


def parse_reply(line: str) -> Reply:
    """Parse a single-line reply; raise :class:`AgiProtocolError` for what is none."""
    code, _, rest = line.partition(" ")
    if len(code) != 3 or not (code.isascii() and code.isdecimal()):
        raise AgiProtocolError(f"not an AGI reply: {line[:60]!r}")
    match = _RESULT.match(rest)
    if match is None:
        return Reply(code=int(code), text=rest)
    data, fields = _parse_tail(rest[match.end() :].strip())
    return Reply(code=int(code), result=match[1], data=data, fields=fields, text=rest)


def _parse_tail(tail: str) -> tuple[str | None, dict[str, str]]:
    """Split ``(data) name=value …``.

    A variable's value may hold brackets itself, and its reply ends with the closing one; only the
    speech replies go on after it.
    """
    data = None
    if tail.startswith("("):
        end = len(tail) - 1 if tail.endswith(")") else tail.find(")")
        if end < 0:
            raise AgiProtocolError("an AGI reply has an opening bracket without a closing one")
        data, tail = tail[1:end], tail[end + 1 :]
    return data, {name: value.strip('"') for name, value in _FIELD.findall(tail)}
