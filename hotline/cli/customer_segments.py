"""``hotline customers segments|segment|offers``: who belongs where, finding people, responses."""

import csv
import sqlite3
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import typer
from rich.table import Table

from hotline.cli.common import clear_errors, err, fail, out, state
from hotline.cli.customer_analysis import ready_database

PANEL = "Analysis"
segments = typer.Typer(help="Value segments, and who is in them.", no_args_is_help=True)
offers = typer.Typer(help="Offers, and how they are answered.", no_args_is_help=True)
_FILE = typer.Option(None, "--file", metavar="FILE", help="Another file than the shipped one.")


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``hotline customers``."""
    app.add_typer(segments, name="segments", rich_help_panel=PANEL)
    app.add_typer(offers, name="offers", rich_help_panel=PANEL)
    app.command(rich_help_panel=PANEL)(segment)


@segments.command()
@clear_errors
def lint(file: Path | None = _FILE) -> None:
    """Check the definitions."""
    from crm_lookup.segments import SHIPPED, load_segments

    out.print(f"{file or SHIPPED}: {len(load_segments(file or SHIPPED))} segments, no fault")


@segments.command()
@clear_errors
def apply(
    context: typer.Context,
    file: Path | None = _FILE,
    what_if: bool = typer.Option(
        False, "--what-if", help="Only say who would move, and what it costs."
    ),
) -> None:
    """Move every customer who was analysed to the segment of the definitions."""
    from crm_lookup import segment_moves
    from crm_lookup.segments import SHIPPED, load_segments

    rules = load_segments(file or SHIPPED)
    with closing(sqlite3.connect(ready_database(context), isolation_level=None)) as database:
        database.execute("PRAGMA busy_timeout=10000")
        found = (
            segment_moves.preview(database, rules)
            if what_if
            else segment_moves.apply(database, rules, now=time.time())
        )
    if not found.customers:
        fail("nobody was analysed yet; run: hotline customers analyse")
    table = Table("from", "to", "customers")
    for (before, after), count in sorted(found.moves.items()):
        if before != after:
            table.add_row(before, after, f"{count:,}")
    out.print(table)
    stay = sum(count for (before, after), count in found.moves.items() if before == after)
    out.print(
        f"{found.customers - stay:,} of {found.customers:,} customers "
        f"{'would move' if what_if else 'moved'}; their service costs CNY {found.cost_after:,} a "
        f"year, {found.cost_after - found.cost_before:+,}"
    )


@segments.command()
@clear_errors
def history(
    context: typer.Context, customer_id: str = typer.Argument(..., metavar="CUSTOMER")
) -> None:
    """Show a customer's moves, the newest first."""
    with closing(sqlite3.connect(ready_database(context))) as database:
        rows = database.execute(
            "SELECT at, before, after, reason_zh, reason_en, definition FROM segment_history "
            "WHERE customer_id = ? ORDER BY at DESC, move_id DESC",
            (customer_id,),
        ).fetchall()
    if not rows:
        err.print(f"{customer_id} was never moved")
    zone = state(context).settings.zone
    for at, before, after, zh, en, definition in rows:
        day = f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"
        out.print(f"{day}  {before} → {after}  {zh} / {en}  ({definition})", markup=False)


@clear_errors
def segment(
    context: typer.Context,
    where: list[str] = typer.Option([], metavar="CONDITION", help="loyalty>=70, segment=gold …"),
    offer: str = typer.Option("", metavar="ID", help="Expect the value of making this offer."),
    export: Path | None = typer.Option(None, metavar="FILE", help="Write their ids and scores."),
) -> None:
    """Find people by scores and attributes: how many, who they are, what they could bring."""
    from crm_lookup.offer_catalogue import load_catalogue
    from crm_lookup.target_groups import group, members

    rules = {rule.id: rule for rule in load_catalogue()}
    if offer and offer not in rules:
        fail(f"no offer {offer}; there are {', '.join(rules)}")
    product, value = (rules[offer].product, rules[offer].value) if offer else ("", 0)
    with closing(sqlite3.connect(ready_database(context))) as database:
        found = group(database, where, product=product, value=value)
        listed = members(database, where) if export else []
    out.print(f"{found.size:,} customers, expected value CNY {found.expected_value:,.0f} a year")
    out.print(", ".join(f"{name} {count:,}" for name, count in found.segments.items()))
    for name, mean in found.means.items():
        out.print(f"  {name:16} {mean:,.2f} on average")
    if export:
        with export.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                ("customer_id", "segment", "profit", "potential", "loyalty", "attrition")
            )
            writer.writerows(listed)
        err.print(f"{export}: {len(listed):,} customers")


@offers.command("lint")
@clear_errors
def lint_offers(file: Path | None = _FILE) -> None:
    """Check the catalogue."""
    from crm_lookup.offer_catalogue import SHIPPED, load_catalogue

    out.print(f"{file or SHIPPED}: {len(load_catalogue(file or SHIPPED))} offers, no fault")


@offers.command()
@clear_errors
def report(
    context: typer.Context,
    days: int = typer.Option(90, min=1, help="Of the last so many days."),
) -> None:
    """Show how offers were answered: by offer, by segment, by agent."""
    from crm_lookup.offer_report import responses

    since = time.time() - days * 86_400
    with closing(sqlite3.connect(ready_database(context))) as database:
        for by in ("offer", "segment", "agent"):
            table = Table(by, "presented", "accepted", "declined", "rate")
            for line in responses(database, by, since=since):
                table.add_row(
                    line.name,
                    *(f"{n:,}" for n in (line.presented, line.accepted, line.declined)),
                    f"{line.rate:.0%}",
                )
            out.print(table)
