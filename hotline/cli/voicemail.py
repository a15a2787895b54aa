"""``hotline voicemail …``: what callers left as messages."""

import json
from datetime import datetime

import typer
from rich.table import Table

from hotline.cli.common import clear_errors, fail, out, state

app = typer.Typer(help="Messages that callers left.", no_args_is_help=True)


@app.command("list")
@clear_errors
def list_messages(
    context: typer.Context,
    as_json: bool = typer.Option(False, "--json", help="Print one JSON array."),
) -> None:
    """List the messages, newest first, with what the journal knows of their calls."""
    from cti.history.story import follow
    from hotline import voicemail
    from hotline.storage import history

    settings = state(context).settings
    reader = history(settings)
    rows = []
    for message in voicemail.messages(voicemail.folder(settings)):
        call = follow(reader.events(message.call_id))
        rows.append(
            {
                "call_id": message.call_id,
                "left_at": message.left_at,
                "seconds": round(message.seconds, 1),
                "customer_id": call.customer_id if call else None,
                "queue": call.queue if call else None,
                "reason": call.reason if call else "",
            }
        )
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("call", "left", "seconds", "customer", "queue", "reason")
    for message, row in zip(voicemail.messages(voicemail.folder(settings)), rows, strict=False):
        left = datetime.fromtimestamp(message.left_at, settings.zone)
        table.add_row(
            message.call_id,
            f"{left:%m-%d %H:%M:%S}",
            f"{message.seconds:.1f}",
            str(row["customer_id"] or ""),
            str(row["queue"] or ""),
            str(row["reason"]),
        )
    out.print(table)


@app.command()
@clear_errors
def path(
    context: typer.Context, call_id: str = typer.Argument(..., help="Id of the call.")
) -> None:
    """Print where a message lies, to be played by any player."""
    from hotline import voicemail

    try:
        typer.echo(str(voicemail.find(voicemail.folder(state(context).settings), call_id)))
    except voicemail.NoMessageError as error:
        fail(str(error))


@app.command()
@clear_errors
def delete(
    context: typer.Context, call_id: str = typer.Argument(..., help="Id of the call.")
) -> None:
    """Delete a message for good; the journal keeps that there was one."""
    from hotline import voicemail

    try:
        voicemail.find(voicemail.folder(state(context).settings), call_id).unlink()
    except voicemail.NoMessageError as error:
        fail(str(error))
    out.print(f"message of call {call_id} deleted", markup=False)
