"""``hotline flow …``: check the menus, look at them, walk through them."""

from pathlib import Path

import typer

from hotline.cli.common import clear_errors, err, out, state

app = typer.Typer(
    help="The voice menus: check them, draw them, walk through them without a phone.",
    no_args_is_help=True,
)


@app.command()
@clear_errors
def lint(
    context: typer.Context,
    files: list[Path] = typer.Argument(
        None, metavar="[FILE]...", help="Flow files. Default: all of the settings' folder."
    ),
) -> None:
    """Say what callers would stumble over: file:line, node, what to do; status 1 when any.

    A running menu takes an edited file by itself, and refuses one with faults.
    """
    from hotline.roles.flows import flow_files, known_to_flows, lint_file

    settings = state(context).settings
    known = known_to_flows(settings)
    checked = files or flow_files(settings)
    faults = [fault for file in checked for fault in lint_file(file, known)]
    for fault in faults:
        err.print(fault, markup=False, soft_wrap=True)
    if faults:
        raise typer.Exit(1)
    out.print(f"{len(checked)} flows, no fault")
