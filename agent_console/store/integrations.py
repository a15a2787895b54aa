"""Tokens, webhooks and deliveries in SQL.  Portable SQLAlchemy Core; no pop waits for it."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy.ext.asyncio import AsyncEngine

from agent_console.errors import UnknownTokenError, UnknownWebhookError
from agent_console.store import integration_tables as t
from agent_console.store.integration_model import ApiToken, Delivery, DeliveryState, Grant, Webhook


class SqlIntegrationStore:
    """A :class:`agent_console.events_api.ports.IntegrationStore` in the hotline's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    # --- tokens ----------------------------------------------------------------------------

    async def add_token(self, token: ApiToken) -> None:
        await self._write(sa.insert(t.api_tokens).values(_row(token)))

    async def token(self, token_id: str) -> ApiToken | None:
        rows = await self._read(sa.select(t.api_tokens).where(t.api_tokens.c.token_id == token_id))
        return _token(rows[0]) if rows else None

    async def tokens(self) -> Sequence[ApiToken]:
        return [_token(r) for r in await self._read(_by_age(t.api_tokens))]

    async def revoke_token(self, token_id: str, now: float) -> None:
        one = t.api_tokens.c.token_id == token_id
        values = {"revoked_at": sa.func.coalesce(t.api_tokens.c.revoked_at, now)}
        if not await self._write(sa.update(t.api_tokens).where(one).values(values)):
            raise UnknownTokenError(token_id)

    async def note_token_used(self, token_id: str, now: float) -> None:
        one = t.api_tokens.c.token_id == token_id
        await self._write(sa.update(t.api_tokens).where(one).values(seen_at=now))

    async def living_tokens(self, token_ids: Collection[str], now: float) -> frozenset[str]:
        c = t.api_tokens.c
        query = sa.select(c.token_id).where(
            c.token_id.in_(token_ids), c.revoked_at.is_(None), c.expires_at > now
        )
        return frozenset(row.token_id for row in await self._read(query))

    # --- webhooks --------------------------------------------------------------------------

    async def add_webhook(self, webhook: Webhook) -> None:
        await self._write(sa.insert(t.api_webhooks).values(_row(webhook)))

    async def webhooks(self) -> Sequence[Webhook]:
        return [_webhook(r) for r in await self._read(_by_age(t.api_webhooks))]

    async def set_webhook_disabled(self, webhook_id: str, disabled: bool) -> None:
        one = t.api_webhooks.c.webhook_id == webhook_id
        if not await self._write(sa.update(t.api_webhooks).where(one).values(disabled=disabled)):
            raise UnknownWebhookError(webhook_id)

    async def remove_webhook(self, webhook_id: str) -> None:
        """Forget the webhook and, with it, what it was to be sent."""
        async with self._engine.begin() as connection:
            theirs = t.api_deliveries.c.webhook_id == webhook_id
            await connection.execute(sa.delete(t.api_deliveries).where(theirs))
            one = t.api_webhooks.c.webhook_id == webhook_id
            gone = await connection.execute(sa.delete(t.api_webhooks).where(one))
        if not gone.rowcount:
            raise UnknownWebhookError(webhook_id)

    # --- deliveries ------------------------------------------------------------------------

    async def add_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """Store the deliveries together; those of a webhook that is gone are left out."""
        async with self._engine.begin() as connection:
            query = sa.select(t.api_webhooks.c.webhook_id)
            known = set((await connection.execute(query)).scalars())
            rows = [asdict(d) for d in deliveries if d.webhook_id in known]
            if rows:
                await connection.execute(sa.insert(t.api_deliveries), rows)

    async def due(self, webhook_id: str, now: float, limit: int) -> Sequence[Delivery]:
        c = t.api_deliveries.c
        query = (
            sa.select(t.api_deliveries)
            .where(c.webhook_id == webhook_id, c.state != "dead", c.next_at <= now)
            .order_by(c.next_at, c.created_at)
            .limit(limit)
        )
        return [Delivery(**row._mapping) for row in await self._read(query)]

    async def settle(self, done: Collection[str], undone: Collection[Delivery]) -> None:
        """Forget the deliveries that were made and note how the others stand."""
        c = t.api_deliveries.c
        async with self._engine.begin() as connection:
            if done:
                await connection.execute(
                    sa.delete(t.api_deliveries).where(c.delivery_id.in_(done))
                )
            for delivery in undone:
                await connection.execute(
                    sa.update(t.api_deliveries)
                    .where(c.delivery_id == delivery.delivery_id)
                    .values(
                        state=delivery.state,
                        attempts=delivery.attempts,
                        next_at=delivery.next_at,
                        last_error=delivery.last_error,
                    )
                )

    async def dead(self, limit: int = 1000) -> Sequence[Delivery]:
        c = t.api_deliveries.c
        query = sa.select(t.api_deliveries).where(c.state == "dead")
        rows = await self._read(query.order_by(c.created_at).limit(limit))
        return [Delivery(**row._mapping) for row in rows]

    async def retry(self, now: float, webhook_id: str | None, delivery_id: str | None) -> int:
        c = t.api_deliveries.c
        change = sa.update(t.api_deliveries).where(c.state == "dead")
        if webhook_id is not None:
            change = change.where(c.webhook_id == webhook_id)
        if delivery_id is not None:
            change = change.where(c.delivery_id == delivery_id)
        fresh = {"state": "pending", "attempts": 0, "next_at": now, "last_error": ""}
        return await self._write(change.values(fresh))

    async def counts(self) -> dict[tuple[str, DeliveryState], int]:
        c = t.api_deliveries.c
        query = sa.select(c.webhook_id, c.state, sa.func.count().label("n"))
        rows = await self._read(query.group_by(c.webhook_id, c.state))
        return {(row.webhook_id, row.state): row.n for row in rows}

    async def sweep_dead(self, before: float) -> int:
        c = t.api_deliveries.c
        return await self._write(
            sa.delete(t.api_deliveries).where(c.state == "dead", c.created_at < before)
        )

    # --- helpers ---------------------------------------------------------------------------

    async def _read(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        async with self._engine.connect() as connection:
            rows: Sequence[sa.Row[Any]] = (await connection.execute(query)).all()
            return rows

    async def _write(self, change: sa.Insert | sa.Update | sa.Delete) -> int:
        async with self._engine.begin() as connection:
            result = await connection.execute(change)
        return result.rowcount


def _by_age(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).order_by(table.c.created_at)


def _row(record: ApiToken | Webhook) -> dict[str, Any]:
    fields = asdict(record)
    grant: Grant = fields.pop("grant")
    if isinstance(record, Webhook):
        fields["kinds"] = _listed(record.kinds)
    return fields | {
        "scopes": _listed(grant.scopes),
        "queues": _listed(grant.queues),
        "agents": _listed(grant.agents),
    }


def _listed(values: Collection[str] | None) -> str | None:
    return None if values is None else json.dumps(sorted(values), ensure_ascii=False)


def _unlisted(text: str | None) -> frozenset[Any] | None:
    return None if text is None else frozenset(json.loads(text))


def _split(row: sa.Row[Any]) -> dict[str, Any]:
    fields = dict(row._mapping)
    grant = Grant(
        scopes=_unlisted(fields.pop("scopes")) or frozenset(),
        queues=_unlisted(fields.pop("queues")),
        agents=_unlisted(fields.pop("agents")),
    )
    return fields | {"grant": grant}


def _token(row: sa.Row[Any]) -> ApiToken:
    return ApiToken(**_split(row))


def _webhook(row: sa.Row[Any]) -> Webhook:
    fields = _split(row)
    return Webhook(**fields | {"kinds": _unlisted(fields["kinds"])})
