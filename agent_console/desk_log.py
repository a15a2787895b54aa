"""Remembers which calls each agent had, beside the live desk: for notes and for the history.

Follows the engine's messages like the hub does and writes what they say in the order in which they
came, in a task of its own: a slow disk delays no pop.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from agent_console.messages import CallEnded, Pop, PopConnected, WrapUpStarted
from agent_console.ports import Addressed, EnginePort, Feed, WorkStore
from agent_console.store.work_model import DeskCall

log = structlog.get_logger(__name__)

_MOST_WAITING: Final = 10_000


def desk_call(agent_id: str, pop: Pop, now: float) -> DeskCall:
    """Return what is remembered of a call on the desk."""
    customer = pop.customer
    return DeskCall(
        agent_id=agent_id,
        call_id=pop.call_id,
        queue=pop.queue,
        reason=pop.reason,
        verified=pop.verified,
        caller=customer.name if customer is not None else "",
        number=pop.number,
        customer_id=customer.customer_id if customer is not None else None,
        connected_at=pop.connected_at or now,
        ended_at=pop.ended_at,
    )


class DeskLog:
    """Writes calls to the store as they are answered, end and are disposed of."""

    def __init__(self, engine: EnginePort, store: WorkStore) -> None:
        self._engine = engine
        self._store = store
        self._jobs: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue(_MOST_WAITING)
        self._stop: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow the engine."""
        self._stop = self._engine.listen(self.take)
        self._task = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """Follow no more, and write what still waits."""
        if self._stop is not None:
            self._stop()
            self._stop = None
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2.0):
                    await self._jobs.join()
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def settled(self) -> None:
        """Wait until all that was heard is written."""
        await self._jobs.join()

    def take(self, item: Feed) -> None:
        """Hear one message of the engine."""
        if not isinstance(item, Addressed) or item.agent_id is None:
            return
        agent_id = item.agent_id
        match item.message:
            case PopConnected(call_id=call_id, connected_at=at):
                pops = self._engine.picture(agent_id).pops
                pop = next((p for p in pops if p.call_id == call_id), None)
                if pop is not None:
                    call = desk_call(agent_id, pop, at)
                    self._put(lambda: self._store.note_call(call))
            case CallEnded(call_id=call_id, ended_at=ended_at):
                self._put(lambda: self._store.note_end(agent_id, call_id, ended_at))
            case WrapUpStarted(wrap_up=wrap_up) if wrap_up.disposition:
                code = wrap_up.disposition
                self._put(lambda: self._store.note_disposition(agent_id, wrap_up.call_id, code))
            case _:
                pass

    def _put(self, job: Callable[[], Awaitable[None]]) -> None:
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            log.error("desk_log_full", waiting=_MOST_WAITING)  # noqa: TRY400 - the trace says nothing

    async def _write(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                await job()
            except Exception:
                # The engine's journal has the call; only the agent's own list lacks it.
                log.exception("desk_log_failed")
            finally:
                self._jobs.task_done()
