"""``hotline demo``: start the demo bank, say where to look, keep it alive until Ctrl-C."""

import asyncio
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from crm_lookup.tables import customer_numbers
from hotline import db, demo_bank
from hotline.demo import robots
from hotline.demo.people import AGENTS, EMPLOYEES, PASSWORD, SUPERVISOR
from hotline.demo.site import HOST, PortPlan, Site
from hotline.privacy.keys import open_sealer


class Demo:
    """One run of the demo below ``state_dir``."""

    def __init__(self, state_dir: Path, console: Console, *, quiet: bool) -> None:
        self._state_dir = state_dir
        self._console = console
        self._quiet = quiet
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Run until SIGINT or SIGTERM, then end every process that was started."""
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(sign, stopped.set)
        site = Site.reopen(self._state_dir)
        if site is not None:
            self._console.print("an Asterisk of an earlier run lives: adopting it with its calls")
        else:
            monitoring = "\n[monitoring]\nenabled = true\n"  # the supervisor 2001 has a phone
            site = Site(self._state_dir, PortPlan.choose(), extra=monitoring, survey=True)
        starting = asyncio.create_task(self._start(site))
        waiting = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not stopped.is_set():
                await starting  # raises what went wrong
                self._show(site)
                await stopped.wait()
        finally:
            self._console.print("stopping …")
            for task in (starting, waiting, *self._tasks):
                task.cancel()
            await asyncio.gather(starting, waiting, *self._tasks, return_exceptions=True)
            await site.stop()
            self._console.print("everything stopped")

    async def _start(self, site: Site) -> None:
        with self._step("demo bank"):
            await site.prepare(demo_bank.CUSTOMERS, lambda _: None)
        with self._step("what each customer is worth"):
            await asyncio.to_thread(_score, site)
        with self._step("Asterisk, voice menu and console"):
            await site.start()
            await site.ready()
        if self._quiet:
            return
        with self._step("carrier and the agents' phones"):
            carrier = await site.start_carrier(answer_after=2.0, talk=12)
        with self._step("agents"):
            port = site.plan.console
            await robots.make_available(HOST, port, AGENTS[0])
            chance = random.Random(demo_bank.SEED)  # noqa: S311 - a demo, not a secret
            jobs = [robots.work(HOST, port, agent, chance) for agent in AGENTS[1:]]
            callers = await asyncio.to_thread(_some_numbers, site)
            jobs.append(robots.phone_in(carrier, callers, demo_bank.DEMO_PIN, chance))
            self._tasks = [asyncio.create_task(job) for job in jobs]

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        self._console.print(f"• {name} … ", end="")
        yield
        self._console.print(f"[green]done[/] ({time.monotonic() - started:.1f} s)")

    def _show(self, site: Site) -> None:
        plan = site.plan
        table = Table(show_header=False, box=None, padding=(0, 2))
        table.add_row("[bold]Console[/]", f"http://{HOST}:{plan.console}/")
        table.add_row("Agent", f"{AGENTS[0].login}  password {AGENTS[0].password}")
        table.add_row("Supervisor", f"{SUPERVISOR.login}  password {SUPERVISOR.password}")
        numbers = "95500 (Mandarin), 95501 (English), 4008895500 (priority line)"
        table.add_row("[bold]Numbers[/]", numbers)
        for customer in demo_bank.DEMO_CUSTOMERS:
            table.add_row(
                "Customer",
                f"{customer.name} {customer.number}, card {customer.card}, PIN {customer.pin} "
                f"({customer.segment})",
            )
        table.add_row(
            "Softphone",
            f"server {HOST}:{plan.sip} (UDP), user {demo_bank.DEMO_CUSTOMERS[0].number[1:]} or "
            f"another customer's number, password {PASSWORD}; dial 95500",
        )
        if self._quiet:
            for phone in site.phones()[:1]:
                table.add_row("Agent's phone", f"user {phone.extension}, password {phone.secret}")
        table.add_row("Logs", str(site.state_dir / "log"))
        table.add_row("", f"{len(EMPLOYEES)} people can sign in, all with the same password")
        self._console.print(Panel(table, title="ready", expand=False))
        life = (
            "nobody phones in by itself (--quiet)"
            if self._quiet
            else "customers phone in every few seconds, the phones answer by themselves"
        )
        self._console.print(f"{life}; Ctrl-C ends everything")


def _score(site: Site) -> None:
    """Score the customers once, so that pops carry scores and offers that fit."""
    from crm_lookup.analysis.run import analyse  # heavy, and needed by the first start only

    if db.is_server(site.settings.database_url):
        return  # the analysis needs SQLite so far
    path = db.sqlite_path(site.settings.database_url)
    with closing(sqlite3.connect(path)) as database:
        known = database.execute("SELECT count(*) FROM customer_scores").fetchone()[0]
    if not known:
        analyse(path, as_of=time.time())


def _some_numbers(site: Site) -> list[str]:
    own, sealer = customer_numbers.c, open_sealer(site.settings)
    query = sa.select(own.customer_id, own.number, own.sealed).order_by(own.number).limit(800)
    return db.run_sync(
        site.settings.database_url,
        lambda connection: sorted(sealer.phone(*row) for row in connection.execute(query)),
    )
