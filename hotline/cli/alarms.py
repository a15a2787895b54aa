"""``hotline alarms …``: what the supervisors' board warns of, and of what it did."""

import asyncio
from datetime import datetime

import typer
from rich.table import Table

from hotline.cli.common import clear_errors, err, out, state

app = typer.Typer(help="What the supervisors' board warns of.", no_args_is_help=True)


@app.command()
@clear_errors
def lint(context: typer.Context) -> None:
    """Check the rules; names file, line and what is accepted.

    A running console takes an edited file by itself, and refuses a wrong one.
    """
    from hotline.alarm_rules import load_rules
    from hotline.alarms import alarms_file, known_to_alarms

    settings = state(context).settings
    file = alarms_file(settings)
    rules = load_rules(file, known_to_alarms(settings))
    out.print(f"{file}: {len(rules)} rules, no fault", soft_wrap=True)


@app.command()
@clear_errors
def show(context: typer.Context) -> None:
    """Show the rules as a table."""
    from hotline.alarm_rules import load_rules, told
    from hotline.alarms import alarms_file, known_to_alarms

    settings = state(context).settings
    table = Table("rule", "kind", "severity", "raised", "only")
    for rule in load_rules(alarms_file(settings), known_to_alarms(settings)):
        only = (
            f"{name} {', '.join(words)}"
            for name, words in (
                ("reasons", rule.reasons),
                ("queues", rule.queues),
                ("teams", rule.teams),
            )
            if words
        )
        table.add_row(rule.id, rule.kind, rule.severity, told(rule), "\n".join(only))
    out.print(table)


@app.command("list")
@clear_errors
def list_alarms(
    context: typer.Context,
    limit: int = typer.Option(50, min=1, max=10_000, help="At most so many, the newest."),
) -> None:
    """List the newest alarms: when each stood, and who has seen it."""
    from hotline.accounts import open_alarms

    settings = state(context).settings

    def moment(at: float | None) -> str:
        return "" if at is None else datetime.fromtimestamp(at, settings.zone).strftime("%F %T")

    async def read() -> None:
        async with open_alarms(settings) as store:
            found = await store.newest(limit)
        if not found:
            err.print("none so far; `hotline alarms show` says what would raise one")
            return
        table = Table("raised", "rule", "about", "value", "seen by", "cleared")
        for alarm in found:
            unit = "%" if alarm.kind == "service_level" else "s"
            seen = f"{alarm.acknowledged_by} {moment(alarm.acknowledged_at)}".strip()
            table.add_row(
                moment(alarm.raised_at),
                alarm.rule,
                alarm.subject,
                f"{alarm.value:g} {unit}",
                seen,
                moment(alarm.cleared_at) or "stands",
            )
        out.print(table)

    asyncio.run(read())
