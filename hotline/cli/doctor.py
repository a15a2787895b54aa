"""``hotline doctor``."""

import json

import msgspec
import typer

from hotline.cli.common import clear_errors, out, state

_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "fault": "[red]✗[/]"}


@clear_errors
def doctor(
    context: typer.Context,
    as_json: bool = typer.Option(False, "--json", help="Print one JSON array."),
) -> None:
    """Examine everything that the hotline needs and say what to do about faults.

    Ends with status 1 when something is wrong that keeps the hotline from working.
    """
    from hotline.doctor import examine

    faults = 0
    findings = []
    for finding in examine(state(context).settings):
        faults += finding.level == "fault"
        findings.append(finding)
        if as_json:
            continue
        out.print(f"{_MARKS[finding.level]} {finding.name}: ", end="")
        out.print(finding.detail, markup=False)
        if finding.remedy:
            out.print(f"    → {finding.remedy}", markup=False)
    if as_json:
        out.print_json(json.dumps(msgspec.to_builtins(findings), ensure_ascii=False))
    elif faults:
        out.print(f"\n[red]{faults} to mend[/]")
    else:
        out.print("\n[green]ready[/]")
    raise typer.Exit(1 if faults else 0)
