"""``hotline bank …``: the bank's core system, and what was ordered from it."""

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import typer
from rich.table import Table

from hotline.cli.common import clear_errors, err, out, state

if TYPE_CHECKING:
    from crm_lookup.bank.audit import AuditEntry

app = typer.Typer(
    help="The bank's core system with the accounts, and the audit.", no_args_is_help=True
)
audit = typer.Typer(
    help="What was ordered over the telephone, by whom, and what came of it.", no_args_is_help=True
)
app.add_typer(audit, name="audit")


@app.command()
@clear_errors
def check(
    context: typer.Context,
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Ask the configured core how it is.  Ends with status 1 when it cannot serve."""
    from hotline import db
    from hotline.banking import check_core

    settings = state(context).settings
    db.require_current(settings.database_url)
    found = check_core(settings)
    if as_json:
        out.print_json(json.dumps({"kind": settings.bank.kind, **msgspec.to_builtins(found)}))
    else:
        mark = "[green]✓[/]" if found.ok else "[red]✗[/]"
        out.print(f"{mark} {settings.bank.kind}: ", end="")
        out.print(found.detail, f"({found.seconds * 1000:.0f} ms)", markup=False, soft_wrap=True)
    raise typer.Exit(0 if found.ok else 1)


@audit.command("list")
@clear_errors
def list_audit(
    context: typer.Context,
    customer: str = typer.Option("", help="Only this customer's."),
    call: str = typer.Option("", help="Only this call's."),
    limit: int = typer.Option(50, min=1, max=10_000, help="Lines at most, the newest first."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object a line."),
) -> None:
    """List the orders: each has a line when it began and one with its outcome."""
    from hotline.banking import open_audit

    settings = state(context).settings

    async def read() -> "Sequence[AuditEntry]":
        async with open_audit(settings) as log:
            return await log.newest(
                limit=limit, customer_id=customer or None, call_id=call or None
            )

    entries = asyncio.run(read())
    if as_json:
        for entry in entries:
            sys.stdout.write(msgspec.json.encode(entry).decode() + "\n")
        return
    if not entries:
        err.print("nothing was ordered yet")
        return
    table = Table("time", "customer", "level", "action", "about", "outcome", "case", "call")
    for entry in entries:
        table.add_row(
            f"{datetime.fromtimestamp(entry.at, settings.zone):%Y-%m-%d %H:%M:%S}",
            entry.customer_id or "unknown",
            entry.level,
            entry.action,
            entry.subject,
            f"{entry.outcome}: {entry.detail}" if entry.detail else entry.outcome,
            entry.case_number,
            entry.call_id,
        )
    out.print(table)
