"""``hotline customers export|erase``: the rights of one customer."""

from pathlib import Path

import typer

from hotline.cli.common import clear_errors, err, fail, out, state


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``hotline customers``."""
    app.command()(export)
    app.command()(erase)


@clear_errors
def export(
    context: typer.Context,
    customer: str = typer.Argument(..., metavar="CUSTOMER", help="The bank's own id."),
    file: Path = typer.Option(..., "--out", "-o", help="JSON file to write; must not be there."),
    reason: str = typer.Option("the customer asked", "--reason", help="Stands in the audit."),
) -> None:
    """Write everything held of one customer into a JSON file; the audit notes it first."""
    from hotline import db
    from hotline.privacy.customer import collect, write_export

    settings = state(context).settings
    db.require_current(settings.database_url)
    if file.exists():
        fail(f"{file} is there already: name another file, or remove it")
    found = collect(settings, customer, reason=reason[:256])
    try:
        write_export(file, found)
    except OSError as error:
        fail(f"{file} cannot be written ({error.strerror}); the audit has the line all the same")
    counts = ", ".join(f"{name} {len(rows)}" for name, rows in found["held"].items() if rows)
    out.print(f"{file}: {counts}", markup=False)
    err.print("it holds personal data in clear; hand it over and delete it")


@clear_errors
def erase(
    context: typer.Context,
    customer: str = typer.Argument(..., metavar="CUSTOMER", help="The bank's own id."),
    reason: str = typer.Option(..., "--reason", help="Stands in the audit, e.g. a case number."),
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
) -> None:
    """Remove one customer for good: rows, notes, voicemails, callbacks; the audit notes it.

    Bank cases, audits and the journal keep the bare id. Backups are not touched, and an import
    brings back whom the bank's other systems still deliver. Restart the console afterwards: the
    key of the pseudonyms in the journal was replaced.
    """
    from hotline import db
    from hotline.privacy.customer import described, shred
    from hotline.privacy.customer import erase as remove

    settings = state(context).settings
    db.require_current(settings.database_url)
    if len(reason.strip()) < 4:
        fail("give a reason of at least four characters")
    name = described(settings, customer)
    if not yes and not typer.confirm(f"Erase customer {customer} ({name}) for good?"):
        fail("nothing was erased")
    done = remove(settings, customer, reason=reason.strip()[:256])
    shred(settings)
    out.print(
        f"customer {customer} is erased: {done.rows:,} rows, {done.notes:,} notes of agents, "
        f"{done.voicemails} voicemails, {done.callbacks} callbacks"
    )
    kept = ", ".join(f"{table} {count}" for table, count in done.kept.items())
    out.print(f"kept under the bare id: {kept}")
    out.print("restart the console, so that it uses the new key of pseudonyms")
