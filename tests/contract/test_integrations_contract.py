"""One suite over every :class:`agent_console.events_api.ports.IntegrationStore`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from agent_console.errors import UnknownTokenError, UnknownWebhookError
from agent_console.events_api.ports import IntegrationStore
from agent_console.store import MemoryIntegrationStore, SqlIntegrationStore
from agent_console.store.integration_model import ApiToken, Delivery, Grant, Webhook
from agent_console.store.tables import metadata
from tests.postgres_kit import open_engine

NOW = 1_800_000_000.0
GRANT = Grant(scopes=frozenset({"pops", "customer"}), queues=frozenset({"vip"}), agents=None)
TOKEN = ApiToken(
    token_id="t1",
    token_hash="a" * 64,
    name="CRM 系统",
    grant=GRANT,
    created_at=NOW,
    expires_at=NOW + 100,
)
HOOK = Webhook(
    webhook_id="w1",
    url="https://crm.bank.example/pops",
    secret="whsec_c2VjcmV0",
    grant=GRANT,
    kinds=frozenset({"pop_raised"}),
    created_at=NOW,
)
DELIVERY = Delivery(
    delivery_id="d1",
    webhook_id="w1",
    event_id="e1",
    kind="pop_raised",
    body='{"id":"e1"}',
    created_at=NOW,
    next_at=NOW,
)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[IntegrationStore]:
    if request.param == "memory":
        yield MemoryIntegrationStore()
        return
    async with open_engine(request.param, tmp_path, metadata) as engine:
        yield SqlIntegrationStore(engine)


async def test_a_token_comes_back_as_stored(store: IntegrationStore) -> None:
    everything = replace(
        TOKEN,
        token_id="t2",
        created_at=NOW + 1,
        grant=Grant(scopes=frozenset(), queues=None, agents=frozenset({"1001"})),
    )
    await store.add_token(everything)
    await store.add_token(TOKEN)
    assert await store.token("t1") == TOKEN
    assert await store.token("t3") is None
    assert list(await store.tokens()) == [TOKEN, everything]
    await store.note_token_used("t1", NOW + 5)
    assert await store.token("t1") == replace(TOKEN, seen_at=NOW + 5)


async def test_a_revoked_or_expired_token_lives_no_more(store: IntegrationStore) -> None:
    await store.add_token(TOKEN)
    await store.add_token(replace(TOKEN, token_id="t2"))
    ids = ("t1", "t2", "t3")
    assert await store.living_tokens(ids, NOW) == {"t1", "t2"}
    await store.revoke_token("t1", NOW + 1)
    await store.revoke_token("t1", NOW + 2)
    assert await store.living_tokens(ids, NOW + 2) == {"t2"}
    assert await store.token("t1") == replace(TOKEN, revoked_at=NOW + 1)
    assert await store.living_tokens(ids, NOW + 100) == frozenset()
    with pytest.raises(UnknownTokenError, match="tokens list"):
        await store.revoke_token("t3", NOW)


async def test_a_webhook_is_stored_switched_and_forgotten(store: IntegrationStore) -> None:
    everything = replace(HOOK, webhook_id="w2", kinds=None, created_at=NOW + 1)
    await store.add_webhook(everything)
    await store.add_webhook(HOOK)
    assert list(await store.webhooks()) == [HOOK, everything]
    await store.set_webhook_disabled("w1", True)
    assert (await store.webhooks())[0].disabled
    await store.add_deliveries([DELIVERY])
    await store.remove_webhook("w1")
    assert list(await store.webhooks()) == [everything]
    assert await store.counts() == {}
    for change in (store.remove_webhook("w1"), store.set_webhook_disabled("w1", False)):
        with pytest.raises(UnknownWebhookError, match="webhooks list"):
            await change


async def test_deliveries_are_due_until_made_or_dead(store: IntegrationStore) -> None:
    await store.add_webhook(HOOK)
    later = replace(DELIVERY, delivery_id="d2", next_at=NOW + 10)
    stray = replace(DELIVERY, delivery_id="d3", webhook_id="gone")
    await store.add_deliveries([later, DELIVERY, stray])
    assert list(await store.due("w1", NOW, 10)) == [DELIVERY]
    assert list(await store.due("w1", NOW + 10, 10)) == [DELIVERY, later]
    assert list(await store.due("w1", NOW + 10, 1)) == [DELIVERY]
    failed = replace(DELIVERY, state="failed", attempts=1, next_at=NOW + 20, last_error="500")
    await store.settle(["d2"], [failed])
    assert list(await store.due("w1", NOW + 19, 10)) == []
    assert list(await store.due("w1", NOW + 20, 10)) == [failed]
    assert await store.counts() == {("w1", "failed"): 1}


async def test_the_dead_are_kept_retried_and_swept(store: IntegrationStore) -> None:
    await store.add_webhook(HOOK)
    dead = [
        replace(DELIVERY, delivery_id=f"d{n}", created_at=NOW + n, state="dead", attempts=9)
        for n in range(3)
    ]
    await store.add_deliveries(dead)
    assert list(await store.dead()) == dead
    assert list(await store.due("w1", NOW + 99, 10)) == []
    assert await store.retry(NOW + 50, None, "d1") == 1
    assert await store.retry(NOW + 50, "other", None) == 0
    assert list(await store.due("w1", NOW + 50, 10)) == [
        replace(dead[1], state="pending", attempts=0, next_at=NOW + 50)
    ]
    assert await store.sweep_dead(NOW + 1) == 1
    assert list(await store.dead()) == [dead[2]]
    assert await store.retry(NOW, "w1", None) == 1
