"""A running hotline that the rounds may break: its engine reaches Asterisk through a relay.

Its state is read twice: ours from the journal, Asterisk's by another library over another line.
"""

import asyncio
import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bench.fault_rounds.clock import FakeClock
from bench.fault_rounds.relay import Relay
from cti.core import events as ev
from cti.core.world import World
from hotline import db
from hotline.asterisk.secrets import load_secrets
from hotline.carrier import Carrier
from hotline.demo.people import AGENTS
from hotline.demo.site import HOST, PortPlan, Site
from hotline.journal_reader import JournalReader
from hotline.supervisor import RoleProcess
from tests.asterisk import truth

WRAP_UP: Final = 3
"""Seconds."""
QUICK, SLOW = AGENTS[4], AGENTS[5]
"""Colleagues: paused, so that no queue rings them; one answers at once, one only after a while."""
IN_MEETING: Final = "meeting"
"""Their reason."""
SETTINGS: Final = f"""
[[queues]]
name = "service"
wrap_up_seconds = {WRAP_UP}

[[queues]]
name = "vip"
wrap_up_seconds = {WRAP_UP}

# Phones ring in vain while their agent's call is broken; that must not send everybody home.
[agents]
missed_calls = 0
"""
_LOOK_EVERY: Final = 0.1
STANDS: Final = 1.5
"""Seconds after which a difference is none of an event on its way."""
_CALM: Final = 5.0


class Stand:
    """The installation under test."""

    def __init__(self, site: Site, clock: FakeClock) -> None:
        self.site = site
        self.clock = clock
        """Our side's."""
        self.asterisk_clock = clock.twin(site.state_dir / "asterisk-clock")
        site.exchange.process.environ = self.asterisk_clock.environ()
        self.relay = Relay(HOST, site.plan.ami + 50, site.plan.ami)
        config = site.state_dir / "relayed.toml"
        ports = f"[ami]\nport = {site.plan.ami}"
        text = site.config.read_text(encoding="utf-8")
        assert ports in text, "the settings of a trial installation look otherwise now"
        config.write_text(text.replace(ports, f"[ami]\nport = {site.plan.ami + 50}"))
        self.console = RoleProcess(
            "console",
            ["--config", str(config), "serve", "console"],
            {"HOTLINE_SUPERVISOR": str(os.getpid()), **clock.environ()},
            site.state_dir / "log" / "console.log",
        )
        secrets = load_secrets(site.settings)
        self.pseudonym_key = bytes.fromhex(secrets.pseudonym)
        self.database = db.sqlite_path(site.settings.database_url)
        self.journal = JournalReader(self.database)
        self.secret = secrets.ami
        """The manager account's."""
        self.stood: dict[str, float] = {}
        """Differences that stood for long, and for how many seconds, until somebody empties it."""
        self.seen: dict[str, float] = {}
        """Every difference, and for how many seconds it was seen, until somebody empties it."""
        self.said = 0
        """Commands that pages have sent."""
        self.settled: list[float] = []
        """Seconds from ``FullyBooted`` until a stale pause was gone on with or lifted."""
        self.in_step_at = 0.0
        """When the engine's last picture of Asterisk stood in the journal (monotonic clock)."""
        self._world = truth.folded(())
        self._folded = 0
        self._reading = threading.Lock()
        """Customers, orders and comparison read beside each other."""

    @property
    def carrier(self) -> Carrier:
        assert self.site.carrier is not None
        return self.site.carrier

    def ours(self) -> World:
        """Our state, as the journal tells it now."""
        with self._reading:
            events = self.journal.refresh().events
            fresh = events[self._folded :]
            self._world.restore(fresh)
            self._folded = len(events)
            if any(isinstance(event, ev.EngineResynchronised) for event in fresh):
                self.in_step_at = time.monotonic()
            return self._world

    def told(self) -> Sequence[ev.DomainEvent]:
        """Every event of the journal so far."""
        self.ours()
        return tuple(self.journal.events)

    def true(self) -> truth.Truth:
        """Asterisk's state, as another library reads it now; one that stumbles may try again."""
        for _ in range(2):
            with contextlib.suppress(Exception):
                return truth.read(HOST, self.site.plan.ami, self.secret)
        return truth.read(HOST, self.site.plan.ami, self.secret)

    def asterisks_time(self) -> float:
        """Seconds since the epoch by Asterisk's clock."""
        return truth.clock(HOST, self.site.plan.ami, self.secret)

    def phases(self) -> Mapping[str, str]:
        """The phase of each call now."""
        return {c.call_id: c.state for c in self.ours().calls.values() if c.state != "ended"}

    async def differences(self) -> list[str]:
        """Compare now; a difference may be an event that is still on its way."""
        try:
            true = await asyncio.to_thread(self.true)
        except Exception as error:  # noqa: BLE001 - pyst2 raises what it likes while Asterisk is away
            return [f"Asterisk does not answer: {error!r}"]
        return truth.differences(true, await asyncio.to_thread(self.ours))

    async def agree(self, seconds: float) -> tuple[float, list[str]]:
        """Compare until nothing differs, or ``seconds`` are over.

        A difference that comes and goes is an event on its way; on a busy machine there may be
        one at every look.  So it also agrees if for a while no difference has stood for long.
        Returns when it agreed (monotonic clock), and what still differs: nothing if it agreed.
        """
        begun = time.monotonic()
        stands: dict[str, float] = {}
        last = begun
        """When a difference that had stood for long was last seen."""
        while True:
            found = await self.differences()
            now = time.monotonic()
            if not found:
                return now, []
            stands = {words: stands.get(words, now) for words in found}
            self.seen |= {words: now - since for words, since in stands.items()}
            old = [words for words, since in stands.items() if now - since > STANDS]
            if old:
                last = now
                self.stood |= {words: now - stands[words] for words in old}
            if now - last > _CALM:
                return last, []
            if now - begun > seconds:
                return now, sorted(w for w, since in stands.items() if now - since > STANDS)
            await asyncio.sleep(_LOOK_EVERY)

    async def over(self, seconds: float) -> Counter[str]:
        """Wait until every call has ended; return the phases of those that have not."""
        until = time.monotonic() + seconds
        while (left := self.phases()) and time.monotonic() < until:  # noqa: ASYNC110 - not ours
            await asyncio.sleep(0.5)
        return Counter(left.values())


@asynccontextmanager
async def running(state_dir: Path, base: int, clock: FakeClock) -> AsyncIterator[Stand]:
    """A stand with carrier and phones, but nobody signed in."""
    site = Site(state_dir, PortPlan.choose(base), extra=SETTINGS)
    await site.prepare(100, lambda _: None)
    stand = Stand(site, clock)
    role: asyncio.Task[None] | None = None
    try:
        await site.start(roles=("ivr",))
        await stand.relay.start()
        role = asyncio.create_task(stand.console.run())
        await site.ready(120)
        await site.start_carrier(answer_after=1.0, talk=2, speaks=False)
        yield stand
    finally:
        if role is not None:
            role.cancel()
            await asyncio.gather(role, return_exceptions=True)
        await stand.relay.stop()
        await site.stop()
