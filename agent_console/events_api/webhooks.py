"""Delivers events to webhooks: stored first, then sent, tried again over hours, then given up.

Events are taken from the engine without waiting; one task stores them, and one task for each
webhook sends, so that a receiver that is slow or dead delays nobody else.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import structlog

from agent_console.events_api import backoff, grants, metrics
from agent_console.events_api import messages as m
from agent_console.events_api.ports import IntegrationStore
from agent_console.events_api.sender import Outcome, Poster
from agent_console.ports import Clock
from agent_console.store.integration_model import Delivery, Webhook

log = structlog.get_logger(__name__)

MOST_WAITING: Final = 10_000
"""Deliveries that may wait in memory for a stalled database; further ones are lost and counted."""
AT_ONCE: Final = 4
"""Deliveries that one webhook gets at the same time."""
LOOK_S: Final = 1.0
"""How often due retries, new webhooks and what the command line changed are looked for."""
_SWEEP_S: Final = 600.0


class WebhookConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decides; durations are seconds."""

    give_up_s: float = backoff.GIVE_UP_S
    keep_dead_s: float = 7 * 86_400.0
    """Dead deliveries, which may hold personal data, are deleted so long after their event."""


class Webhooks:
    """All webhooks of this process."""

    def __init__(
        self, store: IntegrationStore, poster: Poster, config: WebhookConfig, clock: Clock
    ) -> None:
        self._store = store
        self._poster = poster
        self._config = config
        self._clock = clock
        self._known: dict[str, Webhook] = {}
        self._intake: deque[Delivery] = deque()
        self._stored = asyncio.Event()
        self._wake: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._swept_at = 0.0
        self._running = False

    def take(self, event: m.Event, now: float) -> None:
        """Note the event for every webhook that wants it; never waits."""
        for hook in self._known.values():
            if hook.disabled or not grants.allowed(hook.grant, event):
                continue
            if hook.kinds is not None and m.kind_of(event) not in hook.kinds:
                continue
            if len(self._intake) >= MOST_WAITING:
                metrics.DELIVERIES.labels(outcome="lost").inc()
                continue
            self._intake.append(delivery_of(hook, event, now))
            self._stored.set()

    async def start(self) -> None:
        """Learn the webhooks and begin to deliver, also what an earlier run left."""
        self._running = True
        try:
            await self.refresh()
        except Exception:
            log.exception("webhooks_not_read")  # the watch tries again
        for name, work in (("store", self._store_all()), ("watch", self._watch())):
            self._tasks[f":{name}"] = asyncio.create_task(work, name=f"webhooks-{name}")

    async def stop(self) -> None:
        """Stop delivering; what is not delivered stays stored."""
        self._running = False
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        with contextlib.suppress(Exception):
            await self.store_taken()
        await self._poster.close()

    async def refresh(self) -> None:
        """Learn which webhooks there are."""
        hooks = {hook.webhook_id: hook for hook in await self._store.webhooks()}
        self._known = hooks
        if self._running:
            self._employ(hooks)
        counts = await self._store.counts() if hooks else {}
        for state in ("pending", "failed", "dead"):
            waiting = sum(n for (_, found), n in counts.items() if found == state)
            metrics.WAITING.labels(state=state).set(waiting)

    def _employ(self, hooks: Mapping[str, Webhook]) -> None:
        """Have one task for each webhook."""
        for webhook_id in hooks.keys() - self._wake.keys():
            self._wake[webhook_id] = asyncio.Event()
            task = asyncio.create_task(self._deliver_all(webhook_id), name="webhook-deliver")
            self._tasks[webhook_id] = task
        for webhook_id in self._wake.keys() - hooks.keys():
            del self._wake[webhook_id]
            self._tasks.pop(webhook_id).cancel()

    async def store_taken(self) -> None:
        """Store what was taken so far, in one transaction."""
        batch = [self._intake.popleft() for _ in range(len(self._intake))]
        if not batch:
            return
        try:
            await self._store.add_deliveries(batch)
        except BaseException:
            self._intake.extendleft(reversed(batch))
            raise
        for webhook_id in {delivery.webhook_id for delivery in batch}:
            if webhook_id in self._wake:
                self._wake[webhook_id].set()

    async def deliver_due(self, webhook_id: str) -> int:
        """Try what is due for one webhook; return how many were delivered or tried."""
        hook = self._known.get(webhook_id)
        if hook is None or hook.disabled:
            return 0
        due = await self._store.due(webhook_id, self._clock(), AT_ONCE)
        if due:
            outcomes = await asyncio.gather(*(self._try(hook, delivery) for delivery in due))
            await self._settle(due, outcomes)
        return len(due)

    async def _try(self, hook: Webhook, delivery: Delivery) -> Outcome:
        return await self._poster.post(
            hook.url, hook.secret, delivery.event_id, delivery.body.encode()
        )

    async def _settle(self, due: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        now = self._clock()
        done, undone = [], []
        for delivery, outcome in zip(due, outcomes, strict=True):
            if outcome.ok:
                done.append(delivery.delivery_id)
                metrics.DELIVERIES.labels(outcome="delivered").inc()
                metrics.DELIVERY_LAG.observe(max(0.0, now - delivery.created_at))
                continue
            failed = backoff.after_failure(delivery, outcome, now, self._config.give_up_s)
            undone.append(failed)
            metrics.DELIVERIES.labels(outcome=failed.state).inc()
            log.warning(
                "webhook_failed",
                webhook=delivery.webhook_id,
                event_id=delivery.event_id,
                state=failed.state,
                attempts=failed.attempts,
                detail=outcome.detail,
            )
        await self._store.settle(done, undone)

    async def _deliver_all(self, webhook_id: str) -> None:
        wake = self._wake[webhook_id]
        while True:
            wake.clear()
            try:
                while await self.deliver_due(webhook_id):
                    pass
            except Exception:
                log.exception("webhook_delivery_failed", webhook=webhook_id)
                await asyncio.sleep(LOOK_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await wake.wait()

    async def _store_all(self) -> None:
        while True:
            await self._stored.wait()
            self._stored.clear()
            try:
                await self.store_taken()
            except Exception:
                log.exception("webhook_events_not_stored")
                await asyncio.sleep(LOOK_S)
                self._stored.set()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.refresh()
                now = self._clock()
                if now - self._swept_at >= _SWEEP_S:
                    self._swept_at = now
                    await self._store.sweep_dead(now - self._config.keep_dead_s)
            except Exception:
                log.exception("webhooks_watch_failed")


def delivery_of(hook: Webhook, event: m.Event, now: float) -> Delivery:
    """Return the delivery of an event to a webhook, with what that may see."""
    seen = grants.redacted(event, hook.grant.scopes)
    return Delivery(
        delivery_id=secrets.token_hex(8),
        webhook_id=hook.webhook_id,
        event_id=event.id,
        kind=m.kind_of(event),
        body=m.ENCODER.encode(seen).decode(),
        created_at=now,
        next_at=now,
    )
