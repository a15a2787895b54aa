"""What the commands share: settings, errors as one clear line, and consoles."""

import functools
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer
from rich.console import Console

from hotline.settings import Settings, SettingsError, load_settings

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

FuncT = TypeVar("FuncT", bound=Callable[..., Any])


class State:
    """What the options before the command say."""

    def __init__(self, config_file: str | None) -> None:
        self.config_file = Path(config_file) if config_file else None

    @functools.cached_property
    def settings(self) -> Settings:
        """The settings; ends the program with a clear message when they cannot be used."""
        try:
            return load_settings(self.config_file)
        except SettingsError as error:
            fail(str(error))


def fail(message: str, status: int = 1) -> NoReturn:
    """Print an error and end the program."""
    err.print("[bold red]error:[/] ", end="")
    err.print(message, markup=False)
    raise typer.Exit(status)


def state(context: typer.Context) -> State:
    """The state that the root command made."""
    found = context.find_object(State)
    return found if found is not None else State(None)


def clear_errors(function: FuncT) -> FuncT:
    """Turn the errors that a user can mend into one line and exit status 1."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        from crm_lookup.errors import CrmError
        from cti.errors import CtiError
        from hotline.asterisk.errors import AsteriskError
        from hotline.db import DatabaseError
        from ivr.errors import IvrError

        try:
            return function(*args, **kwargs)
        except (
            AsteriskError,
            CrmError,
            CtiError,
            DatabaseError,
            IvrError,
            SettingsError,
        ) as error:
            fail(str(error))
        except PermissionError as error:
            fail(f"{error.filename}: permission denied; run as the user who owns it, or with sudo")

    return run  # type: ignore[return-value] # the wrapper has the wrapped function's signature


def version_text() -> str:
    """``hotline 0.1.0``."""
    return f"hotline {version('hotline')}"
