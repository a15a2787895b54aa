"""``hotline demo``."""

import asyncio
from pathlib import Path

import typer

from hotline.cli.common import clear_errors, fail, out


def default_state_dir() -> Path:
    """The demo's folder: inside a checkout its state folder, else below the current folder."""
    from hotline.exchange import CHECKOUT_STATE

    return (CHECKOUT_STATE if CHECKOUT_STATE.is_dir() else Path.cwd() / "hotline-state") / "demo"


@clear_errors
def demo(
    quiet: bool = typer.Option(
        False, "--quiet", "-q", help="No scripted customers and no self-answering phones."
    ),
    state_dir: Path | None = typer.Option(
        None, "--state", metavar="DIR", help="Folder for everything the demo makes."
    ),
    fresh: bool = typer.Option(False, "--fresh", help="Forget the last demo's data first."),
) -> None:
    """Start a whole bank on this machine: Asterisk, customers, agents, calls every few seconds.

    Prints where to look and how to sign in.  Everything listens on loopback.  Ctrl-C ends every
    process that it started; after a crash the next start adopts or cleans up what was left.
    """
    import shutil

    from hotline.demo.run import Demo
    from hotline.demo.site import Site
    from hotline.logs import configure_logging
    from hotline.settings.services import LogSettings

    folder = (state_dir or default_state_dir()).resolve()
    configure_logging(LogSettings(level="warning"), "demo")
    if fresh:
        if Site.reopen(folder) is not None:
            fail("a demo is running; end it first (Ctrl-C where it was started)")
        shutil.rmtree(folder, ignore_errors=True)
    try:
        asyncio.run(Demo(folder, out, quiet=quiet).run())
    except TimeoutError as error:
        fail(f"{error}; logs are in {folder / 'log'}")
