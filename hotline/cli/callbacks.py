"""``hotline callbacks …``: customers who wait to be called back."""

import asyncio
import json
import time
from datetime import datetime
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from hotline.cli.common import clear_errors, err, fail, out, state

if TYPE_CHECKING:
    from cti.callback_store import Kept

app = typer.Typer(help="Customers who wait to be called back.", no_args_is_help=True)

_PATIENCE = 8.0
"""Seconds for the engine to carry out a cancellation."""


@app.command("list")
@clear_errors
def list_callbacks(
    context: typer.Context,
    as_json: bool = typer.Option(False, "--json", help="Print one JSON array."),
) -> None:
    """List the callbacks that are not over; numbers are masked."""
    from crm_lookup.masking import masked_phone

    kept = sorted(_rows(context), key=lambda k: (-k.callback.priority, k.callback.joined_at))
    if as_json:
        lines = [
            {
                "callback_id": k.callback.callback_id,
                "call_id": k.callback.call_id,
                "journey_id": k.callback.journey_id,
                "state": k.callback.state,
                "queue": k.callback.queue,
                "priority": k.callback.priority,
                "joined_at": k.callback.joined_at,
                "expires_at": k.callback.expires_at,
                "tries": k.callback.tries,
                "customer_id": k.callback.customer_id,
                "number": masked_phone(k.number),
                "cancelling": k.cancel,
            }
            for k in kept
        ]
        typer.echo(json.dumps(lines))
        return
    if not kept:
        out.print("nobody waits for a callback")
        return
    zone = state(context).settings.zone
    table = Table(box=None, header_style="bold")
    for title in ("callback", "number", "queue", "prio", "waits since", "state", "tries", "until"):
        table.add_column(title, no_wrap=True)
    for k in kept:
        c = k.callback
        table.add_row(
            c.callback_id[:13],
            masked_phone(k.number),
            c.queue,
            str(c.priority),
            f"{datetime.fromtimestamp(c.joined_at, zone):%m-%d %H:%M:%S}",
            "being cancelled" if k.cancel else c.state,
            str(c.tries),
            f"{datetime.fromtimestamp(c.expires_at, zone):%m-%d %H:%M}",
        )
    out.print(table)


@app.command()
@clear_errors
def cancel(
    context: typer.Context,
    callback_id: str = typer.Argument(..., help="Its beginning is enough."),
) -> None:
    """Take a callback back; one that is being dialled is hung up."""
    from hotline.storage import callbacks

    found = [
        k.callback.callback_id
        for k in _rows(context)
        if k.callback.callback_id.startswith(callback_id)
    ]
    if len(found) != 1:
        what = "fits several callbacks" if found else "is no callback that waits"
        fail(f"{callback_id}: {what}; `hotline callbacks list` names them")
    store = callbacks(state(context).settings)

    async def order() -> bool:
        await store.ask_to_cancel(found[0])
        until = time.monotonic() + _PATIENCE
        while any(k.callback.callback_id == found[0] for k in await store.all()):
            if time.monotonic() > until:
                return False
            await asyncio.sleep(0.2)
        return True

    if asyncio.run(order()):
        out.print(f"callback {found[0]} is cancelled")
    else:
        err.print("noted; it is cancelled as soon as the engine (`hotline serve`) runs")


def _rows(context: typer.Context) -> "list[Kept]":
    from hotline.storage import callbacks

    store = callbacks(state(context).settings)
    return list(asyncio.run(store.all()))
