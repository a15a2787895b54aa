"""The protocol that panoramisk's ``Manager`` drives: our framing, answers matched by ActionID.

The ``Manager`` sets ``queue``, ``factory``, ``log``, ``config``, ``encoding`` and ``responses``
on it, and calls ``send`` and ``close``.  Nothing is ever put on the manager's
``awaiting_actions``: an action whose answer did not come is reported as such and never repeated.
"""

import asyncio
import itertools
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

import msgspec
import structlog

from cti.ami.framing import Framer, Message, encode_action
from cti.errors import AmiOutcomeUnknownError, AmiProtocolError, AmiUnavailableError

_log = structlog.get_logger(__name__)
_PROCESS: Final = uuid.uuid4().hex[:8]
_numbers = itertools.count(1)


class Reply(msgspec.Struct, frozen=True):
    """The answer to one action, with the items of its list if it has one."""

    message: Message
    items: tuple[Message, ...] = ()

    @property
    def success(self) -> bool:
        """Whether Asterisk did it."""
        return self.message.success

    @property
    def text(self) -> str:
        """What Asterisk says about it."""
        return self.message.get("Message")


class _Pending:
    __slots__ = ("future", "items", "name", "start")

    def __init__(self, name: str, future: "asyncio.Future[Reply]") -> None:
        self.name = name
        self.future = future
        self.start: Message | None = None
        self.items: list[Message] = []


class AmiProtocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, on_event: Callable[[Message], None]) -> None:
        """``on_event`` gets every event; it must return at once and never raise."""
        self._on_event = on_event
        self._framer = Framer()
        self._pending: dict[str, _Pending] = {}
        self._transport: asyncio.Transport | None = None
        self.factory: Any = None
        self.closed = False
        self.unanswered = 0
        """Pings that were sent since Asterisk last said anything."""
        self.cause = ""
        """Why we dropped the connection ourselves; empty if we did not."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Frame, match answers, hand events on."""
        self.unanswered = 0
        try:
            messages = self._framer.feed(data)
        except AmiProtocolError as error:
            _log.error("ami_stream_unreadable", reason=str(error))
            self.drop("protocol")
            return
        for message in messages:
            self._take(message)

    def _take(self, message: Message) -> None:
        pending = self._pending.get(message.action_id) if self._pending else None
        if pending is None:
            if message.event:
                self._on_event(message)
            return
        if not message.event:
            if message.get("EventList") == "start":
                pending.start = message
                return
            self._finish(message.action_id, Reply(message))
        elif message.get("EventList") == "Complete":
            self._finish(message.action_id, Reply(pending.start or message, tuple(pending.items)))
        else:
            pending.items.append(message)

    def _finish(self, action_id: str, reply: Reply) -> None:
        pending = self._pending.pop(action_id)
        if not pending.future.done():
            pending.future.set_result(reply)

    def request(self, name: str, fields: Iterable[tuple[str, str]]) -> "asyncio.Future[Reply]":
        """Send an action once and return the future of its answer.

        Raises :class:`cti.errors.AmiActionRefusedError` for a value that could break out of its
        line and :class:`cti.errors.AmiUnavailableError` without a connection: nothing was sent.
        """
        action_id = f"hotline-{_PROCESS}-{next(_numbers)}"
        data = encode_action(name, action_id, fields)
        transport = self._transport
        if transport is None or self.closed or transport.is_closing():
            raise AmiUnavailableError(
                "there is no connection to Asterisk now; it is being restored, try again shortly"
            )
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending[action_id] = _Pending(name, future)
        future.add_done_callback(lambda _: self._pending.pop(action_id, None))
        transport.write(data)
        return future

    def send(
        self, data: Mapping[str, str], as_list: bool | None = None
    ) -> "asyncio.Future[Reply]":
        """Send what panoramisk's ``Manager`` asks for: in practice the login."""
        del as_list  # lists are recognised by what Asterisk answers
        fields = [(k, v) for k, v in data.items() if k.lower() not in ("action", "actionid")]
        return self.request(data["Action"], fields)

    def drop(self, cause: str) -> None:
        """Break the connection at once; the ``Manager`` then connects anew."""
        self.cause = cause
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what is unanswered, and tell the ``Manager`` unless it closed us itself."""
        was_closed, self.closed = self.closed, True
        self._fail_pending()
        if not was_closed and self.factory is not None:
            self.factory.connection_lost(exc)

    def close(self) -> None:
        """Close for good (called by the ``Manager``)."""
        self.closed = True
        self._fail_pending()
        if self._transport is not None:
            self._transport.close()

    def _fail_pending(self) -> None:
        pending, self._pending = self._pending, {}
        for p in pending.values():
            if p.future.done():
                continue
            if p.name == "Login":
                p.future.set_result(Reply(Message({"Response": "Error"}, {})))
            else:
                p.future.set_exception(
                    AmiOutcomeUnknownError(
                        f"the connection broke before Asterisk answered {p.name}; look at the"
                        " state before doing it again"
                    )
                )
                p.future.exception()  # marks it as seen, should nobody await it
