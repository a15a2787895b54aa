"""``hotline report …``: the figures of queues and agents over days, weeks and months."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import msgspec
import typer
from rich.table import Table

from hotline.cli.common import clear_errors, err, fail, out, state

if TYPE_CHECKING:
    from cti.history.figures import Figures
    from cti.history.measures import AgentMeasures, QueueMeasures
    from cti.history.report import Line, Span
    from hotline.settings import Settings

    Lines = Sequence[Line[QueueMeasures]] | Sequence[Line[AgentMeasures]]

app = typer.Typer(
    help="Figures of queues and agents by quarter of an hour, hour, day, week or month.\n\n"
    "What each figure means: docs/figures.md.",
    no_args_is_help=True,
)

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
_QUEUE: Final = typer.Option([], "--queue", metavar="NAME", help="Only this one; may be repeated.")
_CSV: Final = typer.Option(None, "--csv", metavar="FILE", help="Write the lines as CSV.")
_XLSX: Final = typer.Option(None, "--xlsx", metavar="FILE", help="Write an Excel workbook.")
_JSON: Final = typer.Option(False, "--json", help="Print one JSON array.")

_SHARES: Final = frozenset({"service_level", "abandon_rate", "occupancy"})
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
    formula: str = typer.Option(
        "", "--formula", metavar="NAME", help="Of the service level; default: the settings'."
    ),
    csv_file: Path | None = _CSV,
    xlsx_file: Path | None = _XLSX,
    as_json: bool = _JSON,
) -> None:
    """Show what queues did: calls, service level, waits and handling times."""
    from cti.core.ids import QueueName
    from cti.history.measures import FORMULAS, QueueMeasures
    from cti.history.report import queue_report

    settings = state(context).settings
    chosen = formula or settings.reports.service_level
    if chosen not in FORMULAS:
        raise typer.BadParameter(f"{chosen!r} is no formula; accepted: {', '.join(FORMULAS)}")
    known = {q.name: q.service_level_seconds for q in settings.queues}
    figures, first = _figures(settings, since, until)
    _refuse_unknown(queue, {*known, *(key.queue for key in figures.queues)})
    lines = queue_report(
        figures,
        by=_span(by),
        zone=settings.zone,
        since=first,
        limit=lambda name: known.get(name, 20),
        formula=chosen,
        queues=[QueueName(name) for name in queue] or None,
        together=together,
    )
    _give(lines, "queue", QueueMeasures.__struct_fields__, csv_file, xlsx_file, as_json)


@app.command()
@clear_errors
def agents(
    context: typer.Context,
    since: str = _SINCE,
    until: str = _UNTIL,
    by: str = _BY,
    agent: list[str] = typer.Option(
        [], "--agent", metavar="ID", help="Only this one; may be repeated."
    ),
    queue: list[str] = _QUEUE,
    csv_file: Path | None = _CSV,
    xlsx_file: Path | None = _XLSX,
    as_json: bool = _JSON,
) -> None:
    """Show what agents did: calls, misses and handling times."""
    from cti.core.ids import AgentId, QueueName
    from cti.history.measures import AgentMeasures
    from cti.history.report import agent_report

    settings = state(context).settings
    figures, first = _figures(settings, since, until)
    known = {q.name for q in settings.queues}
    _refuse_unknown(queue, {*known, *(key.queue for key in figures.queues)})
    lines = agent_report(
        figures,
        by=_span(by),
        zone=settings.zone,
        since=first,
        agents=[AgentId(name) for name in agent] or None,
        queues=[QueueName(name) for name in queue] or None,
    )
    _give(lines, "agent", AgentMeasures.__struct_fields__, csv_file, xlsx_file, as_json)


def _span(by: str) -> "Span":
    from cti.history.report import Span

    found: Span | None = next((span for span in get_args(Span) if span == by), None)
    if found is None:
        raise typer.BadParameter(f"{by!r} is unknown; accepted: {', '.join(get_args(Span))}")
    return found


def _refuse_unknown(wanted: Sequence[str], known: set[str]) -> None:
    for name in wanted:
        if name not in known:
            raise typer.BadParameter(f"no queue {name!r}; there are {', '.join(sorted(known))}")


def _figures(settings: "Settings", since: str, until: str) -> tuple["Figures", float]:
    """Return the figures of the quarters that begin in the span, and the span's beginning."""
    from hotline import db
    from hotline.cli.moments import moment
    from hotline.storage import history

    now = datetime.now(settings.zone)
    try:
        first = moment(since, now)
        last = moment(until, now) if until else now.timestamp() + 60
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if last <= first:
        raise typer.BadParameter("--until lies before --since; nothing can be between them")
    db.require_current(settings.database_url)
    return history(settings).figures(first, last, settings.zone), first


def _give(
    lines: "Lines",
    who: str,
    names: Sequence[str],
    csv_file: Path | None,
    xlsx_file: Path | None,
    as_json: bool,
) -> None:
    """Print the lines, or write them to the files that were asked for."""
    from hotline import tables

    header = ("start", who, *names)
    rows = [
        (line.start, line.name, *(getattr(line.measures, name) for name in names))
        for line in lines
    ]
    try:
        if csv_file is not None:
            tables.write_csv(csv_file, header, rows)
        if xlsx_file is not None:
            tables.write_xlsx(xlsx_file, header, rows, shares=_SHARES)
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
    match value:
        case None:
            return "–"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case float() if name in _SHARES:
            return f"{value:.1%}"
        case float():
            return f"{value:.0f}s" if value < 3600 else f"{value / 3600:.2f}h"
        case "":
            return "all"
        case _:
            return f"{value}"
