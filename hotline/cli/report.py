"""``hotline report …``: figures by queue, agent, topic, segment and menu node, over any span."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import typer
from rich.table import Table

from hotline.cli.common import clear_errors, err, fail, out, state

if TYPE_CHECKING:
    from cti.history.figures import Figures
    from hotline.report_words import What
    from hotline.reports import Asked
    from hotline.settings import Settings

app = typer.Typer(
    help="Figures by queue, agent, topic, segment or menu node, over quarters of an hour, hours,"
    " days, weeks or months.\n\n"
    "What each figure means: docs/figures.md.",
    no_args_is_help=True,
)


def _only(flag: str, metavar: str = "NAME", one: str = "one") -> Any:
    """Return the option that narrows a report to one or several of what it is about."""
    return typer.Option([], flag, metavar=metavar, help=f"Only this {one}; may be repeated.")


_SINCE: Final = typer.Option(
    "today",
    "--since",
    metavar="TIME",
    help="From when: today, 7d, 2026-03-01 or 2026-03-01T09:30.",
)
_UNTIL: Final = typer.Option("", "--until", metavar="TIME", help="Up to when; default: now.")
_BY: Final = typer.Option(
    "day", "--by", metavar="quarter|hour|day|week|month|whole", help="A line for each of these."
)
_QUEUE: Final = _only("--queue")
_AGENT: Final = _only("--agent", "ID")
_TOPIC: Final = _only("--topic")
_SEGMENT: Final = _only("--segment")
_FLOW: Final = _only("--flow", one="menu")
_FORMULA: Final = typer.Option(
    "", "--formula", metavar="NAME", help="Of the service level; default: the settings'."
)
_CSV: Final = typer.Option(None, "--csv", metavar="FILE", help="Write the lines as CSV.")
_XLSX: Final = typer.Option(None, "--xlsx", metavar="FILE", help="Write an Excel workbook.")
_JSON: Final = typer.Option(False, "--json", help="Print one JSON array.")

_SHOWN: Final = {
    "queue": {
        "offered": "offered",
        "answered": "answered",
        "abandoned": "lost",
        "abandon_rate": "rate",
        "service_level": "level",
        "asa": "ASA",
        "aht": "AHT",
    },
    "agent": {
        "offered": "offered",
        "answered": "answered",
        "missed": "missed",
        "aht": "AHT",
        "signed_in_time": "signed in",
        "occupancy": "occupied",
    },
    "topic": {
        "offered": "offered",
        "answered": "answered",
        "abandoned": "lost",
        "service_level": "level",
        "asa": "ASA",
        "aht": "AHT",
        "mean_score": "score",
    },
    "segment": {
        "calls": "calls",
        "self_service_rate": "self",
        "reached": "reached",
        "service_level": "level",
        "acceptance_rate": "offers",
        "mean_score": "score",
    },
    "node": {
        "entered": "entered",
        "services": "services",
        "queued": "to queue",
        "solved": "solved",
        "hung_up": "hung up",
        "mean_time": "time",
    },
}
"""What a terminal of 80 columns has room for; the files and the JSON hold every figure."""


@app.command()
@clear_errors
def queues(
    context: typer.Context,
    since: str = _SINCE,
    until: str = _UNTIL,
    by: str = _BY,
    queue: list[str] = _QUEUE,
    together: bool = typer.Option(False, "--together", help="One line for all queues."),
    formula: str = _FORMULA,
    csv_file: Path | None = _CSV,
    xlsx_file: Path | None = _XLSX,
    as_json: bool = _JSON,
) -> None:
    """Show what queues did: calls, service level, waits and handling times."""
    settings = state(context).settings
    asked = _asked(settings, "queues", since, until, by, formula)
    asked = asked._replace(queues=queue, together=together)
    _give(settings, asked, csv_file, xlsx_file, as_json)


@app.command()
@clear_errors
def agents(
    context: typer.Context,
    since: str = _SINCE,
    until: str = _UNTIL,
    by: str = _BY,
    agent: list[str] = _AGENT,
    queue: list[str] = _QUEUE,
    csv_file: Path | None = _CSV,
    xlsx_file: Path | None = _XLSX,
    as_json: bool = _JSON,
) -> None:
    """Show what agents did: calls, misses and handling times."""
    settings = state(context).settings
    asked = _asked(settings, "agents", since, until, by, "")
    asked = asked._replace(queues=queue, names=agent)
    _give(settings, asked, csv_file, xlsx_file, as_json)


@app.command()
@clear_errors
def topics(
    context: typer.Context,
    since: str = _SINCE,
    until: str = _UNTIL,
    by: str = _BY,
    topic: list[str] = _TOPIC,
    formula: str = _FORMULA,
    csv_file: Path | None = _CSV,
    xlsx_file: Path | None = _XLSX,
    as_json: bool = _JSON,
) -> None:
    """Show what callers wanted of people: by the menu's topic of each call that was queued."""
    settings = state(context).settings
    asked = _asked(settings, "topics", since, until, by, formula)._replace(names=topic)
    _give(settings, asked, csv_file, xlsx_file, as_json)


@app.command()
@clear_errors
def segments(
    context: typer.Context,
    since: str = _SINCE,
    until: str = _UNTIL,
    by: str = _BY,
    segment: list[str] = _SEGMENT,
    formula: str = _FORMULA,
    csv_file: Path | None = _CSV,
    xlsx_file: Path | None = _XLSX,
    as_json: bool = _JSON,
) -> None:
    """Show how customers of each value segment were served, and what they said to offers."""
    settings = state(context).settings
    asked = _asked(settings, "segments", since, until, by, formula)._replace(names=segment)
    _give(settings, asked, csv_file, xlsx_file, as_json)


@app.command()
@clear_errors
def nodes(
    context: typer.Context,
    since: str = _SINCE,
    until: str = _UNTIL,
    by: str = _BY,
    flow: list[str] = _FLOW,
    csv_file: Path | None = _CSV,
    xlsx_file: Path | None = _XLSX,
    as_json: bool = _JSON,
) -> None:
    """Show how callers went through the menu, node by node, and where they left it."""
    settings = state(context).settings
    asked = _asked(settings, "nodes", since, until, by, "")._replace(names=flow)
    _give(settings, asked, csv_file, xlsx_file, as_json)


def _asked(
    settings: "Settings", what: "What", since: str, until: str, by: str, formula: str
) -> "Asked":
    """Return what is to be reported, or say what is wrong with it."""
    from cti.history.measures import FORMULAS
    from hotline.cli.moments import moment
    from hotline.reports import SPANS, Asked, span_of

    span = span_of(by)
    if span is None:
        raise typer.BadParameter(f"{by!r} is unknown; accepted: {', '.join(SPANS)}")
    chosen = formula or settings.reports.service_level
    if chosen not in FORMULAS:
        raise typer.BadParameter(f"{chosen!r} is no formula; accepted: {', '.join(FORMULAS)}")
    now = datetime.now(settings.zone)
    try:
        first = moment(since, now)
        last = moment(until, now) if until else now.timestamp() + 60
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if last <= first:
        raise typer.BadParameter("--until lies before --since; nothing can be between them")
    return Asked(what, first, last, span, chosen)


def _refuse_unknown(asked: "Asked", settings: "Settings", figures: "Figures") -> None:
    known = {q.name for q in settings.queues} | {key.queue for key in figures.queues}
    known |= {key.queue for key in figures.agents if key.queue}
    for name in asked.queues:
        if name not in known:
            raise typer.BadParameter(f"no queue {name!r}; there are {', '.join(sorted(known))}")


def _give(
    settings: "Settings",
    asked: "Asked",
    csv_file: Path | None,
    xlsx_file: Path | None,
    as_json: bool,
) -> None:
    """Print the lines, or write them to the files that were asked for."""
    from hotline import db, reports, tables
    from hotline.report_words import SHARES
    from hotline.storage import history

    db.require_current(settings.database_url)
    figures = reports.read(history(settings), settings, asked)
    _refuse_unknown(asked, settings, figures)
    columns, rows = reports.table(figures, settings, asked)
    header = ("start", asked.what.removesuffix("s"), *columns)
    try:
        if csv_file is not None:
            tables.write_csv(csv_file, header, rows)
        if xlsx_file is not None:
            tables.write_xlsx(xlsx_file, header, rows, shares=SHARES)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    for file in filter(None, (csv_file, xlsx_file)):
        err.print(f"{file}: {len(rows):,} lines")
    if as_json:
        typer.echo(json.dumps([_plain(header, row) for row in rows], ensure_ascii=False))
    elif csv_file is None and xlsx_file is None:
        _show(header, rows)


def _plain(header: Sequence[str], row: Sequence[Any]) -> dict[str, object]:
    found: dict[str, object] = msgspec.to_builtins(dict(zip(header, row, strict=True)))
    return found


def _show(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    if not rows:
        out.print("nothing happened then; try --since 7d")
        return
    titles = _SHOWN[header[1]]
    shown = [i for i, name in enumerate(header) if i < 2 or name in titles]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for i in shown:
        title = titles.get(header[i], header[i])
        table.add_column(title, justify="left" if i < 2 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(_cell(header[i], row[i]) for i in shown))
    out.print(table)


def _cell(name: str, value: object) -> str:
    from hotline.report_words import unit_of

    match value:
        case None:
            return "–"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case float() if unit_of(name) == "share":
            return f"{value:.1%}"
        case float() if unit_of(name) == "number":
            return f"{value:.2f}"
        case float():
            return f"{value:.0f}s" if value < 3600 else f"{value / 3600:.2f}h"
        case "":
            return "all" if name == "queue" else "unknown"
        case _:
            return f"{value}"
