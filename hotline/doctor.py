"""The doctor: looks at everything that the hotline needs, and says what to do about faults."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal

import msgspec

from hotline import db, tls
from hotline.asterisk.errors import AsteriskError
from hotline.asterisk.process import service_user
from hotline.exchange import Exchange
from hotline.ports import is_free
from hotline.settings import Settings

LEAST_DISK: Final = 2 * 1024**3
"""Bytes that should be free for journal, recordings and logs."""

CERTIFICATE_WARNING: Final = timedelta(days=30)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the doctor's report."""

    name: str
    level: Literal["ok", "warning", "fault"]
    detail: str
    remedy: str = ""


def ok(name: str, detail: str) -> Finding:
    return Finding(name=name, level="ok", detail=detail)


def warning(name: str, detail: str, remedy: str) -> Finding:
    return Finding(name=name, level="warning", detail=detail, remedy=remedy)


def fault(name: str, detail: str, remedy: str) -> Finding:
    return Finding(name=name, level="fault", detail=detail, remedy=remedy)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield the findings one by one; each check runs when it is asked for."""
    for name, check in _CHECKS:
        try:
            yield from check(settings)
        except Exception as error:  # noqa: BLE001 - a check that breaks is itself a finding
            yield fault(name, f"the check failed: {error}", "report this together with the log")


def _python(_settings: Settings) -> Iterator[Finding]:
    yield ok("Python", ".".join(str(part) for part in sys.version_info[:3]))


def _asterisk(settings: Settings) -> Iterator[Finding]:
    if settings.asterisk.mode == "external":
        yield ok("Asterisk", "run by the bank (asterisk.mode = 'external')")
        return
    try:
        exchange = Exchange(settings)
    except AsteriskError as error:
        yield fault("Asterisk", str(error), "run `make setup`, or set asterisk.root")
        return
    install = exchange.install
    if install.recent:
        yield ok("Asterisk", f"{install.version} ({install.binary[-1]})")
    else:
        yield warning(
            "Asterisk", f"{install.version} is old", "update to 22.10.1: 20 advisories were fixed"
        )
    rendered = exchange.files(())
    wanted = re.findall(r"^load = (\S+)$", rendered["modules.conf"], re.MULTILINE)
    missing = [m for m in wanted if not (Path(install.modules_dir) / m).exists()]
    if missing:
        yield fault("Modules", f"missing: {', '.join(missing)}", "install asterisk-modules")
    else:
        yield ok("Modules", f"all {len(wanted)} are there")
    pid = exchange.process.pid()
    if pid is not None:
        yield from _running(exchange, pid, wanted)
        return
    taken = exchange.taken_ports()
    if taken:
        yield fault(
            "Ports", f"taken: {', '.join(taken)}", "end the program (`ss -tulpn` names it)"
        )
    else:
        yield ok("Ports", "SIP, AMI and WebSocket are free")


def _running(exchange: Exchange, pid: int, wanted: list[str]) -> Iterator[Finding]:
    try:
        running = set(exchange.process.running_modules())
    except AsteriskError as error:
        yield fault("Asterisk process", f"{pid}: {error}", "restart it: `hotline asterisk stop`")
        return
    dead = sorted(set(wanted) - running)
    if dead:
        remedy = f"see {exchange.dirs.log / 'messages.log'}"
        yield fault("Asterisk process", f"{pid}: not running: {', '.join(dead)}", remedy)
    else:
        yield ok("Asterisk process", f"{pid}, all modules run")
    plan = exchange.process.command("dialplan show hotline-inbound")
    if "'menu'" in plan:
        yield ok("Dialplan", "loaded")
    else:
        yield fault(
            "Dialplan", "context hotline-inbound is missing", "`hotline asterisk stop`, start"
        )


def _user(settings: Settings) -> Iterator[Finding]:
    if settings.asterisk.mode == "external":
        return
    try:
        owner = service_user(settings.asterisk.user)
    except AsteriskError as error:
        yield fault("Service user", str(error), "make it as shown")
        return
    yield ok("Service user", settings.asterisk.user if owner else "not root: runs as yourself")


def _numbers(settings: Settings) -> Iterator[Finding]:
    if settings.trunks:
        yield ok("Trunks", ", ".join(f"{t.name} ({t.host})" for t in settings.trunks))
    else:
        yield warning("Trunks", "none", "add [[trunks]]: without one nobody can phone in")
    if settings.numbers:
        yield ok("Numbers", ", ".join(f"{n.dnis} → {n.flow}" for n in settings.numbers))
    else:
        yield warning("Numbers", "none", "add [[numbers]]: without one no call is answered")


def _menus(settings: Settings) -> Iterator[Finding]:
    from hotline.roles.ivr import known_names, load_flows, load_prompts, routing_file
    from ivr.errors import RoutingFileError
    from ivr.routing import load_routing

    flows = load_flows(settings)
    unknown = [n for n in settings.numbers if n.flow not in flows.flows]
    if unknown:
        detail = ", ".join(f"{n.dnis} → {n.flow}" for n in unknown)
        yield fault("Menus", f"no such flow: {detail}", f"known: {', '.join(flows.flows)}")
    else:
        yield ok("Menus", ", ".join(flows.flows))
    try:
        routing = load_routing(routing_file(settings), known_names(settings, flows))
    except RoutingFileError as error:
        yield fault("Routing", str(error), "edit that file; `hotline routing lint` checks it")
    else:
        yield ok("Routing", f"{len(routing.rules)} rules")
    catalogue = load_prompts()
    problems = [*catalogue.text_problems(), *catalogue.recording_problems()]
    if problems:
        yield fault("Prompts", "; ".join(problems[:3]), "render or record them anew")
    else:
        yield ok("Prompts", "every sentence has its recording in every language")


def calendar_findings(settings: Settings) -> Iterator[Finding]:
    """Warn when the holidays of this year, or of the next from November on, are not known."""
    from hotline.roles.flows import holidays

    calendar = holidays(settings)
    year = calendar.unknown_year(datetime.now(settings.zone).date())
    if year is None:
        yield ok("Calendar", f"complete to the end of {max(calendar.years)}")
    else:
        yield warning(
            "Calendar",
            f"the holidays of {year}, and the weekends worked in exchange, are not all known",
            "complete calendar.yaml from the State Council's notice (docs/flows.md)",
        )


def _database(settings: Settings) -> Iterator[Finding]:
    found = db.status(settings.database_url)
    if found.path is None and found.integrity != "ok":
        yield fault("Database", found.integrity, "see docs/operations.md, PostgreSQL")
    elif not found.exists:
        yield fault("Database", f"{found.place}: not there", "run `hotline db upgrade`")
    elif found.integrity != "ok":
        yield fault("Database", found.integrity, "restore a backup: `hotline db restore FILE`")
    elif found.revision != found.head:
        yield fault("Database", f"at {found.revision or 'nothing'}", "run `hotline db upgrade`")
    else:
        rows = sum(found.tables.values())
        server = f"PostgreSQL {found.version}, " if found.version else ""
        facts = f"{server}{found.place}, revision {found.revision}, {rows:,} rows"
        if found.risk:
            yield warning("Database", f"{facts}; {found.risk}", "turn it on in postgresql.conf")
        else:
            yield ok("Database", facts)


def _imports(settings: Settings) -> Iterator[Finding]:
    from hotline.importing import unfinished_import

    note = unfinished_import(settings)
    if note is not None:
        yield warning(
            "Imports",
            f"{note.source} is unfinished: {note.done:,} of {note.staged:,} customers are in",
            "`hotline customers import --resume`, unless one is running",
        )


def _bank(settings: Settings) -> Iterator[Finding]:
    from crm_lookup.errors import SettingError
    from hotline.banking import check_core

    if settings.bank.kind == "embedded" and not db.status(settings.database_url).ready:
        return  # said above
    try:
        found = check_core(settings)
    except SettingError as error:
        yield fault("Bank services", str(error), "edit [bank] in the settings")
        return
    if found.ok:
        yield ok("Bank services", f"{found.detail}, {found.seconds * 1000:.0f} ms")
    else:
        yield fault("Bank services", found.detail, "`hotline bank check` after mending it")


def _certificate(settings: Settings) -> Iterator[Finding]:
    console = settings.console
    pair = tls.certificate_files(settings, now=datetime.now(UTC))
    if pair is None:
        local = console.host == "localhost" or ip_address(console.host).is_loopback
        if local:
            yield ok("HTTPS", "off; the console is on this machine alone")
        else:
            remedy = "set [tls]: browsers refuse the microphone on plain HTTP"
            yield fault("HTTPS", f"off, and the console listens on {console.host}", remedy)
        return
    try:
        end = tls.expires(pair.certificate)
    except (OSError, ValueError) as error:
        yield fault("HTTPS", f"{pair.certificate}: {error}", "name a readable PEM certificate")
        return
    left = end - datetime.now(UTC)
    detail = f"{pair.certificate} ends {end:%Y-%m-%d}"
    if left < timedelta(0):
        yield fault("HTTPS", f"{detail}: expired", "renew the certificate and restart")
    elif left < CERTIFICATE_WARNING:
        yield warning("HTTPS", f"{detail}: {left.days} days left", "renew the certificate")
    else:
        yield ok("HTTPS", detail)


def _console(settings: Settings) -> Iterator[Finding]:
    from agent_console.config import WEB_DIST

    if (WEB_DIST / "index.html").is_file():
        yield ok("Console page", "built")
    else:
        yield fault("Console page", "not built", "run `make setup`")
    for name, host, port in (
        ("Console port", settings.console.host, settings.console.port),
        ("Menu port", settings.ivr.host, settings.ivr.port),
    ):
        if is_free(host, port):
            yield ok(name, f"{host}:{port} is free")
        elif Exchange(settings).process.pid() is not None:
            yield ok(name, f"{host}:{port} is in use (the hotline runs)")
        else:
            yield fault(name, f"{host}:{port} is taken", "end the program (`ss -tlpn` names it)")


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.state_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1024**3:.1f} GiB free in {settings.state_dir}"
    if free < LEAST_DISK:
        yield warning("Disk", detail, "make room: a full disk stops the journal")
    else:
        yield ok("Disk", detail)


_CHECKS: Final[tuple[tuple[str, Callable[[Settings], Iterator[Finding]]], ...]] = (
    ("Python", _python),
    ("Asterisk", _asterisk),
    ("Service user", _user),
    ("Numbers", _numbers),
    ("Menus", _menus),
    ("Calendar", calendar_findings),
    ("Database", _database),
    ("Imports", _imports),
    ("Bank services", _bank),
    ("HTTPS", _certificate),
    ("Console", _console),
    ("Disk", _disk),
)
