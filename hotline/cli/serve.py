"""``hotline serve``."""

import asyncio
import enum

import typer

from hotline.cli.common import clear_errors, state


class Role(enum.StrEnum):
    """What one process does."""

    ALL = "all"
    IVR = "ivr"
    CTI = "cti"
    CONSOLE = "console"


@clear_errors
def serve(
    context: typer.Context,
    role: Role = typer.Argument(
        Role.ALL,
        help="all: Asterisk and both roles, supervised. ivr: the voice menu. "
        "console: engine and agent console. cti: the engine without web.",
    ),
    keep_asterisk: bool = typer.Option(
        False, "--keep-asterisk", help="Leave Asterisk and its calls running at the end."
    ),
) -> None:
    """Run the hotline until Ctrl-C or SIGTERM.

    Without a role it starts Asterisk (or adopts the living one with its calls), the voice menu and
    the agent console, and starts again what dies.  The database must be up to date: `hotline db
    upgrade`.
    """
    from hotline import db, logs

    current = state(context)
    settings = current.settings
    logs.configure_logging(settings.log, "hotline" if role is Role.ALL else role.value)
    db.require_current(settings.database_url)
    if role is Role.ALL:
        from hotline.serve import run_all

        asyncio.run(run_all(settings, current.config_file, keep_asterisk=keep_asterisk))
    elif role is Role.IVR:
        import uvloop

        from hotline.roles.ivr import run_ivr

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run_ivr(settings))
    else:
        import uvloop

        from hotline.roles.console import run_console

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run_console(settings, web=role is Role.CONSOLE))
