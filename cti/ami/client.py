"""The supervised AMI connection: panoramisk's ``Manager``, kept alive and watched.

Connects, signs in, waits for ``FullyBooted``, sends a ``Ping`` every half second (which also frees
an event that Asterisk holds back until the next one), drops a connection on which Asterisk has
fallen silent, and connects again with growing, jittered pauses.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog
from panoramisk import Manager

from cti import metrics
from cti.ami.framing import Message, encode_action
from cti.ami.protocol import AmiProtocol, Reply
from cti.ami_actions import PING, Action
from cti.errors import AmiError, AmiOutcomeUnknownError, AmiUnavailableError

_log = structlog.get_logger(__name__)

PING_EVERY: Final = 0.5
HURRIED_PING_EVERY: Final = 0.02
"""While calls are alive: an event that Asterisk holds back must not delay a pop."""
SILENT_PINGS: Final = 4
"""Unanswered pings after which Asterisk counts as frozen: noticed within 2.5 s."""
CONNECT_TIMEOUT: Final = 3.0


class AmiConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where and as whom to connect; durations in seconds."""

    host: str = "127.0.0.1"
    port: int = 5038
    username: str
    secret: str
    first_retry: float = 0.1
    longest_retry: float = 5.0
    timeout: float = 5.0
    """How long an action may take to be answered."""


class Backoff:
    """Pauses between attempts: doubling, with up to a quarter of jitter either way."""

    def __init__(self, first: float, longest: float, jitter: Callable[[], float]) -> None:
        """``jitter`` returns numbers from 0 to 1."""
        self._first = first
        self._longest = longest
        self._jitter = jitter
        self._failures = 0

    def next(self) -> float:
        """Return the next pause in seconds."""
        pause = min(self._longest, self._first * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return pause * (0.75 + self._jitter() / 2)

    def reset(self) -> None:
        """Start over after a success."""
        self._failures = 0


class _Transport(Manager):  # type: ignore[misc] # panoramisk publishes no types
    """panoramisk's ``Manager`` with our protocol, a time limit for connecting and our pauses."""

    def __init__(self, client: "AmiClient", config: AmiConfig) -> None:
        super().__init__(
            host=config.host,
            port=config.port,
            username=config.username,
            secret=config.secret,
            protocol_factory=lambda: AmiProtocol(client.on_message),
            on_login=client.on_login,
            on_disconnect=client.on_disconnect,
            loop=asyncio.get_running_loop(),
        )
        self._backoff = client.backoff
        self.stopped = False

    def connect(self, *_: object, **__: object) -> "asyncio.Task[Any] | None":
        """Try to connect; ``connection_made`` goes on from there."""
        if self.stopped:
            return None
        self.reconnect_timeout = self._backoff.next()
        attempt = self.loop.create_connection(
            self.config["protocol_factory"], self.config["host"], self.config["port"]
        )
        task: asyncio.Task[Any] = self.loop.create_task(asyncio.wait_for(attempt, CONNECT_TIMEOUT))
        task.add_done_callback(self.connection_made)
        return task

    def connection_made(self, f: "asyncio.Future[Any]") -> None:
        """Sign in over the new connection, or plan the next attempt."""
        if not self.stopped:
            try:
                super().connection_made(f)
            except AmiUnavailableError:  # closed again before the Manager could sign in
                self.protocol.close()  # so that the protocol does not report it once more
                super().connection_lost(None)
        elif not f.cancelled() and f.exception() is None:
            f.result()[0].abort()

    def ping(self) -> None:
        """Leave the pings to the watchdog of :class:`AmiClient`."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Plan the next attempt."""
        if not self.stopped:
            super().connection_lost(exc)


class AmiClient:
    """Keeps one working connection; callbacks run inside the reader and must return at once."""

    def __init__(
        self,
        config: AmiConfig,
        *,
        on_event: Callable[[Message], None],
        on_ready: Callable[[], None],
        on_down: Callable[[str], None],
    ) -> None:
        """``on_ready``: Asterisk is fully booted, time to resynchronise; ``on_down``: and why.

        Raises :class:`cti.errors.AmiActionRefusedError` if name or secret hold a line break.
        """
        encode_action("Login", "x", (("Username", config.username), ("Secret", config.secret)))
        self._config = config
        self._on_event = on_event
        self._on_ready = on_ready
        self._on_down = on_down
        self._manager: _Transport | None = None
        self._watchdog: asyncio.Task[None] | None = None
        self._pump: asyncio.Task[None] | None = None
        self._calls_alive = asyncio.Event()
        jitter = random.random
        self.backoff = Backoff(config.first_retry, config.longest_retry, jitter)

    async def start(self) -> None:
        """Begin to connect; returns before there is a connection."""
        self._manager = _Transport(self, self._config)
        self._manager.connect()
        self._watchdog = asyncio.create_task(self._watch(), name="ami-watchdog")
        self._pump = asyncio.create_task(self._hurry(), name="ami-pump")

    async def stop(self) -> None:
        """Close the connection and connect no more."""
        tasks = [task for task in (self._watchdog, self._pump) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._manager is not None:
            self._manager.stopped = True
            self._manager.close()

    def on_message(self, message: Message) -> None:
        """Hand an event on (called by the protocol)."""
        if message.event == "FullyBooted":
            self.backoff.reset()
            self._on_ready()
        else:
            self._on_event(message)

    def on_login(self, _manager: object) -> None:
        """Note that Asterisk let us in (called by the ``Manager``)."""
        _log.info("ami_signed_in", host=self._config.host, port=self._config.port)

    def on_disconnect(self, _manager: object, exc: Exception | None) -> None:
        """Tell why the connection is gone (called by the ``Manager``)."""
        protocol = self._protocol()
        cause = protocol.cause if protocol is not None and protocol.cause else "closed"
        metrics.RECONNECTS.labels(cause).inc()
        _log.warning("ami_connection_lost", cause=cause, error=repr(exc) if exc else None)
        self._on_down(cause)

    def _protocol(self) -> AmiProtocol | None:
        return None if self._manager is None else self._manager.protocol

    async def request(self, action: Action) -> Reply:
        """Send an action exactly once and return its answer, success or not.

        Raises :class:`cti.errors.AmiUnavailableError` if it was not sent,
        :class:`cti.errors.AmiOutcomeUnknownError` if no answer came in time, and
        :class:`cti.errors.AmiActionRefusedError` for a hostile value.
        """
        try:
            async with asyncio.timeout(self._config.timeout):
                return await self.post(action)
        except TimeoutError:
            raise AmiOutcomeUnknownError(
                f"Asterisk did not answer {action.name} within {self._config.timeout:g} s; look"
                " at the state before doing it again"
            ) from None

    def post(self, action: Action) -> "asyncio.Future[Reply]":
        """Put an action on the wire at once, exactly once, and return the future of its answer.

        Raises like :meth:`request`, except that no time limit applies to the answer.
        """
        protocol = self._protocol()
        if protocol is None:
            raise AmiUnavailableError(
                f"Asterisk does not answer on {self._config.host}:{self._config.port}; see"
                " `hotline doctor`"
            )
        return protocol.request(action.name, action.fields)

    def hurry(self, calls_alive: bool) -> None:
        """Ping fast while calls are alive, and only every half second while none is."""
        if calls_alive:
            self._calls_alive.set()
        else:
            self._calls_alive.clear()

    async def _hurry(self) -> None:
        """Free events that Asterisk holds back (a lost wake-up up to 22.10) within 20 ms."""
        while True:
            await self._calls_alive.wait()
            try:
                await self.post(PING)
            except AmiError:
                await asyncio.sleep(PING_EVERY)
            await asyncio.sleep(HURRIED_PING_EVERY)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY)
            protocol = self._protocol()
            manager = self._manager
            if protocol is None or manager is None or protocol.closed:
                continue
            if protocol.unanswered >= SILENT_PINGS:
                protocol.drop("frozen")
                continue
            login = manager.authenticated_future
            if login is None and not manager.authenticated:
                _log.error("ami_login_refused", next_step="check the manager account and secret")
                protocol.drop("login_refused")
                continue
            protocol.unanswered += 1
            try:
                protocol.request(PING.name, PING.fields)
            except AmiError:
                continue
