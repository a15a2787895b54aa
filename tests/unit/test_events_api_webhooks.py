"""Deliveries: stored, sent, tried again, given up; what one receiver does is no other's matter."""

import asyncio
import json

from hypothesis import given
from hypothesis import strategies as st

from agent_console.events_api import backoff
from agent_console.events_api.sender import Outcome
from agent_console.events_api.testing import FakePoster
from agent_console.events_api.webhooks import WebhookConfig, Webhooks
from agent_console.store.integration_model import Delivery, Grant, Webhook
from cti.bus import EVENTS, agent_topic
from cti.core.ids import AgentId
from tests.unit.events_api_kit import START, Kit, grant, queued, raised

TOPIC = agent_topic(AgentId("1001"))
A, B = "https://a.example/", "https://b.example/"
DOWN = Outcome(False, "HTTP 503")


def hook(name: str, url: str, held: Grant, *kinds: str) -> Webhook:
    return Webhook(
        webhook_id=name,
        url=url,
        secret="whsec_c2VjcmV0",
        grant=held,
        kinds=frozenset(kinds) or None,
        created_at=START,
    )


async def kit_with(*hooks: Webhook, **settings: float) -> Kit:
    kit = Kit(**settings)
    for one in hooks:
        await kit.store.add_webhook(one)
    await kit.api.webhooks.refresh()
    return kit


async def deliver(kit: Kit) -> None:
    await kit.api.webhooks.store_taken()
    for one in await kit.store.webhooks():
        while await kit.api.webhooks.deliver_due(one.webhook_id):
            pass


def bodies(poster: FakePoster, url: str) -> list[dict[str, object]]:
    return [json.loads(body) for to, _, body in poster.posted if to == url]


async def test_each_webhook_gets_what_it_may_and_wants_to_see() -> None:
    kit = await kit_with(
        hook("a", A, grant("pops", "calls", queues={"service"}), "pop_raised"),
        hook("b", B, grant("pops", "calls", "customer", "numbers")),
    )
    kit.bus.publish(EVENTS, queued("c1"))
    kit.bus.publish(TOPIC, raised("c1"))
    kit.bus.publish(TOPIC, raised("c2", queue="vip"))
    await deliver(kit)
    (only,) = bodies(kit.poster, A)
    assert (only["kind"], only["call_id"]) == ("pop_raised", "c1")
    text = json.dumps(only, ensure_ascii=False)
    assert not [word for word in ("王**", "gold", "13800138000") if word in text]
    everything = bodies(kit.poster, B)
    assert [body["kind"] for body in everything] == ["call_queued", "pop_raised", "pop_raised"]
    assert "王**" in json.dumps(everything[1], ensure_ascii=False)
    assert await kit.store.counts() == {}
    await kit.api.stop()


async def test_a_failure_is_tried_again_later_with_the_same_id_and_body() -> None:
    kit = await kit_with(hook("a", A, grant("calls")))
    kit.poster.answers[A] = DOWN
    kit.bus.publish(EVENTS, queued())
    await deliver(kit)
    assert await kit.store.counts() == {("a", "failed"): 1}
    await deliver(kit)
    assert len(kit.poster.posted) == 1
    del kit.poster.answers[A]
    kit.clock.now += backoff.FIRST_S
    await deliver(kit)
    first, second = kit.poster.posted
    assert first == second
    assert await kit.store.counts() == {}
    await kit.api.stop()


async def test_a_receiver_that_stays_away_ends_in_the_dead_letters_and_can_be_retried() -> None:
    kit = await kit_with(hook("a", A, grant("calls")), give_up_s=600.0)
    kit.poster.answers[A] = DOWN
    kit.bus.publish(EVENTS, queued())
    for _ in range(30):
        await deliver(kit)
        kit.clock.now += 60
    (dead,) = await kit.store.dead()
    assert dead.last_error == "HTTP 503"
    assert 4 < dead.attempts < 15
    assert len(kit.poster.posted) == dead.attempts
    del kit.poster.answers[A]
    assert await kit.store.retry(kit.clock(), None, None) == 1
    await deliver(kit)
    assert kit.poster.posted[-1][1] == dead.event_id
    assert await kit.store.dead() == []
    await kit.api.stop()


async def test_a_receiver_that_is_gone_is_given_up_at_once() -> None:
    kit = await kit_with(hook("a", A, grant("calls")))
    kit.poster.answers[A] = Outcome(False, "HTTP 410", gone=True)
    kit.bus.publish(EVENTS, queued())
    await deliver(kit)
    assert await kit.store.counts() == {("a", "dead"): 1}
    await kit.api.stop()


async def test_what_was_not_delivered_survives_a_restart_of_ours() -> None:
    kit = await kit_with(hook("a", A, grant("calls")))
    kit.bus.publish(EVENTS, queued())
    await kit.api.stop()  # nothing was sent yet: stopping stores it
    assert kit.poster.posted == []
    assert kit.poster.closed
    poster = FakePoster()
    again = Webhooks(kit.store, poster, WebhookConfig(), kit.clock)
    await again.start()
    async with asyncio.timeout(5):
        await poster.wait(1)
    await again.stop()
    assert [json.loads(body)["kind"] for _, _, body in poster.posted] == ["call_queued"]


class Stuck(FakePoster):
    """Address A never answers."""

    async def post(self, url: str, secret: str, message_id: str, body: bytes) -> Outcome:
        if url == A:
            await asyncio.Event().wait()
        return await super().post(url, secret, message_id, body)


async def test_a_stuck_receiver_delays_neither_the_engine_nor_the_others() -> None:
    kit = await kit_with(hook("a", A, grant("calls")), hook("b", B, grant("calls")))
    await kit.api.stop()
    poster = Stuck()
    webhooks = Webhooks(kit.store, poster, WebhookConfig(), kit.clock)
    await webhooks.start()
    kit.bus.watchers[:] = [kit.api.take, lambda _: None]
    kit.api.webhooks = webhooks
    for n in range(50):
        kit.bus.publish(EVENTS, queued(f"c{n}"))
    async with asyncio.timeout(5):
        await poster.wait(50)
    assert {url for url, _, _ in poster.posted} == {B}
    await webhooks.stop()
    counts = await kit.store.counts()
    assert counts.pop(("a", "pending")) == 50
    assert sum(counts.values()) < 50  # the last of B may not have been noted yet


async def test_a_disabled_or_removed_webhook_gets_nothing() -> None:
    kit = await kit_with(hook("a", A, grant("calls")), hook("b", B, grant("calls")))
    await kit.store.set_webhook_disabled("a", True)
    await kit.store.remove_webhook("b")
    kit.bus.publish(EVENTS, queued("c1"))
    await kit.api.webhooks.refresh()
    kit.bus.publish(EVENTS, queued("c2"))
    await deliver(kit)
    assert kit.poster.posted == []
    assert await kit.store.counts() == {("a", "pending"): 1}
    await kit.api.stop()


@given(st.integers(1, 60), st.floats(0, 1))
def test_pauses_grow_to_an_hour_and_no_further(attempts: int, chance: float) -> None:
    pause = backoff.pause(attempts, chance)
    whole = min(backoff.LONGEST_S, backoff.FIRST_S * 2.0 ** (attempts - 1))
    assert whole / 2 <= pause <= whole


def test_retries_go_on_for_hours() -> None:
    delivery = Delivery(
        delivery_id="d",
        webhook_id="a",
        event_id="e",
        kind="call_queued",
        body="{}",
        created_at=START,
        next_at=START,
    )
    while delivery.state != "dead":
        delivery = backoff.after_failure(delivery, DOWN, delivery.next_at, chance=1.0)
    assert 20 < delivery.attempts < 60
    assert 22 * 3600 < delivery.next_at - START < 26 * 3600
