"""What the event API needs from others; :mod:`hotline` wires the implementations in."""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from agent_console.store.integration_model import ApiToken, Delivery, DeliveryState, Webhook


class IntegrationStore(Protocol):
    """Tokens, webhooks and deliveries; :mod:`agent_console.store` has the implementations."""

    async def add_token(self, token: ApiToken) -> None: ...

    async def token(self, token_id: str) -> ApiToken | None: ...

    async def tokens(self) -> Sequence[ApiToken]:
        """Return all tokens, oldest first."""

    async def revoke_token(self, token_id: str, now: float) -> None:
        """Make the token worthless; raises :class:`agent_console.errors.UnknownTokenError`."""

    async def note_token_used(self, token_id: str, now: float) -> None: ...

    async def living_tokens(self, token_ids: Collection[str], now: float) -> frozenset[str]:
        """Return those of the tokens that are neither revoked nor expired."""

    async def add_webhook(self, webhook: Webhook) -> None: ...

    async def webhooks(self) -> Sequence[Webhook]:
        """Return all webhooks, oldest first."""

    async def set_webhook_disabled(self, webhook_id: str, disabled: bool) -> None:
        """Raises :class:`agent_console.errors.UnknownWebhookError`."""

    async def remove_webhook(self, webhook_id: str) -> None:
        """Forget the webhook and what it was to be sent.

        Raises :class:`agent_console.errors.UnknownWebhookError`.
        """

    async def add_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """Store the deliveries, all or none; those of a webhook that is gone are left out."""

    async def due(self, webhook_id: str, now: float, limit: int) -> Sequence[Delivery]:
        """Return up to ``limit`` deliveries that should be tried now, the longest due first."""

    async def settle(self, done: Collection[str], undone: Collection[Delivery]) -> None:
        """Forget the deliveries that were made and note how the others stand."""

    async def dead(self, limit: int = 1000) -> Sequence[Delivery]:
        """Return the deliveries that were given up, oldest first."""

    async def retry(self, now: float, webhook_id: str | None, delivery_id: str | None) -> int:
        """Let dead deliveries be tried again, all or the chosen; return how many."""

    async def counts(self) -> dict[tuple[str, DeliveryState], int]:
        """Return how many deliveries there are by webhook and state."""

    async def sweep_dead(self, before: float) -> int:
        """Delete dead deliveries that were created before, and return how many."""
