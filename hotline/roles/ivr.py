"""The role ``ivr``: the voice menu's process."""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from crm_lookup.cache import CachedCustomers
from crm_lookup.keys import DataKey
from crm_lookup.numbers import NumberReader
from crm_lookup.pins import PinChecker
from hotline import db
from hotline.asterisk.render import DIALPLANS, SOUNDS
from hotline.asterisk.secrets import load_secrets
from hotline.banking import CoreWatch, open_desk
from hotline.callbacks import callback_numbers
from hotline.menu_places import open_places
from hotline.roles.flows import flow_folder, holidays, known_to_flows
from hotline.roles.life import end_with_supervisor, seal_memory, stop_event
from hotline.settings import Settings
from hotline.storage import open_bank
from hotline.web import health_app, serve_until
from ivr import lengths
from ivr.bank_desk import TelephoneDesk
from ivr.config import IvrConfig, IvrLimits
from ivr.flow import FlowSet, load
from ivr.flow.book import FlowBook
from ivr.prompts import PromptCatalogue
from ivr.routing import Known, RoutingBook
from ivr.server import IvrServer, IvrServices

log = structlog.get_logger(__name__)

DRAIN_SECONDS: Final = 6.0
"""How long calls in the menu may go on when the process is told to end."""


def load_prompts() -> PromptCatalogue:
    """The prompts that are shipped."""
    return PromptCatalogue.load()


def load_flows(settings: Settings) -> FlowSet:
    """The flows of these settings; raises :class:`ivr.errors.FlowFileError` naming the line."""
    return load(flow_folder(settings), load_prompts())


def routing_file(settings: Settings) -> Path:
    """The file with the routing rules."""
    return settings.ivr.routing or DIALPLANS / "routing.yaml"


def known_names(settings: Settings, flows: FlowSet | FlowBook) -> Known:
    """The names that routing rules may use."""
    return Known(
        queues=tuple(queue.name for queue in settings.queues),
        topics=flows.topics(),
        numbers=tuple(number.dnis for number in settings.numbers),
        callbacks=bool(settings.callback_trunk),
    )


def open_routing(settings: Settings, flows: FlowSet | FlowBook) -> RoutingBook:
    """The routing rules; raises :class:`ivr.errors.RoutingFileError` naming the line."""
    return RoutingBook(
        routing_file(settings),
        lambda: known_names(settings, flows),
        now=lambda: datetime.now(settings.zone),
    )


async def run_ivr(settings: Settings) -> None:
    """Serve the menu until SIGINT or SIGTERM, then let running calls end."""
    seal_memory()
    end_with_supervisor()
    stopped = stop_event()
    secrets = load_secrets(settings)
    key = DataKey(bytes.fromhex(secrets.lookup))
    async with AsyncExitStack() as stack:
        stack.enter_context(db.in_use(settings.database_url))
        bank = await stack.enter_async_context(await open_bank(settings, key))
        pins = PinChecker(
            bank, key, limit=settings.ivr.pin_tries, lock_seconds=settings.ivr.pin_lock
        )
        stack.push_async_callback(pins.close)
        desk = await stack.enter_async_context(open_desk(settings, key, pins=pins, personal=bank))
        places = await stack.enter_async_context(open_places(settings))
        watch = CoreWatch(desk)
        asking = asyncio.create_task(watch.run())
        stack.callback(asking.cancel)
        flows = FlowBook(flow_folder(settings), lambda: known_to_flows(settings))
        watching = asyncio.create_task(flows.watch())
        stack.callback(watching.cancel)
        calendar = holidays(settings)
        server = IvrServer(
            IvrConfig(
                host=settings.ivr.host,
                port=settings.ivr.port,
                secret=secrets.ivr,
                allow=settings.ivr.allow,
                flows=flows,
                route=open_routing(settings, flows).route,
                callback=callback_numbers(settings, NumberReader(settings.home_region)),
                clock=lambda: calendar.moment(datetime.now(settings.zone)),
                lengths=lengths.read(SOUNDS),
                limits=IvrLimits(
                    guard=settings.asterisk.guard,
                    sessions=settings.ivr.maximum_sessions,
                    lookup=settings.ivr.lookup_deadline,
                    resume=settings.ivr.resume_seconds,
                    accounts=settings.bank.deadline + 1.0,
                ),
            ),
            IvrServices(
                callers=CachedCustomers(bank),
                identities=bank,
                pins=pins,
                accounts=desk,
                reader=load_prompts(),
                last_agents=bank,
                places=places,
                bank=TelephoneDesk(desk, lambda: datetime.now(settings.zone)),
            ),
        )
        await server.start()
        try:
            if settings.ivr.metrics_port is None:
                await stopped.wait()
            else:
                app = health_app(
                    lambda: {"menu": server.listening}, lambda: {"bank": watch.is_well}
                )
                await serve_until(stopped, app, settings.ivr.host, settings.ivr.metrics_port)
        finally:
            await server.stop(DRAIN_SECONDS)
