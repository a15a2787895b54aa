"""One agent's desk: what stands on it now, and the numbered stream of messages about it.

Pure: messages in, numbered frames out; no sockets, no clock.  All tabs of one agent share a desk.
A page that comes back says where its knowledge ends and gets what it missed, as long as the
bounded buffer still holds that; otherwise it gets a snapshot.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from agent_console.messages import (
    AgentStateChanged,
    CallEnded,
    DeskMessage,
    Monitored,
    Pop,
    PopCompleted,
    PopConnected,
    PopRaised,
    PopWithdrawn,
    QueueSummary,
    Resume,
    Snapshot,
    WrapUpEnded,
    WrapUpStarted,
    encode_body,
    wrap,
)

BUFFERED_MESSAGES: Final = 256
"""A page that missed more than this gets a snapshot."""


class Desk:
    """The state of one agent's page and its stream."""

    def __init__(
        self, stream: str, picture: Snapshot, *, buffered: int = BUFFERED_MESSAGES
    ) -> None:
        self.stream = stream
        self.seq = 0
        self._frames: deque[tuple[int, str]] = deque(maxlen=buffered)
        self._queue_news: tuple[int, bytes] | None = None
        """The newest summary's number and body, which all desks share."""
        self._fold(picture)

    @property
    def pops(self) -> tuple[Pop, ...]:
        """The calls on the desk, oldest first."""
        return tuple(self._pops.values())

    def pop(self, call_id: str) -> Pop | None:
        """Return the call, if it is on the desk."""
        return self._pops.get(call_id)

    def apply(self, message: DeskMessage, body: bytes | None = None) -> str:
        """Take the message as the next of the stream and return its frame.

        ``body`` is the encoded message, if the caller has encoded it for many desks.
        """
        self._fold(message)
        self.seq += 1
        body = encode_body(message) if body is None else body
        frame = wrap(self.seq, body)
        if isinstance(message, QueueSummary):
            self._queue_news = (self.seq, body)  # only the newest matters: one place is enough
        else:
            self._frames.append((self.seq, frame))
        return frame

    def snapshot(self) -> Snapshot:
        """Return everything that stands on the desk now."""
        return Snapshot(
            status=self.status,
            pops=self.pops,
            wrap_up=self.wrap_up,
            queues=self.queues,
            monitored=self.monitored,
        )

    def missed(self, resume: Resume | None) -> list[str] | None:
        """Return the frames that the page has not seen; ``None`` if it needs a snapshot."""
        if resume is None or resume.stream != self.stream or not 0 <= resume.seq <= self.seq:
            return None
        if self._dropped_after(resume.seq):
            return None
        return [frame for seq, frame in self._numbered() if seq > resume.seq]

    def _dropped_after(self, seq: int) -> bool:
        full = len(self._frames) == self._frames.maxlen
        return full and seq < self._frames[0][0] - 1

    def _numbered(self) -> Iterator[tuple[int, str]]:
        news = self._queue_news
        waiting = None if news is None else (news[0], wrap(*news))
        for numbered in self._frames:
            if waiting is not None and waiting[0] < numbered[0]:
                yield waiting
                waiting = None
            yield numbered
        if waiting is not None:
            yield waiting

    def _fold(self, message: DeskMessage) -> None:
        match message:
            case Snapshot():
                self.status = message.status
                self.wrap_up = message.wrap_up
                self.queues = message.queues
                self.monitored = message.monitored
                self._pops = {pop.call_id: pop for pop in message.pops}
            case AgentStateChanged():
                self.status = message.status
            case PopRaised():
                self._pops[message.pop.call_id] = message.pop
            case PopWithdrawn():
                self._pops.pop(message.call_id, None)
            case PopCompleted():
                brief = "unknown" if message.customer is None else "ready"
                found = {"candidates": message.candidates} if message.candidates else {}
                self._change(message.call_id, brief=brief, customer=message.customer, **found)
            case PopConnected():
                self._change(message.call_id, phase="connected", connected_at=message.connected_at)
            case CallEnded():
                self._change(message.call_id, phase="ended", ended_at=message.ended_at)
            case WrapUpStarted():
                self.wrap_up = message.wrap_up
            case WrapUpEnded():
                self._pops.pop(message.call_id, None)
                if self.wrap_up is not None and self.wrap_up.call_id == message.call_id:
                    self.wrap_up = None
            case Monitored():
                self.monitored = None if message.mode is None else message
            case QueueSummary():
                self.queues = message.queues

    def _change(self, call_id: str, **changes: object) -> None:
        pop = self._pops.get(call_id)
        if pop is not None:
            self._pops[call_id] = replace(pop, **changes)
