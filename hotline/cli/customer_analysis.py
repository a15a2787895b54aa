"""``hotline customers analyse|scores``: the analysis of all customers, and what it found."""

import sqlite3
import sys
from contextlib import closing
from datetime import date, datetime, time, timedelta
from importlib.util import find_spec
from pathlib import Path

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hotline.cli.common import clear_errors, err, fail, out, state

PANEL = "Analysis"


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``hotline customers``."""
    app.command(rich_help_panel=PANEL)(analyse)
    app.command(rich_help_panel=PANEL)(scores)


def ready_database(context: typer.Context) -> Path:
    """Return the file of the database, which has the newest schema."""
    from hotline import db
    from hotline.db.url import sqlite_path

    url = state(context).settings.database_url
    db.require_current(url)
    return sqlite_path(url)


@clear_errors
def analyse(
    context: typer.Context,
    as_of: str = typer.Option("", metavar="DATE", help="The last day to look at. Default: today."),
    full: bool = typer.Option(
        False, "--full", help="Look at everybody, and renew what they are compared with."
    ),
) -> None:
    """Score all customers: value, loyalty, risk, needs.  Safe to stop and to repeat.

    The first run looks at everybody; later ones at those of whom something changed, or who were
    not looked at for a week.  An interrupted run is taken up where it stopped.
    """
    if not all(find_spec(name) for name in ("sklearn", "polars", "adbc_driver_sqlite")):
        fail("analysis needs more libraries; install: pip install 'hotline[analysis]'")
    from crm_lookup.analysis.run import analyse as run_analysis

    zone = state(context).settings.zone
    try:
        day = date.fromisoformat(as_of) if as_of else datetime.now(zone).date()
    except ValueError:
        fail(f"{as_of}: write the day like 2026-06-30")
    midnight = datetime.combine(day + timedelta(days=1), time(), zone).timestamp()
    bar = Progress(
        TextColumn("customers"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
    )
    with bar:
        task = bar.add_task("", total=None)
        run = run_analysis(
            ready_database(context),
            as_of=midnight,
            full=full,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    what = "went on with a run" if run.resumed else f"{run.kind} run"
    out.print(f"{what}: {run.customers:,} customers looked at, as of {_day(run.as_of, zone)}")


@clear_errors
def scores(
    context: typer.Context,
    customer_id: str = typer.Argument(..., metavar="CUSTOMER"),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Show one customer's scores, each with what weighs most in it."""
    from crm_lookup.scores import COLUMNS, scores_of

    with closing(sqlite3.connect(ready_database(context))) as database:
        row = database.execute(
            f"SELECT {', '.join(COLUMNS)} FROM customer_scores WHERE customer_id = ?",  # noqa: S608 - our own names
            (customer_id,),
        ).fetchone()
    if row is None:
        fail(f"{customer_id} has no scores; check the id, or run: hotline customers analyse")
    found = scores_of(row)
    if as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        return
    for name, value in msgspec.to_builtins(found).items():
        if name in ("reasons", "as_of"):
            continue
        money = name in ("profit", "potential", "cost_to_serve", "monetary", "assets")
        shown = f"CNY {value / 100:,.0f}" if money else value
        out.print(f"{name:20} {shown}", markup=False, soft_wrap=True)
        for reason in found.reasons.get(name, ()):
            out.print(f"{'':20}   {reason.zh} / {reason.en}", markup=False, soft_wrap=True)


def _day(at: float, zone: object) -> date:
    return datetime.fromtimestamp(at - 1, zone).date()  # type: ignore[arg-type] # a time zone
