"""The event API as the settings want it."""

import time
from collections.abc import Callable

from agent_console.events_api.ports import IntegrationStore
from agent_console.events_api.sender import HttpPoster
from agent_console.events_api.service import EventsApi
from agent_console.events_api.targets import Policy
from agent_console.events_api.webhooks import WebhookConfig
from crm_lookup.numbers import NumberReader
from cti.core.ids import CallId
from hotline.roster import BankEngine
from hotline.settings import Settings

_HOUR_S = 3600.0


def make_events_api(
    settings: Settings, engine: BankEngine, store: IntegrationStore, numbers: NumberReader
) -> EventsApi:
    """Return the event API over this engine; the caller feeds, starts and stops it."""
    own = settings.integrations
    config = WebhookConfig(
        give_up_s=own.webhook_give_up_hours * _HOUR_S,
        keep_dead_s=own.dead_letter_days * 24 * _HOUR_S,
    )
    return EventsApi(store, numbers, _last_queue(engine), time.time, make_poster(settings), config)


def make_poster(settings: Settings) -> HttpPoster:
    """Return what sends webhooks; the caller closes it."""
    authority = settings.integrations.webhook_authority
    return HttpPoster(
        webhook_policy(settings),
        time.time,
        authority=None if authority is None else str(authority),
    )


def webhook_policy(settings: Settings) -> Policy:
    """Return where webhooks may go."""
    own = settings.integrations
    return Policy(
        networks=own.webhook_networks,
        plain_hosts=frozenset(host.lower() for host in own.plain_http_hosts),
    )


def _last_queue(engine: BankEngine) -> Callable[[CallId], str | None]:
    """How the event API finds the queue that a call is or was in."""

    def queue(call_id: CallId) -> str | None:
        call = engine.world.calls.get(call_id)
        return None if call is None else call.queue

    return queue
