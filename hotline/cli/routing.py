"""``hotline routing …``: which caller goes where, and why."""

from datetime import datetime

import typer
from rich.table import Table

from hotline.cli.common import clear_errors, fail, out, state

app = typer.Typer(help="Who waits where, and who goes first.", no_args_is_help=True)


@app.command()
@clear_errors
def lint(context: typer.Context) -> None:
    """Check the rules; names file, line and what is accepted.

    A running menu takes an edited file by itself, and refuses a wrong one.
    """
    from hotline.roles.ivr import known_names, load_flows, routing_file
    from ivr.routing import load_routing

    settings = state(context).settings
    file = routing_file(settings)
    routing = load_routing(file, known_names(settings, load_flows(settings)))
    out.print(f"{file}: {len(routing.rules)} rules, no fault", soft_wrap=True)


@app.command()
@clear_errors
def show(context: typer.Context) -> None:
    """Show the rules as a table, in their order."""
    from hotline.roles.ivr import known_names, load_flows, routing_file
    from ivr.routing import load_routing, told_conditions, told_prefer, told_step

    settings = state(context).settings
    file = routing_file(settings)
    routing = load_routing(file, known_names(settings, load_flows(settings)))
    table = Table("rule", "when", "queue", "priority", "after waiting")
    for rule in routing.rules:
        priority = "by segment" if rule.priority is None else str(rule.priority)
        table.add_row(
            rule.id,
            "\n".join(told_conditions(rule.when)) or "always",
            rule.queue,
            f"{priority} + {rule.raise_by}" if rule.raise_by else priority,
            "\n".join(
                [
                    *([told_prefer(rule.prefer)] if rule.prefer else []),
                    *(told_step(step) for step in rule.escalate),
                ]
            ),
        )
    out.print(table)
    by_segment = ", ".join(f"{name} {value}" for name, value in routing.priority.items())
    out.print(f"priority by segment: {by_segment or 'none'}; everybody else 0")


@app.command()
@clear_errors
def explain(
    context: typer.Context,
    segment: str = typer.Option("unknown", help="Value segment of the customer."),
    topic: str = typer.Option("general", help="What the caller wants."),
    verified: str = typer.Option("none", help="none, number or pin."),
    language: str = typer.Option("zh", help="zh or en."),
    dnis: str = typer.Option("", help="Number that was dialled. Default: the first declared."),
    queue: str = typer.Option("", help="Queue that the menu insists on."),
    waited: float = typer.Option(0.0, min=0.0, help="Seconds that the caller has waited."),
    at: str = typer.Option("", metavar="TIME", help="2026-03-02T09:30. Default: now."),
) -> None:
    """Say where such a caller goes, and why."""
    from cti.core.ids import QueueName
    from cti.core.routing import Facts, decide, due
    from hotline.roles.ivr import known_names, load_flows, routing_file
    from ivr.routing import check_facts, load_routing, told_prefer

    settings = state(context).settings
    numbers = {name: n for n in settings.numbers for name in (n.dnis, *n.aliases)}
    if dnis and dnis not in numbers:
        fail(f"{dnis}: no such number; accepted: {', '.join(numbers) or 'none is declared yet'}")
    number = numbers.get(dnis) or next(iter(settings.numbers), None)
    try:
        moment = datetime.fromisoformat(at) if at else datetime.now(settings.zone)
    except ValueError:
        fail(f"{at}: write the time like 2026-03-02T09:30")
    known = known_names(settings, load_flows(settings))
    routing = load_routing(routing_file(settings), known)
    level = check_facts(known, segment=segment, topic=topic, verified=verified, language=language)
    decision = decide(
        routing,
        Facts(
            segment="" if segment == "unknown" else segment,
            topic=topic,
            verified=level,
            language=language,
            dnis=number.dnis if number else "",
            default_queue=QueueName(number.queue if number else settings.queues[0].name),
            forced_queue=QueueName(queue) if queue else None,
            at=moment.replace(tzinfo=settings.zone) if moment.tzinfo is None else moment,
        ),
    )
    step = due(decision.steps, waited)
    for tried in decision.tried:
        out.print(f"  rule {tried.rule}: no, because {tried.failed}", markup=False)
    out.print(f"  rule {decision.rule}: yes ({', '.join(decision.reasons)})", markup=False)
    now_queue = (step.queue if step else None) or decision.queue
    now_priority = step.priority if step else decision.priority
    out.print(f"queue {now_queue}, priority {now_priority}", markup=False)
    if decision.prefer is not None and not waited:
        out.print(f"  {told_prefer(decision.prefer)}", markup=False)
    if step is not None:
        out.print(
            f"  because the caller has waited {waited:g} s (at first: queue {decision.queue}, "
            f"priority {decision.priority})",
            markup=False,
        )
    for later in decision.steps:
        if later.after > waited:
            where = f"queue {later.queue}, " if later.queue else ""
            where += "asked for a message, " if later.voicemail else ""
            where += "offered a callback, " if later.callback else ""
            out.print(f"  after {later.after:g} s: {where}priority {later.priority}", markup=False)
