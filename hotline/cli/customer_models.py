"""``hotline customers train|score|model``: models learned from past responses."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import typer
from rich.table import Table

from hotline.cli.common import clear_errors, err, fail, out

if TYPE_CHECKING:
    from crm_lookup.models.artefact import ModelCard

PANEL = "Learned models"


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``hotline customers``."""
    app.command(rich_help_panel=PANEL)(train)
    app.command(rich_help_panel=PANEL)(score)
    app.command(rich_help_panel=PANEL)(model)


def _need_libraries() -> None:
    from importlib.util import find_spec

    if not all(find_spec(name) for name in ("sklearn", "skops", "polars")):
        fail("models need more libraries; install them with: pip install 'hotline[analysis]'")


@clear_errors
def train(
    source: Path = typer.Option(
        ..., "--from", metavar="FILE", help="CSV or Parquet: one response a row."
    ),
    label: str = typer.Option(..., help="Column that says whether it was a yes."),
    target: Path = typer.Option(..., "--out", metavar="MODEL", help="File for the model."),
    exclude: list[str] = typer.Option(
        [], metavar="COLUMN", help="Leave out what is known only afterwards.  May be repeated."
    ),
    positive: str = typer.Option("", metavar="VALUE", help="What means yes. Default: yes, 1, …"),
    seed: int = typer.Option(0, help="The same seed and table give the same model."),
    quick: bool = typer.Option(False, "--quick", help="A smaller model, in a fifth of the time."),
    replace: bool = typer.Option(
        False, "--replace", help="Take the new model even if the current one is better."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the model card as JSON."),
) -> None:
    """Learn from past responses; judged on a fifth of the rows that is held out.

    When MODEL exists and is better on the same rows, it stays and the command ends with status 1.
    """
    _need_libraries()
    from crm_lookup.models.artefact import load, save
    from crm_lookup.models.table import read_table
    from crm_lookup.models.train import train as learn

    current = load(target) if target.exists() else None
    with err.status("reading") as status:
        made = learn(
            read_table(source),
            label=label,
            now=time.time(),
            exclude=exclude,
            positive=positive,
            seed=seed,
            quick=quick,
            current=current,
            refuse_worse=not replace,
            progress=status.update,
        )
        save(made, target)
    _show(made.card, as_json=as_json)


@clear_errors
def score(
    source: Path = typer.Option(..., "--in", metavar="FILE", help="CSV or Parquet."),
    target: Path = typer.Option(..., "--out", metavar="FILE", help="CSV or Parquet."),
    file: Path = typer.Option(..., "--model", metavar="MODEL", help="What train wrote."),
) -> None:
    """Add the column `propensity`, the chance of a yes, to every row of a table."""
    _need_libraries()
    from crm_lookup.models.artefact import load
    from crm_lookup.models.table import delimiter, read_table, write_table
    from crm_lookup.models.train import score as add_scores

    loaded = load(file)
    scored = add_scores(loaded, read_table(source))
    text = ".parquet" not in (source.suffix.lower(), target.suffix.lower())
    write_table(scored, target, separator=delimiter(source) if text else ",")
    err.print(f"{target}: {scored.height:,} rows scored by version {loaded.card.version}")


@clear_errors
def model(
    file: Path = typer.Argument(..., metavar="MODEL", help="What train wrote."),
    as_json: bool = typer.Option(False, "--json", help="Print the card as JSON."),
) -> None:
    """Show a model's card: what it was made of, and how good it is."""
    _need_libraries()
    from crm_lookup.models.artefact import load

    _show(load(file).card, as_json=as_json)


def _show(card: "ModelCard", *, as_json: bool) -> None:
    if as_json:
        out.print_json(json.dumps(msgspec.to_builtins(card)))
        return
    out.print(
        f"version {card.version}: {card.recipe}; {card.label} = {card.positive}, "
        f"{card.yes_share:.1%} of {card.rows:,} rows; judged on {card.hold_out_rows:,} held out",
        soft_wrap=True,
        markup=False,
    )
    table = Table("on the hold-out", "AUC", "lift, 10 %", "20 %", "Brier", "calibration error")
    for name, found in (
        ("this model", card.model),
        ("logistic regression", card.logistic),
        ("majority", card.majority),
    ):
        table.add_row(
            name,
            f"{found.auc:.4f} ± {found.auc_error:.4f}",
            f"{found.lift_10:.2f}",
            f"{found.lift_20:.2f}",
            f"{found.brier:.4f}",
            f"{found.calibration_error:.4f}",
        )
    out.print(table)
    tenths = Table("tenth of the rows", "predicted", "observed")
    for place, part in enumerate(card.model.bins, start=1):
        tenths.add_row(str(place), f"{part.predicted:.1%}", f"{part.observed:.1%}")
    out.print(tenths)
    for name, why in card.skipped.items():
        out.print(f"  not used: {name} ({why})", markup=False, soft_wrap=True)
