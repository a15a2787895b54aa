"""The in-memory twin of :class:`agent_console.store.integrations.SqlIntegrationStore`."""

from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from agent_console.errors import UnknownTokenError, UnknownWebhookError
from agent_console.store.integration_model import ApiToken, Delivery, DeliveryState, Webhook


class MemoryIntegrationStore:
    """A :class:`agent_console.events_api.ports.IntegrationStore` that forgets at exit."""

    def __init__(self) -> None:
        self._tokens: dict[str, ApiToken] = {}
        self._webhooks: dict[str, Webhook] = {}
        self._deliveries: dict[str, Delivery] = {}

    async def add_token(self, token: ApiToken) -> None:
        self._tokens[token.token_id] = token

    async def token(self, token_id: str) -> ApiToken | None:
        return self._tokens.get(token_id)

    async def tokens(self) -> Sequence[ApiToken]:
        return sorted(self._tokens.values(), key=lambda token: token.created_at)

    async def revoke_token(self, token_id: str, now: float) -> None:
        token = self._tokens.get(token_id)
        if token is None:
            raise UnknownTokenError(token_id)
        if token.revoked_at is None:
            self._tokens[token_id] = replace(token, revoked_at=now)

    async def note_token_used(self, token_id: str, now: float) -> None:
        self._tokens[token_id] = replace(self._tokens[token_id], seen_at=now)

    async def living_tokens(self, token_ids: Collection[str], now: float) -> frozenset[str]:
        known = (self._tokens[i] for i in token_ids if i in self._tokens)
        return frozenset(token.token_id for token in known if token.alive(now))

    async def add_webhook(self, webhook: Webhook) -> None:
        self._webhooks[webhook.webhook_id] = webhook

    async def webhooks(self) -> Sequence[Webhook]:
        return sorted(self._webhooks.values(), key=lambda webhook: webhook.created_at)

    async def set_webhook_disabled(self, webhook_id: str, disabled: bool) -> None:
        if webhook_id not in self._webhooks:
            raise UnknownWebhookError(webhook_id)
        self._webhooks[webhook_id] = replace(self._webhooks[webhook_id], disabled=disabled)

    async def remove_webhook(self, webhook_id: str) -> None:
        if self._webhooks.pop(webhook_id, None) is None:
            raise UnknownWebhookError(webhook_id)
        kept = [d for d in self._deliveries.values() if d.webhook_id != webhook_id]
        self._deliveries = {d.delivery_id: d for d in kept}

    async def add_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        for delivery in deliveries:
            if delivery.webhook_id in self._webhooks:
                self._deliveries[delivery.delivery_id] = delivery

    async def due(self, webhook_id: str, now: float, limit: int) -> Sequence[Delivery]:
        found = [
            d
            for d in self._deliveries.values()
            if d.webhook_id == webhook_id and d.state != "dead" and d.next_at <= now
        ]
        return sorted(found, key=lambda d: (d.next_at, d.created_at))[:limit]

    async def settle(self, done: Collection[str], undone: Collection[Delivery]) -> None:
        for delivery_id in done:
            self._deliveries.pop(delivery_id, None)
        for delivery in undone:
            if delivery.delivery_id in self._deliveries:
                self._deliveries[delivery.delivery_id] = delivery

    async def dead(self, limit: int = 1000) -> Sequence[Delivery]:
        found = [d for d in self._deliveries.values() if d.state == "dead"]
        return sorted(found, key=lambda d: d.created_at)[:limit]

    async def retry(self, now: float, webhook_id: str | None, delivery_id: str | None) -> int:
        chosen = [
            d
            for d in await self.dead()
            if webhook_id in (None, d.webhook_id) and delivery_id in (None, d.delivery_id)
        ]
        for d in chosen:
            self._deliveries[d.delivery_id] = replace(
                d, state="pending", attempts=0, next_at=now, last_error=""
            )
        return len(chosen)

    async def counts(self) -> dict[tuple[str, DeliveryState], int]:
        found: dict[tuple[str, DeliveryState], int] = {}
        for d in self._deliveries.values():
            found[d.webhook_id, d.state] = found.get((d.webhook_id, d.state), 0) + 1
        return found

    async def sweep_dead(self, before: float) -> int:
        old = [d.delivery_id for d in await self.dead() if d.created_at < before]
        for delivery_id in old:
            del self._deliveries[delivery_id]
        return len(old)
