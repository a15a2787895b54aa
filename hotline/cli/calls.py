"""``hotline calls …``: what the journal knows of each call.  Reads only, beside the services."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec
import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hotline.cli.common import clear_errors, err, out, state

if TYPE_CHECKING:
    from cti.history.reader import HistoryReader
    from cti.history.story import Story

app = typer.Typer(
    help="Calls: list them, tell the whole story of one, export them, prove the journal.",
    no_args_is_help=True,
)

_SINCE: Final = typer.Option(
    "today",
    "--since",
    metavar="TIME",
    help="From when: today, 2h, 3d, 2026-03-01 or 2026-03-01T09:30 (the settings' time zone).",
)
_UNTIL: Final = typer.Option("", "--until", metavar="TIME", help="Up to when; default: now.")


@app.command("list")
@clear_errors
def list_calls(
    context: typer.Context,
    since: str = _SINCE,
    until: str = _UNTIL,
    queue: str = typer.Option("", "--queue", help="Only calls that were in this queue."),
    agent: str = typer.Option("", "--agent", help="Only calls that this agent answered."),
    limit: int = typer.Option(50, "--limit", min=1, help="At most so many, newest first."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON array."),
) -> None:
    """List the calls that arrived in a span of time, newest first."""
    from cti.core.ids import AgentId, QueueName

    reader, span = _reader(context), _span(context, since, until)
    found = reader.calls(
        *span,
        queue=QueueName(queue) if queue else None,
        agent=AgentId(agent) if agent else None,
    )
    calls = list(islice(found, limit))
    if as_json:
        typer.echo(json.dumps([_plain(call, entries=False) for call in calls]))
        return
    when = _clock(context, "%m-%d %H:%M:%S")
    table = Table(box=None, header_style="bold")
    for title in ("call", "arrived", "outcome", "queue", "agent"):
        table.add_column(title, no_wrap=True)
    for title in ("wait", "talk", "total"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("noted", no_wrap=True)
    for call in calls:
        table.add_row(
            call.call_id[:13],
            when(call.arrived_at),
            (call.outcome or call.state) + (" (rebuilt)" if call.rebuilt else ""),
            escape(", ".join(call.queues)),
            escape(", ".join(call.agents)),
            _seconds(call.wait_time),
            _seconds(call.talk_time),
            "runs" if call.duration is None else _seconds(call.duration),
            escape(call.disposition),
        )
    out.print(table)
    if not calls:
        out.print("no call arrived then; try --since 7d")
    elif len(calls) == limit:
        out.print(f"the newest {limit}; more with --limit")


@app.command()
@clear_errors
def show(
    context: typer.Context,
    call_id: str = typer.Argument(..., metavar="CALL_ID", help="Its beginning is enough."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Tell the whole story of one call."""
    from cti.errors import UnknownCallError
    from cti.history.story import story

    told = story(_reader(context).events(call_id))
    if told is None:
        message = (
            f"the journal has no arrival of call {call_id!r}; `hotline calls list` names calls"
        )
        raise UnknownCallError(message)
    if as_json:
        typer.echo(json.dumps(_plain(told, entries=True), ensure_ascii=False))
        return
    out.print(f"[bold]call {told.call_id}[/]  {told.outcome or told.state}")
    if told.rebuilt:
        out.print("rebuilt from Asterisk's records: nobody followed this call")
    facts = (
        ("customer", told.customer_id and f"{told.customer_id} (verified: {told.verified})"),
        ("number", told.dnis),
        ("trunk", told.trunk),
        ("in queue", told.wait_time and _seconds(told.wait_time)),
        ("talk", told.talk_time and _seconds(told.talk_time)),
        ("on hold", told.hold_time and _seconds(told.hold_time)),
        ("wrap-up", told.wrap_up_time and _seconds(told.wrap_up_time)),
        ("missed", told.misses),
        ("noted", told.disposition),
    )
    for name, value in facts:
        if value:
            out.print(f"  {name:10} {value}", markup=False)
    table = Table(box=None, header_style="bold")
    for title in ("time", "after", "what", "took"):
        table.add_column(title, no_wrap=title != "what")
    when = _clock(context, "%Y-%m-%d %H:%M:%S.%f")
    for entry in told.entries:
        table.add_row(
            when(entry.at)[:-3],
            f"{entry.after:+.1f} s",
            escape(entry.what) + (" ~" if entry.rebuilt else ""),
            "" if entry.seconds is None else _seconds(entry.seconds),
        )
    out.print(table)
    if any(entry.rebuilt for entry in told.entries):
        out.print("~ not seen live: told by a later picture, or by Asterisk's records")


@app.command()
@clear_errors
def replay(
    context: typer.Context,
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Fold the whole journal anew, and compare with the newest checkpoint and the figures.

    Ends with status 1 when they differ.
    """
    reader = _reader(context)
    with _progress("folding", reader.last()) as step:
        result = reader.replay(state(context).settings.zone, step)
    folded = result.state
    living = sum(call.state != "ended" for call in folded.calls)
    if as_json:
        queues = {k.queue for k in result.figures.queues}
        summary = {
            "entries": folded.seq,
            "calls_alive": living,
            "agents": {agent.agent_id: agent.state for agent in folded.agents},
            "events": folded.kinds,
            "queues": {
                q: msgspec.structs.asdict(result.figures.total(q)) for q in sorted(queues) if q
            },
            "checkpoint": result.checkpoint,
            "differences": result.differences,
        }
        typer.echo(json.dumps(summary))
    else:
        out.print(f"{folded.seq:,} entries, {living} calls alive at their end")
        for name, count in sorted(folded.kinds.items(), key=lambda item: -item[1]):
            out.print(f"  {name:24} {count:>12,}")
        if result.checkpoint:
            verdict = "[red]differs[/]" if result.differences else "[green]agrees[/]"
            out.print(f"checkpoint of entry {result.checkpoint:,}: {verdict}")
        else:
            out.print("there is no checkpoint yet")
        for line in result.differences[:20]:
            out.print(f"  {line}", markup=False)
    raise typer.Exit(1 if result.differences else 0)


@app.command()
@clear_errors
def export(
    context: typer.Context,
    form: str = typer.Option(
        ..., "--format", metavar="queue_log|csv|jsonl", help="What is written to standard output."
    ),
    since: str = _SINCE,
    until: str = _UNTIL,
) -> None:
    """Write calls for other programs: queue_log lines, one CSV row a call, or all events.

    queue_log is Asterisk's format, for tools that read that; the journal is the source.
    """
    reader, span = _reader(context), _span(context, since, until)
    writers: dict[str, Callable[[HistoryReader, tuple[float, float]], None]] = {
        "queue_log": _write_queue_log,
        "csv": _write_csv,
        "jsonl": _write_jsonl,
    }
    if form not in writers:
        raise typer.BadParameter(f"{form!r} is unknown; accepted: {', '.join(writers)}")
    writers[form](reader, span)


@app.command()
@clear_errors
def verify(
    context: typer.Context,
    since: str = typer.Option(
        "start", "--since", metavar="start|checkpoint", help="Trust what the checkpoint has seen."
    ),
) -> None:
    """Check the journal's hash chain, entry by entry; ends with status 1 at the first fault."""
    if since not in ("start", "checkpoint"):
        raise typer.BadParameter(f"{since!r} is unknown; accepted: start, checkpoint")
    reader = _reader(context)
    with _progress("checking", reader.last()) as step:
        last, checked = reader.verify(from_checkpoint=since == "checkpoint", progress=step)
    out.print(f"[green]✓[/] {checked:,} entries checked, up to number {last:,}: nothing changed")


def _reader(context: typer.Context) -> "HistoryReader":
    from hotline import db
    from hotline.storage import history

    settings = state(context).settings
    db.require_current(settings.database_url)
    return history(settings)


def _span(context: typer.Context, since: str, until: str) -> tuple[float, float]:
    from hotline.cli.moments import moment

    zone = state(context).settings.zone
    now = datetime.now(zone)
    try:
        first = moment(since, now)
        last = moment(until, now) if until else now.timestamp() + 60
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if last <= first:
        raise typer.BadParameter("--until lies before --since; nothing can be between them")
    return first, last


def _clock(context: typer.Context, form: str) -> Callable[[float], str]:
    zone = state(context).settings.zone
    return lambda at: datetime.fromtimestamp(at, zone).strftime(form)


def _seconds(value: float) -> str:
    if value < 60:
        return f"{value:.1f} s"
    minutes, seconds = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _plain(call: "Story", *, entries: bool) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(call)
    if not entries:
        del fields["entries"]
    return fields


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    with Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    ) as progress:
        task = progress.add_task(what, total=max(total, 1))
        yield lambda done: progress.update(task, completed=done)


def _write_queue_log(reader: "HistoryReader", span: tuple[float, float]) -> None:
    from cti.core.calls import Call
    from cti.core.events import CallArrived, CallEvent
    from cti.core.ids import CallId
    from cti.history.queue_log import QueueLog, text_of
    from cti.history.story import advance_or_keep, follow

    calls: dict[CallId, Call] = {}
    log = QueueLog()
    for event in reader.journal(*span):
        if not isinstance(event, CallEvent):
            continue
        call = calls.get(event.call_id)
        if call is None and not isinstance(event, CallArrived):  # began before the span
            call = follow(e for e in reader.events(event.call_id) if e.at < span[0])
        line = log.line(call, event) if call is not None else None
        if line is not None:
            sys.stdout.write(text_of(line) + "\n")
        after = advance_or_keep(call, event)
        if after is not None:
            calls[event.call_id] = after
        if after is not None and after.state == "ended":
            del calls[event.call_id]


_CSV: Final = (
    "call_id",
    "arrived_at",
    "ended_at",
    "outcome",
    "dnis",
    "trunk",
    "language",
    "customer_id",
    "verified",
    "queues",
    "found_closed",
    "agents",
    "wait_time",
    "talk_time",
    "hold_time",
    "wrap_up_time",
    "misses",
    "disposition",
    "ended_by",
    "rebuilt",
)


def _write_csv(reader: "HistoryReader", span: tuple[float, float]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_CSV)
    for call in reader.calls(*span):
        writer.writerow([_cell(getattr(call, name)) for name in _CSV])


def _cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.3f}"
    text = " ".join(value) if isinstance(value, tuple) else value
    # A spreadsheet would take such a text for a formula.
    return f"'{text}" if isinstance(text, str) and text[:1] in "=+-@\t\r" and text else text


def _write_jsonl(reader: "HistoryReader", span: tuple[float, float]) -> None:
    from cti.core.events import ENCODER

    for event in reader.journal(*span):
        sys.stdout.write(ENCODER.encode(event).decode() + "\n")
