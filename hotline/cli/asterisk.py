"""``hotline asterisk …``: the exchange behind the hotline."""

from pathlib import Path

import typer

from hotline.cli.common import clear_errors, fail, out, state

app = typer.Typer(
    help="The Asterisk behind the hotline: write its files, start it, stop it, look into it.",
    no_args_is_help=True,
)


@app.command()
@clear_errors
def render(
    context: typer.Context,
    target: Path = typer.Option(..., "--out", metavar="DIR", help="Folder that gets the files."),
) -> None:
    """Write every Asterisk configuration file into DIR.

    For a bank that runs its own Asterisk: look at them, then copy them to its /etc/asterisk.  They
    hold secrets and are readable by their owner only.
    """
    from hotline.asterisk.render import write
    from hotline.exchange import Exchange
    from hotline.serve import phones

    settings = state(context).settings
    exchange = Exchange(settings)
    changed = write(exchange.files(phones(settings)), target)
    for name in sorted(changed):
        out.print(f"wrote {target / name}", markup=False)
    if not changed:
        out.print("everything there is up to date")


@app.command()
@clear_errors
def start(context: typer.Context) -> None:
    """Start the private Asterisk and leave it running (`hotline serve` adopts it)."""
    from hotline.exchange import Exchange
    from hotline.serve import phones

    settings = state(context).settings
    if settings.asterisk.mode == "external":
        fail(
            "asterisk.mode is 'external': start it where it runs, e.g. `systemctl start asterisk`"
        )
    exchange = Exchange(settings)
    adopted = exchange.start(phones(settings))
    words = "was running already" if adopted else "started"
    out.print(f"Asterisk {exchange.install.version} {words}, process {exchange.process.pid()}")


@app.command()
@clear_errors
def stop(
    context: typer.Context,
    patience: float = typer.Option(
        0.0, "--wait", metavar="SECONDS", min=0, help="Let calls end by themselves for so long."
    ),
) -> None:
    """Stop the private Asterisk; its calls end."""
    from hotline.exchange import Exchange

    exchange = Exchange(state(context).settings)
    if exchange.process.pid() is None:
        out.print("Asterisk is not running")
        return
    exchange.stop(patience=patience)
    out.print("Asterisk stopped")


@app.command()
@clear_errors
def console(
    context: typer.Context,
    command: str = typer.Option("", "-x", "--execute", help="Run this command and end."),
) -> None:
    """Open Asterisk's own console (leave it with `exit`)."""
    from hotline.exchange import Exchange

    exchange = Exchange(state(context).settings)
    if command:
        out.print(exchange.process.command(command), markup=False, end="")
        return
    if exchange.process.pid() is None:
        fail("Asterisk is not running; start it with `hotline asterisk start` or `hotline serve`")
    raise typer.Exit(exchange.process.console())
