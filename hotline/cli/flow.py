"""``hotline flow …``: check the menus, look at them, walk through them."""

from pathlib import Path

import typer

from hotline.cli.common import clear_errors, err, fail, out, state

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
    # A part that several flows use is told once.
    faults = list(dict.fromkeys(f for file in checked for f in lint_file(file, known)))
    for fault in faults:
        err.print(fault, markup=False, soft_wrap=True)
    if faults:
        raise typer.Exit(1)
    out.print(f"{len(checked)} flows, no fault")


@app.command()
@clear_errors
def graph(
    context: typer.Context,
    name: str = typer.Argument(..., help="Name of the flow, e.g. main."),
    svg: Path = typer.Option(None, "--svg", metavar="FILE", help="Also draw it into this file."),
    whole: bool = typer.Option(False, "--whole", help="Draw the nodes within sub-flows too."),
) -> None:
    """Print a flow as Mermaid text; draw it as SVG.

    A sub-flow is one box; draw it by its own name, or everything with --whole.
    """
    from hotline.roles.ivr import load_flows
    from ivr.flow import graph as drawing

    flows = load_flows(state(context).settings)
    flow = flows.flows.get(name) or flows.get(name)  # a part of other flows can be drawn too
    flow = flow if whole else drawing.folded(flow)
    if svg is not None:
        svg.write_text(drawing.svg(flow), encoding="utf-8")
    typer.echo(drawing.mermaid(flow), nl=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of flow files, for editors (docs/flows.md)."""
    from ivr.flow.schema import schema_text

    typer.echo(schema_text(), nl=False)


@app.command()
@clear_errors
def simulate(
    context: typer.Context,
    name: str = typer.Argument("main", help="Name of the flow."),
    caller: str = typer.Option("+8613800138000", "--from", help="Calling number; '' withheld."),
    keys: str = typer.Option(
        "", help="One word for each question, e.g. '1 1 # 135790# 0'; '-' keys nothing."
    ),
    language: str = typer.Option("zh", help="Language of the number: zh or en."),
    bank: str = typer.Option(
        "demo", "--as", help="demo: one customer in memory; database: that of the settings."
    ),
    at: str = typer.Option("", metavar="TIME", help="2026-03-02T09:30. Default: now."),
) -> None:
    """Walk a call through a flow without a phone; nothing is changed anywhere.

    Prints what the caller hears, the keys taken, and every side effect.  After the last key the
    caller is silent.
    """
    import asyncio
    from datetime import datetime

    from hotline.roles.flows import holidays
    from hotline.roles.ivr import load_flows, load_prompts, open_routing
    from hotline.simulation import bank_services
    from ivr.flow.simulate import Scenario
    from ivr.flow.simulate import simulate as walk

    if language not in ("zh", "en"):
        fail(f"{language}: no such language; accepted: zh, en")
    if bank not in ("demo", "database"):
        fail(f"{bank}: no such bank; accepted: demo, database")
    settings = state(context).settings
    try:
        moment = datetime.fromisoformat(at) if at else datetime.now(settings.zone)
    except ValueError:
        fail(f"{at}: write the time like 2026-03-02T09:30")
    now = holidays(settings).moment(
        moment.replace(tzinfo=settings.zone) if moment.tzinfo is None else moment
    )
    number = next(iter(settings.numbers), None)
    scenario = Scenario(
        flow=name,
        caller=caller,
        keys=keys,
        language=language,  # type: ignore[arg-type] # checked above
        default_queue=number.queue if number else settings.queues[0].name,
        dnis=number.dnis if number else "",
    )

    async def run() -> None:
        flows = load_flows(settings)
        router = open_routing(settings, flows).route
        async with bank_services(settings, is_demo=bank == "demo") as services:
            lines = walk(scenario, flows, services, router, lambda: now, load_prompts().spell)
            async for line in lines:
                out.print(f"{line.what:>8}  {line.text}", markup=False, soft_wrap=True)

    asyncio.run(run())
