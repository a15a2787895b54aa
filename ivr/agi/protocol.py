"""The FastAGI conversation as a sans-I/O state machine: feed bytes, take events.

One command at a time: ``run_agi`` in ``res_agi.c`` waits for its socket but reads through a
buffer, so that the second of two commands that arrive together lies there unseen until a third
comes (seen on 22.10.1).  And a command that arrives while another plays or waits interrupts it.
"""

from collections import deque
from typing import Final, Literal, TypeAlias

import msgspec

from ivr.agi.commands import Command
from ivr.agi.environment import Environment
from ivr.agi.replies import Reply, parse_reply
from ivr.errors import AgiProtocolError

LONGEST_LINE: Final = 8192
"""Bytes of one line from the peer.  Asterisk truncates values at 1,023 characters."""

LARGEST_ENVIRONMENT: Final = 32768
"""Bytes of all lines up to the blank one."""

MOST_LINES: Final = 300
"""Lines that the peer may send without a command of ours in between; an environment has some
thirty and at most 128 arguments, a usage text fewer.  Each costs time that live calls want."""


class HungUp(msgspec.Struct, frozen=True):
    """The line ``HANGUP``: the channel is gone; it comes outside the command/reply rhythm."""


class PeerClosed(msgspec.Struct, frozen=True):
    """End of file."""


AgiEvent: TypeAlias = Environment | Reply | HungUp | PeerClosed
State: TypeAlias = Literal["environment", "commands", "usage", "closed"]
_Line: TypeAlias = Literal["blank", "variable", "hangup", "reply", "usage_start", "other", "eof"]

TRANSITIONS: Final[dict[tuple[State, _Line], State]] = {
    ("environment", "variable"): "environment",
    ("environment", "blank"): "commands",
    ("environment", "eof"): "closed",
    ("commands", "hangup"): "commands",
    ("commands", "reply"): "commands",
    ("commands", "usage_start"): "usage",
    ("commands", "eof"): "closed",
    ("usage", "blank"): "usage",
    ("usage", "other"): "usage",
    ("usage", "variable"): "usage",
    ("usage", "hangup"): "usage",
    ("usage", "reply"): "commands",
    ("usage", "eof"): "closed",
}
"""State and kind of line → state.  What is not listed is an error and changes nothing."""


class AgiProtocol:
    """One FastAGI connection, seen from the server."""

    def __init__(self) -> None:
        self.state: State = "environment"
        self.pending = False
        """Whether a command was sent and is not yet answered."""
        self._buffer = bytearray()
        self._scanned = 0
        self._variables: dict[str, str] = {}
        self._size = self._lines = 0
        self._usage: list[str] = []
        self._hung_up = False
        self._events: deque[AgiEvent] = deque()

    def send(self, command: Command) -> bytes:
        """Return the bytes of ``command`` and expect a reply.

        Raises :class:`AgiCommandError`, and :class:`AgiProtocolError` before the environment was
        read or while another command is not answered.  Nothing changes then.
        """
        if self.state == "environment":
            raise AgiProtocolError("no command can be sent before the environment was read")
        if self.pending:
            raise AgiProtocolError("a command is still running; wait for its reply")
        data = command.encode()
        self.pending = True
        self._lines = 0
        return data

    def receive(self, data: bytes) -> None:
        """Take bytes in whatever pieces they come; raise :class:`AgiProtocolError` for garbage."""
        if self.state == "closed":
            raise AgiProtocolError("bytes after the end of file")
        self._buffer += data
        while (end := self._buffer.find(b"\n", self._scanned)) >= 0:
            self._limit(end)
            self._lines += 1
            if self._lines > MOST_LINES:
                raise AgiProtocolError(f"more than {MOST_LINES} lines in a row; not Asterisk")
            line = self._buffer[:end].removesuffix(b"\r")
            del self._buffer[: end + 1]
            self._scanned = 0
            self._take(line.decode("utf-8", "surrogateescape"), end + 1)
        self._scanned = len(self._buffer)
        self._limit(len(self._buffer))

    def receive_eof(self) -> None:
        """The peer closed its side; a line without its line feed is thrown away."""
        if self.state != "closed":
            self._move("eof", "")
            self._events.append(PeerClosed())

    def next_event(self) -> AgiEvent | None:
        """Return the next event, ``None`` when more bytes are needed."""
        return self._events.popleft() if self._events else None

    def _limit(self, length: int) -> None:
        if length > LONGEST_LINE:
            raise AgiProtocolError(f"a line of more than {LONGEST_LINE} bytes; not Asterisk")

    def _take(self, line: str, size: int) -> None:
        before = self.state
        kind = self._kind(line)
        self._move(kind, line)
        if before == "environment":
            self._take_variable(line, size)
        elif kind == "hangup":
            if not self._hung_up:  # a peer that says it again and again must not fill the memory
                self._events.append(HungUp())
            self._hung_up = True
        elif kind == "usage_start":
            self._usage = [line[4:]]
        elif kind == "reply":
            self._take_reply(line, in_usage=before == "usage")
        else:
            self._keep_usage(line, size)

    def _take_variable(self, line: str, size: int) -> None:
        self._size += size
        if self._size > LARGEST_ENVIRONMENT:
            raise AgiProtocolError(f"an environment of more than {LARGEST_ENVIRONMENT} bytes")
        if line:
            name, _, value = line.partition(":")
            self._variables[name] = value.removeprefix(" ")
        else:
            self._size = 0
            self._events.append(Environment(self._variables))

    def _keep_usage(self, line: str, size: int) -> None:
        self._size += size
        if self._size > LARGEST_ENVIRONMENT:
            raise AgiProtocolError("a usage text that does not end; not Asterisk")
        self._usage.append(line)

    def _take_reply(self, line: str, *, in_usage: bool) -> None:
        if in_usage:
            reply = Reply(code=520, text="\n".join(self._usage))
            self._usage, self._size = [], 0
        else:
            reply = parse_reply(line)
        if 100 <= reply.code < 200:
            return  # "100 result=0 Trying...": the real answer follows
        if not self.pending:
            raise AgiProtocolError("a reply without a command; not Asterisk")
        self.pending = False
        self._events.append(reply)

    def _move(self, kind: _Line, line: str) -> None:
        try:
            self.state = TRANSITIONS[self.state, kind]
        except KeyError:
            raise AgiProtocolError(
                f"unexpected line while reading {self.state}: {line[:60]!r}; not Asterisk"
            ) from None

    def _kind(self, line: str) -> _Line:
        """Inside a usage text only its own last line counts as a reply."""
        kind = _classify(line)
        if self.state == "usage" and kind in ("reply", "usage_start"):
            return "reply" if line.startswith("520 ") else "other"
        return kind


def _classify(line: str) -> _Line:
    if not line:
        return "blank"
    if line == "HANGUP":
        return "hangup"
    if line[:3].isdecimal() and line[:3].isascii():
        if line[3:4] == "-":
            return "usage_start"
        if line[3:4] in (" ", ""):
            return "reply"
    return "variable" if line.startswith("agi_") and ":" in line else "other"
