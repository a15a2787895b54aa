"""``hotline config …``: what is set, and what could be."""

import json

import typer
from pydantic import SecretStr

from hotline.cli.common import clear_errors, out, state

app = typer.Typer(help="The settings: what is in force.", no_args_is_help=True)


@app.command()
@clear_errors
def show(
    context: typer.Context,
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Print the settings in force, defaults included; secrets are hidden."""
    from hotline.settings.explain import flatten

    settings = state(context).settings
    if as_json:
        document = settings.model_dump(mode="json")
        document["database"]["url"] = _without_password(settings.database.url)
        out.print_json(json.dumps(document, ensure_ascii=False))
        return
    for key, value, meaning in flatten(settings):
        shown = "(hidden)" if isinstance(value, SecretStr) else value
        if key == "database.url":
            shown = _without_password(settings.database.url)
        out.print(f"[bold]{key}[/] = ", end="")
        out.print(str(shown), markup=False, end="")
        out.print(f"   [dim]# {meaning}[/]" if meaning else "")


def _without_password(url: str | None) -> str | None:
    from hotline import db

    return None if url is None else db.shown(url)
