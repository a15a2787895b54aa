"""The role ``console``: the engine and, with it, the agents' web console."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import structlog

from agent_console import dispositions
from agent_console.alarms import AlarmDesk
from agent_console.app import UVICORN_OPTIONS, create_app
from agent_console.config import DEFAULT_CATALOGUE, ConsoleConfig
from agent_console.events_api.service import EventsApi
from agent_console.messages import CandidateCard, Catalogue
from agent_console.store import (
    SqlAlarmStore,
    SqlFloorStore,
    SqlIntegrationStore,
    SqlKnowledgeStore,
    SqlLookupAudit,
    SqlUserStore,
    SqlWorkStore,
)
from crm_lookup import model
from crm_lookup.cache import CachedCustomers
from crm_lookup.keys import DataKey
from crm_lookup.model import CustomerBrief, Text
from crm_lookup.numbers import NumberReader
from crm_lookup.topics import TOPICS
from crm_lookup.unmasking import Unmasker
from cti.ami.client import AmiConfig
from cti.core import ids
from cti.core.ids import QueueName
from cti.core.world import Rules
from cti.engine import EngineConfig
from hotline import db, tls, voicemail
from hotline.accounts import async_engine
from hotline.alarms import make_alarms
from hotline.announcements import AnnouncementMaker
from hotline.asterisk.books import books_of
from hotline.asterisk.layout import Dirs
from hotline.asterisk.secrets import load_secrets
from hotline.boards import EngineBoard, board_rules
from hotline.callbacks import callback_rules
from hotline.contacts import ContactKeeper
from hotline.customer_desk import BankCustomerDesk
from hotline.days import JournalDays
from hotline.desks import Desks, TappedBus
from hotline.floor import BankFloor
from hotline.integrations import make_events_api
from hotline.last_agents import LastAgentKeeper
from hotline.menu_words import NODES
from hotline.monitoring import EngineMonitoring, monitor_rules
from hotline.offer_answers import OfferAnswerKeeper
from hotline.report_pages import HistoryReports, queue_words
from hotline.roles.life import end_with_supervisor, settle_memory, stop_event
from hotline.roster import BankEngine
from hotline.settings import Settings
from hotline.storage import callbacks, history, open_bank, open_journal
from hotline.target_groups import target_groups
from hotline.voicemail_tasks import VoicemailTasks
from hotline.web import serve_until
from ivr.prompts import PromptCatalogue

log = structlog.get_logger(__name__)

_ASTERISK_FIRST: Final = 1.0
"""Seconds for which the web waits until the engine knows Asterisk's calls, if it answers."""


class Briefs:
    """The customers' briefs as the engine asks for them."""

    def __init__(self, customers: CachedCustomers) -> None:
        self._customers = customers

    async def brief(self, customer_id: ids.CustomerId) -> CustomerBrief | None:
        return await self._customers.brief(model.CustomerId(customer_id))

    async def candidates(self, caller_number: str) -> tuple[CandidateCard, ...]:
        """Return who may be behind a number, as the agent sees them."""
        found = await self._customers.recognise(caller_number)
        cards = []
        for candidate in found.candidates if found.status == "ambiguous" else ():
            brief = await self._customers.brief(candidate.customer_id)
            if brief is not None:
                cards.append(
                    CandidateCard(
                        customer_id=candidate.customer_id,
                        name=brief.name,
                        phone=brief.phone,
                        segment=brief.segment,
                        reasons=candidate.reasons,
                        need=brief.needs[0].reason if brief.needs else None,
                    )
                )
        return tuple(cards)


async def run_console(settings: Settings, *, web: bool) -> None:
    """Follow Asterisk and, with ``web``, serve the console, until SIGINT or SIGTERM."""
    end_with_supervisor()
    stopped = stop_event()
    secrets = load_secrets(settings)
    numbers = NumberReader(settings.home_region)
    async with AsyncExitStack() as stack:
        stack.enter_context(db.in_use(settings.database_url))
        journal = await asyncio.to_thread(open_journal, settings)
        stack.push_async_callback(journal.close)
        bank = await stack.enter_async_context(
            await open_bank(settings, DataKey(bytes.fromhex(secrets.lookup)))
        )
        customers = CachedCustomers(bank)
        bus = TappedBus()
        engine = BankEngine(
            EngineConfig(
                zone=settings.zone,
                ami=AmiConfig(
                    host=settings.ami.host,
                    port=settings.ami.port,
                    username=settings.ami.username,
                    secret=secrets.ami,
                ),
                rules=Rules(
                    pseudonym_key=bytes.fromhex(secrets.pseudonym),
                    wrap_up={QueueName(q.name): q.wrap_up_seconds for q in settings.queues},
                    to_e164=lambda raw: numbers.read(raw).e164,
                ),
                missed_calls=settings.agents.missed_calls,
                callbacks=callback_rules(settings, numbers),
                board=board_rules(settings),
                monitoring=monitor_rules(settings),
            ),
            briefs=Briefs(customers),
            journal=journal,
            books=books_of(settings),
            callbacks=callbacks(settings),
            voicemail_room=voicemail.room(
                voicemail.folder(settings), settings.voicemail.maximum_megabytes * 1_000_000
            ),
            bus=bus,
        )
        users_engine = async_engine(settings)
        stack.push_async_callback(users_engine.dispose)
        users = SqlUserStore(users_engine)
        desks = Desks(engine, bus, users, settings.queues, numbers, settings.monitoring)
        events_api = make_events_api(settings, engine, SqlIntegrationStore(users_engine), numbers)
        bus.watchers.append(events_api.take)
        last_agents = LastAgentKeeper(engine.world, bank)
        bus.watchers.append(last_agents.take)
        stack.push_async_callback(last_agents.stop)
        contacts = ContactKeeper(engine.world, customers, outcomes=_outcome_words(settings))
        bus.watchers.append(contacts.take)
        stack.push_async_callback(contacts.stop)
        offer_answers = OfferAnswerKeeper(customers)
        bus.watchers.append(offer_answers.take)
        stack.push_async_callback(offer_answers.stop)
        work = SqlWorkStore(users_engine)
        voicemail_tasks = VoicemailTasks(
            engine.world,
            users=users,
            work=work,
            last_agents=bank,
            brief=customers.brief,
            within=settings.voicemail.answer_within_minutes * 60.0,
        )
        bus.watchers.append(voicemail_tasks.take)
        stack.push_async_callback(voicemail_tasks.stop)
        floor = BankFloor(
            engine,
            SqlFloorStore(users_engine),
            users,
            AnnouncementMaker(
                Dirs(settings.state_dir / "asterisk").announcements,
                PromptCatalogue.load(),
                {"zh": settings.announcements.voice_zh, "en": settings.announcements.voice_en},
            ),
            settings.queues,
        )
        await floor.load()
        await events_api.start()
        stack.push_async_callback(events_api.stop)
        serve, alarms = None, None
        if web:
            alarms = make_alarms(settings, engine, users, SqlAlarmStore(users_engine))
            serve = _web(
                settings,
                engine,
                desks,
                users,
                work,
                events_api,
                knowledge=SqlKnowledgeStore(users_engine),
                customers=BankCustomerDesk(bank, numbers, settings.zone, time.time),
                lookups=SqlLookupAudit(users_engine),
                unmasking=Unmasker(bank, bank, time.time),
                voices=voicemail.Voices(voicemail.folder(settings)),
                listens=bank,
                alarms=alarms,
                floor=floor,
            )
        settle_memory()
        # All is built: from here on the loop has time for Asterisk, and first of all for it.
        await engine.start()
        stack.push_async_callback(engine.stop)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(engine.wait_in_step(), _ASTERISK_FIRST)
        if serve is None or alarms is None:
            await stopped.wait()
            return
        alarms.start()
        stack.push_async_callback(alarms.stop)
        await serve(stopped)


def _web(
    settings: Settings,
    engine: BankEngine,
    desks: Desks,
    users: SqlUserStore,
    work: SqlWorkStore,
    events_api: EventsApi,
    *,
    alarms: AlarmDesk,
    floor: BankFloor,
    **ports: Any,
) -> Callable[[asyncio.Event], Awaitable[None]]:
    """Build the application; return the function that serves it until the event is set."""
    pair = tls.certificate_files(settings, now=datetime.now(UTC))

    def readiness() -> Mapping[str, bool]:
        health = engine.health()
        return {"asterisk": health.ami == "in_step", "journal": health.journal == "ok"}

    app = create_app(
        ConsoleConfig(
            origins=_origins(settings),
            secure_cookies=pair is not None,
            catalogue=_catalogue(settings),
            idle_timeout_s=settings.console.idle_minutes * 60.0,
        ),
        desks,
        users,
        work,
        JournalDays(history(settings), settings.zone),
        clock=time.time,
        readiness=readiness,
        routes=events_api.routes(),
        **ports,
        groups=target_groups(settings),
        reports=HistoryReports(
            history(settings),
            settings,
            {"queues": queue_words(settings), "topics": TOPICS, "nodes": NODES},
        ),
        board=EngineBoard(engine, users, history(settings), settings, alarms.standing, floor),
        alarms=alarms,
        monitoring=EngineMonitoring(engine, users, settings),
        floor=floor,
    )

    async def serve(stopped: asyncio.Event) -> None:
        await serve_until(
            stopped,
            app,
            settings.console.host,
            settings.console.port,
            closing=app.state.end_streams,
            ssl_certfile=str(pair.certificate) if pair else None,
            ssl_keyfile=str(pair.key) if pair else None,
            **UVICORN_OPTIONS,
        )

    return serve


def _catalogue(settings: Settings) -> Catalogue:
    """The bank's words for queues, topics and nodes."""
    reasons = {**DEFAULT_CATALOGUE.reasons, **TOPICS}
    outcomes = dispositions.read(settings.console.dispositions or dispositions.SHIPPED)
    return msgspec.structs.replace(
        DEFAULT_CATALOGUE,
        queues=queue_words(settings),
        reasons=reasons,
        nodes=NODES,
        disposition_groups=outcomes.groups,
        dispositions=outcomes.dispositions,
    )


def _outcome_words(settings: Settings) -> dict[str, Text]:
    """What the dispositions are called, by code."""
    outcomes = dispositions.read(settings.console.dispositions or dispositions.SHIPPED)
    return {each.code: each.text for each in outcomes.dispositions}


def _origins(settings: Settings) -> tuple[str, ...]:
    """Where browsers may find the page: this address, and what the operator adds."""
    scheme = "https" if settings.tls.enabled else "http"
    port = settings.console.port
    hosts = {settings.console.host, "localhost", "127.0.0.1"} - {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    own = (f"{scheme}://{host}:{port}" for host in sorted(hosts))
    return (*own, *settings.console.allowed_origins)
