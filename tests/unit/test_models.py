"""Learned models find what is there, nothing where nothing is, and load safely."""

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import skops.io
from typer.testing import CliRunner

from crm_lookup.models.artefact import TRUSTED, Artefact, load, save
from crm_lookup.models.errors import ModelError, WorseModelError
from crm_lookup.models.measure import measure
from crm_lookup.models.table import delimiter, read_table, write_table
from crm_lookup.models.train import held_out, score, train
from hotline.cli import app


def responses(rows: int = 1_000, *, shuffled: bool = False, noise: float = 1.0) -> pl.DataFrame:
    """People who say yes if they are old and live in the south, more or less."""
    rng = np.random.default_rng(7)
    age = rng.integers(18, 80, rows)
    town = rng.choice(["north", "south", "east"], rows)
    told = (age - 50) / 12 + (town == "south") * 1.5 + rng.logistic(0, noise, rows) > 1
    if shuffled:
        told = rng.permutation(told)
    return pl.DataFrame(
        {
            "id": [f"C{n}" for n in range(rows)],
            "age": age,
            "town": town,
            "after": told.astype(int) * 3,
            "y": np.where(told, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def made() -> Artefact:
    return train(responses(), label="y", now=5.0, exclude=["after"], quick=True)


def test_it_finds_what_is_there_and_beats_guessing(made: Artefact) -> None:
    card = made.card
    assert card.model.auc > 0.7
    assert card.majority.auc == 0.5
    assert card.majority.lift_10 == pytest.approx(1.0)
    assert card.model.lift_10 > 1.5
    assert card.model.calibration_error < 0.12
    assert card.skipped.keys() == {"after", "id"}
    assert 150 < card.hold_out_rows < 250


def test_it_is_the_same_each_time(made: Artefact) -> None:
    again = train(responses(), label="y", now=5.0, exclude=["after"], quick=True)
    assert again.card == made.card
    assert score(again, responses()).equals(score(made, responses()))


def test_shuffled_labels_find_nothing() -> None:
    with pytest.raises(WorseModelError, match="tell nothing about the label"):
        train(responses(shuffled=True), label="y", now=0.0, exclude=["after"], quick=True)


def test_a_worse_model_is_refused_and_the_version_counts_on(made: Artefact) -> None:
    with pytest.raises(WorseModelError, match="worse than version 1"):
        train(
            responses(),
            label="y",
            now=0.0,
            exclude=["after", "town"],
            quick=True,
            current=made,
        )
    equal = train(responses(), label="y", now=1.0, exclude=["after"], quick=True, current=made)
    assert equal.card.version == 2


def test_held_out_rows_follow_from_their_content_alone() -> None:
    table = responses().drop("y")
    held = held_out(table)
    assert 0.15 < held.mean() < 0.25
    order = np.random.default_rng(1).permutation(table.height)
    assert (held_out(table[order.tolist()]) == held[order]).all()


def test_strange_and_missing_values_score_and_a_missing_column_is_named(made: Artefact) -> None:
    odd = pl.DataFrame({"age": [None, 30], "town": ["Atlantis", None]})
    assert score(made, odd)["propensity"].is_between(0, 1).all()
    with pytest.raises(ModelError, match="no column town"):
        score(made, pl.DataFrame({"age": [3]}))


def test_an_artefact_comes_back_and_holds_only_listed_types(
    made: Artefact, tmp_path: Path
) -> None:
    path = tmp_path / "deposit.model"
    save(made, path)
    back = load(path)
    assert back.card == made.card
    assert score(back, responses()).equals(score(made, responses()))
    with zipfile.ZipFile(path) as file:
        assert set(skops.io.get_untrusted_types(data=file.read("final.skops"))) <= set(TRUSTED)


def test_a_foreign_type_or_a_pickle_is_refused(made: Artefact, tmp_path: Path) -> None:
    path, bad = tmp_path / "good.model", tmp_path / "bad.model"
    save(made, path)
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            strange = name == "final.skops"
            target.writestr(name, skops.io.dumps(CliRunner()) if strange else source.read(name))
    with pytest.raises(ModelError, match="which no model of ours needs"):
        load(bad)
    bad.write_bytes(pickle.dumps(made.card.model))
    with pytest.raises(ModelError, match="is no model"):
        load(bad)


def test_measures_by_hand() -> None:
    found = measure(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    assert found.auc == 0.75
    assert found.brier == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_tables_keep_their_delimiter(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "t.csv"
    write_table(pl.DataFrame({"a": [1, 2], "b": ["x", None]}), path, separator=mark)
    assert delimiter(path) == mark
    assert read_table(path).equals(pl.DataFrame({"a": [1, 2], "b": ["x", None]}))


def test_the_commands(tmp_path: Path) -> None:
    table, model, out = tmp_path / "r.csv", tmp_path / "m.model", tmp_path / "scored.parquet"
    write_table(responses(), table, separator=";")
    command = ["customers", "train", "--from", str(table), "--label", "y", "--exclude", "after"]
    done = CliRunner().invoke(app, [*command, "--out", str(model), "--quick", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["model"]["auc"] > 0.7
    command = ["customers", "score", "--model", str(model), "--in", str(table)]
    done = CliRunner().invoke(app, [*command, "--out", str(out)])
    assert done.exit_code == 0, done.output
    scored = pl.read_parquet(out)
    assert scored.columns == [*responses().columns, "propensity"]
    best = scored.sort("propensity", descending=True).head(100)
    assert (best["y"] == "yes").mean() > 1.5 * (scored["y"] == "yes").mean()
    done = CliRunner().invoke(app, ["customers", "model", str(model)])
    assert "majority" in done.stdout
