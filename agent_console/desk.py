"""One agent's desk: what stands on it now, and the numbered stream of messages about it.

Pure: messages in, numbered frames out; no sockets, no clock.  All tabs of one agent share a desk.
A page that comes back says where its knowledge ends and gets what it missed, as long as the
bounded buffer still holds that; otherwise it gets a snapshot.
"""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from agent_console.messages import (
    AgentStateChanged,
    CallEnded,
    ConsultationChanged,
    DeskMessage,
    Monitored,
    OfferAnswered,
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
BUFFERED_CHARACTERS: Final = 65_536
"""The same; a thousand desks must not keep hundreds of megabytes of old pops."""


class Desk:
    """The state of one agent's page and its stream."""

    # There are a thousand of them, so they are small.
    __slots__ = (
        *("_buffered", "_dropped", "_frames", "_kept", "_pops", "_queue_news"),
        *("monitored", "queues", "seq", "status", "stream", "wrap_up"),
    )

    def __init__(
        self, stream: str, picture: Snapshot, *, buffered: int = BUFFERED_MESSAGES
    ) -> None:
        self.stream = stream
        self.seq = 0
        self._buffered = buffered
        self._frames: list[tuple[int, str]] = []
        self._kept = 0
        """Characters in the frames."""
        self._dropped = 0
        """Number of the newest frame that is no longer kept."""
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
            self._keep(frame)
        return frame

    def _keep(self, frame: str) -> None:
        self._frames.append((self.seq, frame))
        self._kept += len(frame)
        while self._frames and (
            len(self._frames) > self._buffered or self._kept > BUFFERED_CHARACTERS
        ):
            self._dropped, dropped = self._frames.pop(0)
            self._kept -= len(dropped)

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
        if resume.seq < self._dropped:
            return None
        return [frame for seq, frame in self._numbered() if seq > resume.seq]

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
                found: dict[str, object] = {}
                if message.candidates:
                    found["candidates"] = message.candidates
                if self._is_another(message):
                    found["answers"] = {}
                self._change(message.call_id, brief=brief, customer=message.customer, **found)
            case PopConnected():
                # Who has the customer is no longer the one who was asked.
                self._change(
                    message.call_id,
                    phase="connected",
                    connected_at=message.connected_at,
                    consultation=None,
                )
            case CallEnded():
                self._change(message.call_id, phase="ended", ended_at=message.ended_at)
            case ConsultationChanged():
                self._change(message.call_id, consultation=message.consultation)
            case OfferAnswered():
                pop = self._pops.get(message.call_id)
                known = {} if pop is None else pop.answers
                self._change(message.call_id, answers={**known, message.offer_id: message.answer})
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

    def _is_another(self, message: PopCompleted) -> bool:
        """Say whether the pop's customer becomes somebody else, whose offers are others."""
        pop = self._pops.get(message.call_id)
        if pop is None or pop.customer is None:
            return False
        customer = message.customer
        return customer is None or customer.customer_id != pop.customer.customer_id

    def _change(self, call_id: str, **changes: object) -> None:
        pop = self._pops.get(call_id)
        if pop is not None:
            self._pops[call_id] = replace(pop, **changes)
