"""``hotline selftest``."""

import asyncio
import tempfile
from pathlib import Path

import msgspec
import typer

from hotline.cli.common import clear_errors, err, out


@clear_errors
def selftest(
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object at the end."),
    pin: str | None = typer.Option(
        None, "--pin", metavar="PIN", help="Key this PIN instead of the right one."
    ),
    fail_fast: bool = typer.Option(False, "--fail-fast", help="Stop at the first failed step."),
    keep: bool = typer.Option(False, "--keep", help="Keep the folder with logs and database."),
    database: str | None = typer.Option(
        None, "--database", metavar="URL", help="An empty PostgreSQL database that may be filled."
    ),
) -> None:
    """Prove that everything works: boot a stack of its own and place real SIP calls.

    Takes about a minute.  Uses free ports on loopback and a temporary folder; touches nothing that
    runs.  Ends with status 0 only if every step passed.  Process ids go to standard error.
    """
    import shutil
    import sys

    from hotline.logs import configure_logging
    from hotline.selftest.report import Report, Step, broken
    from hotline.selftest.run import SelfTest
    from hotline.settings.services import LogSettings

    _refuse_a_used_one(database)
    configure_logging(LogSettings(level="warning"), "selftest")
    folder = Path(tempfile.mkdtemp(prefix="hotline-"))
    folder.chmod(0o755)  # Asterisk runs as another user

    def report(step: Step) -> None:
        mark = "[green]✓[/]" if step.ok else "[red]✗[/]"
        err.print(f"{mark} {step.name} ({step.seconds:.1f} s): ", end="")
        err.print(step.detail, markup=False)

    async def run() -> Report:
        test = SelfTest(folder, pin=pin, report=report, fail_fast=fail_fast, database=database)
        return await test.run()

    try:
        result = asyncio.run(run())
    except Exception as error:
        if not as_json:
            raise
        result = broken(error)  # a program reads this: it gets its object whatever happens
        report(result.steps[0])
    finally:
        if keep:
            err.print(f"kept: {folder}", markup=False)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    else:
        verdict = "[green]passed[/]" if result.ok else "[red]failed[/]"
        pops = result.pop_ms
        out.print(f"self-test {verdict}; pops: p50 {pops.p50} ms, p99 {pops.p99} ms, n {pops.n}")
    raise typer.Exit(0 if result.ok else 1)


def _refuse_a_used_one(database: str | None) -> None:
    """The trial writes made-up customers: it must not meet anybody's data."""
    from hotline import db

    if database is None:
        return
    found = db.status(db.server_dsn(database))
    if not found.exists:
        raise db.DatabaseError(found.integrity)
    if found.tables:
        raise db.DatabaseError(
            f"{found.place} holds {len(found.tables)} tables: name an empty database for the trial"
        )
