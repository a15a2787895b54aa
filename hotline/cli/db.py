"""``hotline db …``: the database's schema, backups."""

import json
from pathlib import Path

import msgspec
import typer
from rich.table import Table

from hotline.cli.common import clear_errors, out, state

app = typer.Typer(
    help="The database: bring it up to date, look at it, back it up, restore it.",
    no_args_is_help=True,
)


@app.command()
@clear_errors
def upgrade(context: typer.Context) -> None:
    """Create the database, or bring its schema up to date.  Safe to repeat."""
    from hotline import db

    revision = db.upgrade(state(context).settings.database_url)
    out.print(f"database is at revision {revision}")


@app.command()
@clear_errors
def status(
    context: typer.Context,
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Show the schema's revision, the rows of each table and whether the file is sound.

    Ends with status 1 when the database cannot be used as it is.
    """
    from hotline import db

    found = db.status(state(context).settings.database_url)
    if as_json:
        out.print_json(
            json.dumps(
                {**msgspec.to_builtins(found, str_keys=True, enc_hook=str), "ready": found.ready}
            )
        )
    else:
        table = Table(show_header=False, box=None)
        table.add_row("file" if found.path else "server", found.place)
        if found.version:
            table.add_row("version", found.version)
        table.add_row("revision", f"{found.revision or 'none'} (newest: {found.head})")
        if found.exists:
            table.add_row("size", f"{found.size / 1e6:.1f} MB")
            table.add_row("integrity", found.integrity)
            table.add_row("in use", "yes" if found.in_use else "no")
        if found.risk:
            table.add_row("at risk", found.risk)
        for name, rows in found.tables.items():
            table.add_row(f"  {name}", f"{rows:,}")
        out.print(table)
        if found.integrity != "ok":
            out.print(found.integrity, style="red", markup=False)
        elif not found.ready:
            out.print("[yellow]not ready[/]: run `hotline db upgrade`")
    raise typer.Exit(0 if found.ready else 1)


@app.command()
@clear_errors
def backup(
    context: typer.Context,
    target: Path = typer.Argument(..., metavar="FILE", help="New file that gets the copy."),
) -> None:
    """Write a consistent copy while the hotline goes on."""
    from hotline import db

    size = db.backup(state(context).settings.database_url, target)
    out.print(f"wrote {target} ({size / 1e6:.1f} MB)", markup=False)


@app.command()
@clear_errors
def restore(
    context: typer.Context,
    source: Path = typer.Argument(..., metavar="FILE", help="File made by `hotline db backup`."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."),
) -> None:
    """Put a backup in the database's place; the old file is kept beside it."""
    from hotline import db

    url = state(context).settings.database_url
    if not yes:
        typer.confirm(f"Replace {db.place(url)} by {source}?", abort=True)
    aside = db.restore(source, url)
    out.print(
        f"restored {source}" + (f"; the old database is {aside}" if aside else ""), markup=False
    )
    db.upgrade(url)
