"""The command line: one module for each group of commands.

Commands import their machinery when they run, so that ``--help`` answers at once.
"""

import typer

from hotline.cli import (
    alarms,
    asterisk,
    bank,
    callbacks,
    calls,
    config,
    customers,
    db,
    demo,
    doctor,
    flow,
    integrations,
    kb,
    privacy,
    prompts,
    report,
    routing,
    selftest,
    serve,
    users,
    voicemail,
)
from hotline.cli.common import State, version_text

app = typer.Typer(
    name="hotline",
    help="Contact-centre server for a bank's hotline: voice menus, screen-pops, live queues.\n\n"
    "Try it:  hotline demo        (everything on this machine, with scripted callers)\n\n"
    "Prove it:  hotline selftest  (boots a stack of its own and places real SIP calls)\n\n"
    "Run it:  write hotline.toml, then: hotline db upgrade; hotline doctor; hotline serve",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(alarms.app, name="alarms")
app.add_typer(asterisk.app, name="asterisk")
app.add_typer(db.app, name="db")
app.add_typer(bank.app, name="bank")
app.add_typer(calls.app, name="calls")
app.add_typer(callbacks.app, name="callbacks")
app.add_typer(config.app, name="config")
app.add_typer(customers.app, name="customers")
app.add_typer(kb.app, name="kb")
app.add_typer(users.app, name="users")
app.add_typer(integrations.tokens, name="tokens")
app.add_typer(integrations.webhooks, name="webhooks")
app.add_typer(flow.app, name="flow")
app.add_typer(privacy.app, name="privacy")
app.add_typer(prompts.app, name="prompts")
app.add_typer(report.app, name="report")
app.add_typer(routing.app, name="routing")
app.add_typer(voicemail.app, name="voicemail")
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("selftest")(selftest.selftest)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version_text())
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    config_file: str | None = typer.Option(
        None,
        "--config",
        "-c",
        metavar="FILE",
        help="Settings file. Default: $HOTLINE_CONFIG, ./hotline.toml, /etc/hotline/hotline.toml.",
    ),
    version: bool = typer.Option(
        False,
        "--version",
        callback=_show_version,
        is_eager=True,
        help="Print the version and end.",
    ),
) -> None:
    context.obj = State(config_file)


def main() -> None:
    """Entry point of the ``hotline`` command."""
    app()
