"""The FastAGI server: listens, lets Asterisk in and strangers out, drains on stop.

FastAGI has no authentication of its own: the address must be in the allow-list and the dialplan
shows a secret as the first argument.  See :mod:`ivr.strangers` for who has not shown it yet, and
:mod:`ivr.session` for what happens to a call.
"""

import asyncio
import time
from typing import Final

import structlog

from ivr import metrics
from ivr.admission import Refusals
from ivr.channel import AgiChannel
from ivr.config import IvrConfig, IvrLimits
from ivr.inquiries import Inquiries
from ivr.ports import IvrServices
from ivr.session import Session
from ivr.strangers import Strangers

__all__ = ["IvrConfig", "IvrLimits", "IvrServer", "IvrServices"]

_BACKLOG: Final = 512
_log = structlog.get_logger(__name__)


class IvrServer:
    """Serves calls until it is stopped."""

    def __init__(self, config: IvrConfig, services: IvrServices) -> None:
        self._config = config
        self._services = services
        self._inquiries = Inquiries(services, config.limits)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._refusals = Refusals(time.monotonic)
        self._strangers = Strangers(config, self._refusals.note, self._welcome)
        self._newcomers: dict[asyncio.Task[None], AgiChannel] = {}
        """Connections that have shown the secret, and whose session has not begun."""
        self._calls: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def port(self) -> int:
        """The TCP port that was listened on; raises :class:`RuntimeError` before a start."""
        if not self._port:
            raise RuntimeError("the server does not listen; call start() first")
        return self._port

    @property
    def listening(self) -> bool:
        """Whether new calls are taken."""
        return self._server is not None and self._server.is_serving()

    @property
    def calls(self) -> int:
        """Calls in the menu now."""
        return len(self._calls)

    async def start(self) -> None:
        """Begin to listen; raises :class:`OSError` when the address is not free."""
        self._server = await asyncio.get_running_loop().create_server(
            self._strangers.next,
            self._config.host,
            self._config.port,
            backlog=_BACKLOG,
        )
        self._port = self._server.sockets[0].getsockname()[1]
        _log.info("ivr_listening", host=self._config.host, port=self.port)

    async def stop(self, drain: float) -> None:
        """Take no more calls, give the running ones ``drain`` seconds, send the rest to a person.

        Calls that are cut short keep their place: they go to their number's default queue.
        """
        self._stopping = True
        if self._server is not None:
            self._server.close()
        self._strangers.close()
        for task, channel in self._newcomers.items():
            channel.abort()  # a task that never ran closes nothing
            task.cancel()
        if self._calls:
            _log.info("ivr_draining", calls=len(self._calls), seconds=drain)
            await asyncio.wait(self._calls, timeout=drain)
        for task in self._calls:
            task.cancel()
        if left := [*self._calls, *self._newcomers]:
            await asyncio.wait(left)
        if self._server is not None:
            await self._server.wait_closed()
        _log.info("ivr_stopped")

    def _welcome(self, transport: asyncio.Transport, said: bytes, arrived: float) -> None:
        """Begin the session of a peer that has shown the secret; it connected at ``arrived``."""
        channel = AgiChannel(self._config.limits)
        channel.take_over(transport, said)
        task = asyncio.get_running_loop().create_task(self._serve(channel, arrived))
        self._newcomers[task] = channel

    async def _serve(self, channel: AgiChannel, arrived: float) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine runs in a task

        def admit() -> bool:
            """Turn the newcomer into a call."""
            if self._stopping or len(self._calls) >= self._config.limits.sessions:
                return False
            self._newcomers.pop(task, None)
            self._calls.add(task)
            metrics.CALLS_NOW.inc()
            metrics.FIRST_COMMAND_SECONDS.observe(time.monotonic() - arrived)
            return True

        session = Session(
            channel,
            self._config,
            self._inquiries,
            self._services.reader,
            admit=admit,
            refused=self._refusals.note,
        )
        try:
            await session.serve()
        except asyncio.CancelledError:
            if task in self._calls:
                _log.info("session_cut")
        finally:
            self._newcomers.pop(task, None)
            if task in self._calls:
                self._calls.discard(task)
                metrics.CALLS_NOW.dec()
            await channel.close()
