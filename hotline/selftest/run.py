"""The steps of the self-test.

Nothing is faked: calls go over a SIP trunk from a second Asterisk, digits are keyed as RFC 4733
events, the agent's console is signed in over HTTP and sees the pop on its WebSocket, and the
journal is compared with Asterisk's own queue_log and call records.
"""

import asyncio
import csv
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from agent_console import messages
from cti.core import events
from hotline import demo_bank
from hotline.console_client import ConsoleClient
from hotline.demo.people import AGENTS
from hotline.demo.site import HOST, PortPlan, Site
from hotline.journal_reader import JournalReader
from hotline.selftest.desk import Desk
from hotline.selftest.report import Report, Step, latency
from hotline.selftest.sound import loudness

CUSTOMERS: Final = 200
STEP_SECONDS: Final = 25.0
"""No step may take longer, so that the whole test ends in time whatever breaks."""

QUIETEST: Final = -45.0
"""dBFS; a recording below this held no speech."""


class SelfTest:
    """One run below ``state_dir``."""

    def __init__(
        self,
        state_dir: Path,
        *,
        pin: str | None,
        report: Callable[[Step], None],
        fail_fast: bool = False,
        database: str | None = None,
    ) -> None:
        """``database``: the URL of an empty one to use in place of a file."""
        self._state_dir = state_dir
        self._fail_fast = fail_fast
        self._customer = demo_bank.DEMO_CUSTOMERS[0]
        self._pin = pin if pin is not None else self._customer.pin
        self._report = report
        self._steps: list[Step] = []
        self._pops: list[float] = []
        self._pids: dict[str, int | None] = {}
        self._site = Site(
            state_dir,
            PortPlan.choose(23000),
            extra=f"\n[database]\nurl = {json.dumps(database)}\n" if database else "",
        )
        self._journal = JournalReader(self._site.settings.database_url)
        self._desk = Desk(ConsoleClient(HOST, self._site.plan.console))

    async def run(self) -> Report:
        """Run every step; after a failed preparation the rest is not tried."""
        try:
            prepared = (
                await self._step("database, bank and people", self._prepare, 60)
                and await self._step("Asterisk, voice menu and console", self._start, 60)
                and await self._step("carrier and phones", self._start_carrier, 40)
                and await self._step("agent signs in", self._sign_in)
            )
            for name, action in self._trials() if prepared else ():
                if not await self._step(name, action) and self._fail_fast:
                    break
        finally:
            await self._step("everything stops", self._stop, 30)
        return Report(
            ok=all(step.ok for step in self._steps),
            asterisk=self._site.install.version,
            steps=self._steps,
            pop_ms=latency(self._pops),
        )

    def _trials(self) -> Sequence[tuple[str, Callable[[], Awaitable[str]]]]:
        return (
            ("known customer: balance with PIN", self._balance),
            ("known customer: agent and screen-pop", self._known_agent),
            ("unknown number: agent and screen-pop", self._unknown),
            ("anonymous caller: agent and screen-pop", self._anonymous),
            ("journal, queue_log and call records agree", self._agree),
            ("nothing died meanwhile", self._alive),
        )

    async def _step(
        self, name: str, action: Callable[[], Awaitable[str]], seconds: float = STEP_SECONDS
    ) -> bool:
        started = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                detail, ok = await action(), True
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # the operator's Ctrl-C
            detail, ok = "what the step waited for was given up", False
        except Exception as error:  # noqa: BLE001 - whatever breaks is the step's result
            text = str(error) or f"not done within {seconds:g} s"
            detail, ok = f"{type(error).__name__}: {text}", False
        spent = round(time.monotonic() - started, 2)
        step = Step(name=name, ok=ok, seconds=spent, detail=detail)
        self._steps.append(step)
        self._report(step)
        return ok

    # --- preparation -----------------------------------------------------------------------

    async def _prepare(self) -> str:
        await self._site.prepare(CUSTOMERS, lambda _: None)
        return f"{CUSTOMERS} customers in {self._state_dir}"

    async def _start(self) -> str:
        await self._site.start()
        await self._site.ready(40)
        return f"SIP {self._site.plan.sip}, console {self._site.plan.console}"

    async def _start_carrier(self) -> str:
        carrier = await self._site.start_carrier(answer_after=0.8)
        self._pids = dict(self._site.pids())
        for name, pid in self._pids.items():
            print(f"pid {name} {pid}", file=sys.stderr, flush=True)  # noqa: T201 - promised to testers
        for name, port in msgspec.structs.asdict(self._site.plan).items():
            print(f"port {name} {port}", file=sys.stderr, flush=True)  # noqa: T201 - the same
        return f"{await asyncio.to_thread(carrier.registered)} phones registered"

    async def _sign_in(self) -> str:
        agent = AGENTS[0]
        await self._desk.open(agent.login, agent.password)
        await self._desk.wait(messages.Snapshot, 5)
        await self._desk.client.send("set_state", state="available")
        await self._desk.wait(
            messages.AgentStateChanged, 8, lambda m: m.status.state == "available"
        )
        return f"agent {agent.agent_id} is available"

    # --- calls -----------------------------------------------------------------------------

    async def _balance(self) -> str:
        """A customer hears the balances after the PIN, then hangs up."""
        heard = self._site.exchange.dirs.base.parent / "carrier" / "spool" / "balance.wav"
        call_id = await self._call(
            self._customer.number,
            ["w3.5", "d1", "w1", "d1", "w1", "d#", "w1", f"d{self._pin}#", "w9", "h"],
            record=heard,
        )
        verified = asyncio.create_task(
            self._journal.wait(events.CallerVerified, 22, call_id=call_id)
        )
        failed = asyncio.create_task(
            self._journal.wait(events.VerificationFailed, 22, call_id=call_id)
        )
        await asyncio.wait({verified, failed}, return_when=asyncio.FIRST_COMPLETED)
        for task in (verified, failed):
            if not task.done():
                task.cancel()
        if failed.done() and not failed.cancelled() and failed.exception() is None:
            await self._hang_up()
            message = f"the PIN was refused ({failed.result().outcome})"
            raise AssertionError(message)
        await verified
        done = await self._journal.wait(events.SelfServiceDone, 15, call_id=call_id)
        if (done.service, done.outcome) != ("balance", "ok"):
            message = f"self-service {done.service} ended {done.outcome}"
            raise AssertionError(message)
        await self._journal.wait(events.CallEnded, 15, call_id=call_id)
        seconds, level = await asyncio.to_thread(loudness, heard)
        if level < QUIETEST:
            message = f"the caller heard nothing ({level:.0f} dBFS in {seconds:.1f} s)"
            raise AssertionError(message)
        return f"verified by PIN, balance said; heard {seconds:.1f} s at {level:.0f} dBFS"

    async def _known_agent(self) -> str:
        pop = await self._talk(self._customer.number)
        if pop.customer is None or pop.customer.customer_id != self._customer.customer_id:
            message = f"the pop names {pop.customer and pop.customer.customer_id}"
            raise AssertionError(message)
        return f"{pop.customer.name}, {pop.customer.segment}, {len(pop.customer.offers)} offers"

    async def _unknown(self) -> str:
        pop = await self._talk(demo_bank.UNKNOWN_NUMBER)
        if pop.customer is not None or not pop.number:
            message = "an unknown number must pop with its number and without a customer"
            raise AssertionError(message)
        return f"{pop.number}, customer unknown"

    async def _anonymous(self) -> str:
        pop = await self._talk("")
        if pop.customer is not None or pop.number:
            message = "a withheld number must pop without number and customer"
            raise AssertionError(message)
        return "number withheld, customer unknown"

    async def _talk(self, caller: str) -> messages.Pop:
        """Ask for a person, be answered, hang up; the agent disposes of the call."""
        call_id = await self._call(caller, ["w1", "d0"])
        arrived, raised = await self._desk.wait(
            messages.PopRaised, 18, lambda m: m.pop.call_id == call_id
        )
        ringing = await self._journal.wait(events.AgentRinging, 3, call_id=call_id)
        self._pops.append((arrived - ringing.at) * 1000)
        pop = raised.pop
        if pop.brief == "loading":
            _, completed = await self._desk.wait(
                messages.PopCompleted, 3, lambda m: m.call_id == call_id
            )
            pop = msgspec.structs.replace(pop, customer=completed.customer)
        await self._journal.wait(events.CallConnected, 8, call_id=call_id)
        await asyncio.sleep(0.5)
        await self._hang_up()
        await self._desk.wait(messages.WrapUpStarted, 6, lambda m: m.wrap_up.call_id == call_id)
        await self._desk.client.send("dispose", call_id=call_id, code="solved")
        await self._journal.wait(events.CallDisposed, 5, call_id=call_id)
        await self._desk.client.send("ready")
        await self._journal.wait(events.WrapUpEnded, 5, call_id=call_id)
        return pop

    async def _call(self, caller: str, steps: list[str], record: Path | None = None) -> str:
        """Place a call and return its id once it arrived."""
        carrier = self._site.carrier
        if carrier is None:
            message = "the carrier does not run"
            raise AssertionError(message)
        known = {event.call_id for event in self._journal.refresh().of(events.CallArrived)}
        await asyncio.to_thread(carrier.call, "95500", caller=caller, steps=steps, record=record)
        arrived = await self._journal.wait(
            events.CallArrived, 8, where=lambda event: event.call_id not in known
        )
        return arrived.call_id

    async def _hang_up(self) -> None:
        if self._site.carrier is not None:
            await asyncio.to_thread(self._site.carrier.hang_up_all)

    # --- the books -------------------------------------------------------------------------

    async def _agree(self) -> str:
        """Every call that arrived is in all three books, with the same outcome."""
        journal = self._journal.refresh()
        arrived = {event.call_id: event.uniqueid for event in journal.of(events.CallArrived)}
        for call_id in arrived:
            await journal.wait(events.CallEnded, 5, call_id=call_id)
        connected = {event.call_id for event in journal.of(events.CallConnected)}
        with self._site.exchange.dirs.call_records.open(encoding="utf-8") as file:
            records = {row[0] for row in csv.reader(file) if row and row[0]}
        lines = self._site.exchange.dirs.queue_log.read_text(encoding="utf-8").splitlines()
        rows = [line.split("|") for line in lines]
        answered = {row[1] for row in rows if len(row) > 4 and row[4] == "CONNECT"}
        if set(arrived) != records:
            message = f"journal has {len(arrived)} calls, the call records {len(records)}"
            raise AssertionError(message)
        if {arrived[call_id] for call_id in connected} != answered:
            message = f"journal has {len(connected)} answered calls, queue_log {len(answered)}"
            raise AssertionError(message)
        if not connected:
            message = "no call was answered"
            raise AssertionError(message)
        return f"{len(arrived)} calls, {len(connected)} answered by an agent"

    async def _alive(self) -> str:
        """The supervisor would have started again what died; a trial must not hide that."""
        now = self._site.pids()
        changed = [name for name, pid in self._pids.items() if now[name] != pid]
        if changed:
            message = f"died and was started again: {', '.join(changed)}"
            raise AssertionError(message)
        return ", ".join(f"{name} {pid}" for name, pid in now.items())

    async def _stop(self) -> str:
        await self._desk.close()
        await self._site.stop()
        left = [name for name, pid in self._site.pids().items() if pid is not None]
        if left:
            message = f"still running: {', '.join(left)}"
            raise AssertionError(message)
        return "no process left"
