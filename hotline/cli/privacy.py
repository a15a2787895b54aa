"""``hotline privacy …``: sealing of personal data, and who looked at what."""

import json
import sqlite3
import time
from datetime import datetime

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from hotline.cli.common import clear_errors, err, fail, out, state
from hotline.settings import Settings

app = typer.Typer(
    help="Customers' personal data: encryption at rest, and who looked at what.",
    no_args_is_help=True,
)
audit = typer.Typer(help="Who looked at masked data, exported or erased a customer.")
app.add_typer(audit, name="audit", no_args_is_help=True)


@app.command()
@clear_errors
def seal(context: typer.Context) -> None:
    """Encrypt the personal data of all customers who are in the database already.

    Set privacy.seal = true and restart the services first; what they write from then on is sealed.
    Can be interrupted and run again; calls go on meanwhile.
    """
    settings = state(context).settings
    if not settings.privacy.seal:
        fail("set privacy.seal = true and restart the services first: they must know the keys")
    _convert(settings)


@app.command()
@clear_errors
def unseal(context: typer.Context) -> None:
    """Decrypt the personal data of all customers.

    Set privacy.seal = false and restart the services first; they still open what is sealed.
    """
    settings = state(context).settings
    if settings.privacy.seal:
        fail("set privacy.seal = false and restart the services first, or they go on sealing")
    _convert(settings)


@app.command("rotate-key")
@clear_errors
def rotate_key(context: typer.Context) -> None:
    """Seal everything under a new key, and drop the old one when nothing needs it any more.

    The services go on meanwhile.  Interrupted, run it again: it goes on with the key that it made.
    """
    from crm_lookup.sealing import KNOWN_AFTER
    from hotline.privacy.keys import add_key, drop_older, key_file, load_keys

    settings = state(context).settings
    if not settings.privacy.seal:
        fail("nothing is sealed under these settings (privacy.seal = false)")
    file = key_file(settings)
    keys = load_keys(file)
    if len(keys) == 1:
        add_key(file)
        out.print(f"made key {load_keys(file)[0].id.hex()}; it stands first in {file}: back it up")
        time.sleep(2 * KNOWN_AFTER)  # until the services know it
    else:
        out.print(f"going on with key {keys[0].id.hex()}")
    _convert(settings)
    drop_older(file)
    out.print(f"the old key is gone from {file}; keep its backup as long as old database backups")


def _convert(settings: Settings) -> None:
    from crm_lookup.importing.stage import only_import
    from hotline import db
    from hotline.importing import import_folder, unfinished_import
    from hotline.privacy.convert import convert, scrub
    from hotline.privacy.keys import open_sealer

    url = settings.database_url
    db.require_current(url)
    sealer = open_sealer(settings)
    with (
        db.in_use(url),
        only_import(import_folder(settings)),  # it would write under the key of its beginning
        Progress(
            "customers",
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=err,
            transient=True,
        ) as bar,
    ):
        if (note := unfinished_import(settings)) is not None:
            fail(
                f"the import of {note.source} is unfinished, and its stage is as it was when it "
                "began: finish it first with `hotline customers import --resume`"
            )
        task = bar.add_task("", total=None)
        done = convert(
            url,
            sealer,
            progress=lambda made, wanted: bar.update(task, completed=made, total=wanted),
        )
        out.print(
            f"{done.customers:,} customers, {done.values:,} values written anew "
            f"in {done.seconds:.1f} s"
        )
        if db.is_server(url):
            out.print("old row versions stay until `VACUUM FULL`: run it when calls are few")
            return
        try:
            scrub(url)
        except sqlite3.Error as error:
            fail(
                f"old values may still stand in free pages of the file ({error}): "
                "run the command again when fewer processes write"
            )
        out.print("free pages of the file are clean")


@audit.command("list")
@clear_errors
def list_audit(
    context: typer.Context,
    customer: str = typer.Option("", "--customer", help="Only lines about this customer."),
    actor: str = typer.Option("", "--actor", help="Only lines of this login or system user."),
    limit: int = typer.Option(50, "--limit", min=1, max=10_000, help="At most so many."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON array."),
) -> None:
    """List who looked at what, why and with which outcome; the newest first."""
    from hotline import db
    from hotline.privacy.audit import newest

    settings = state(context).settings
    db.require_current(settings.database_url)
    found = newest(settings.database_url, customer=customer, actor=actor, limit=limit)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    if not found:
        out.print("no such line")
        return
    table = Table(box=None, header_style="bold")
    for title in ("when", "who", "did", "customer", "outcome", "reason"):
        table.add_column(title, overflow="fold")
    for line in found:
        table.add_row(
            f"{datetime.fromtimestamp(line['at'], settings.zone):%Y-%m-%d %H:%M:%S}",
            f"{line['actor']} ({line['role']})",
            f"{line['action']} {line['field']} ({line['level']})",
            str(line["customer_id"]),
            str(line["outcome"]),
            str(line["reason"]),
        )
    out.print(table)
