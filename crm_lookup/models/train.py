"""Training with an honest hold-out, and scoring.

Which rows are held out is decided by a hash of the row's own content: the same row is always on
the same side, twins too, and no version of a model has ever been fitted on what judges it (only
``final``, which judges nothing, sees all rows).
"""

import hashlib
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from threadpoolctl import threadpool_limits

from crm_lookup.models import recipes
from crm_lookup.models.artefact import Artefact, ModelCard
from crm_lookup.models.encoding import Encoding, learn_encoding
from crm_lookup.models.errors import ModelError, WorseModelError
from crm_lookup.models.measure import Floats, Labels, Measures, measure

HOLD_OUT: Final = 0.2
COLUMN: Final = "propensity"
_YES: Final = frozenset({"yes", "y", "1", "1.0", "true", "t", "accepted", "是"})
_LEAST_ROWS, _LEAST_EACH = 200, 20
_SURE: Final = 2.0
"""Standard errors by which an AUC must pass 0.5 to have found anything."""


def train(
    table: pl.DataFrame,
    *,
    label: str,
    now: float,
    exclude: Sequence[str] = (),
    positive: str = "",
    seed: int = 0,
    quick: bool = False,
    current: Artefact | None = None,
    refuse_worse: bool = True,
    progress: Callable[[str], None] = lambda _step: None,
) -> Artefact:
    """Learn from past responses; the same table, seed and libraries give the same model.

    ``quick`` tries one size and a small committee.  ``current`` is the model in use; the version
    counts on from it.  Raises :class:`WorseModelError` when the new one is worse on the hold-out
    or finds nothing at all, :class:`ModelError` when the table does not serve.
    """
    for name in (label, *exclude):
        if name not in table.columns:
            raise ModelError(f"no column {name}; there are {', '.join(table.columns)}")
    table = table.filter(pl.col(label).is_not_null())
    labels, yes = _labels(table[label], positive)
    features = table.drop(label)
    held = held_out(features)
    _require_enough(labels, held)
    # One thread: sums in another order would make another model.
    with threadpool_limits(1):
        encoding = learn_encoding(features.filter(~pl.Series(held)), exclude)
        matrix = encoding.matrix(features)
        known, told = matrix[~held], labels[~held]
        sizes = ["large trees"] if quick else list(recipes.SIZES)
        tried = {}
        for size in sizes:
            progress(f"cross-validation: {size}")
            one = recipes.boosting(size, seed)
            tried[size] = recipes.cross_validated(known, told, one, seed=seed)
        best = max(tried, key=lambda size: tried[size])
        members = 2 if quick else 8
        progress("fitting without the hold-out")
        measured = recipes.committee(best, seed, members).fit(known, told)

        def judged(model: Any) -> Measures:
            chances = model.fit(known, told).predict_proba(matrix[held])[:, 1]
            return measure(labels[held], chances)

        progress("baselines")
        own = measure(labels[held], measured.predict_proba(matrix[held])[:, 1])
        majority = judged(recipes.majority())
        logistic = judged(recipes.logistic(encoding))
        _refuse_useless(own, logistic)
        if current is not None and refuse_worse:
            _refuse_worse(own, current, table.filter(pl.Series(held)), labels[held])
        progress("fitting on all rows")
        whole = learn_encoding(features, exclude)
        final = recipes.committee(best, seed, members).fit(whole.matrix(features), labels)
    card = ModelCard(
        version=1 if current is None else current.card.version + 1,
        trained_at=now,
        label=label,
        positive=yes,
        rows=table.height,
        hold_out_rows=int(held.sum()),
        yes_share=float(labels.mean()),
        seed=seed,
        recipe=f"mean of {members} gradient boostings, {best}",
        cross_validation=tried,
        model=own,
        majority=majority,
        logistic=logistic,
        skipped=encoding.skipped,
        libraries={name: version(name) for name in ("scikit-learn", "skops", "polars", "numpy")},
    )
    return Artefact(
        card=card, encoding=whole, measured_encoding=encoding, measured=measured, final=final
    )


def score(artefact: Artefact, table: pl.DataFrame) -> pl.DataFrame:
    """Return ``table`` with the column ``propensity``: the chance of yes, 0 to 1."""
    chances = _chances(artefact.final, artefact.encoding, table)
    return table.with_columns(pl.Series(COLUMN, chances))


def held_out(features: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """Say of each row whether it is held out, from nothing but its content."""
    text = features.select(
        pl.concat_str(
            [pl.col(name).cast(pl.String).fill_null("\x00") for name in sorted(features.columns)],
            separator="\x1f",
        )
    ).to_series()
    digests = (hashlib.blake2b(row.encode(), digest_size=4).digest() for row in text)
    return np.array([int.from_bytes(d, "big") < HOLD_OUT * 2**32 for d in digests], dtype=bool)


def _chances(model: Any, encoding: Encoding, table: pl.DataFrame) -> Floats:
    with threadpool_limits(1):
        chances: Floats = model.predict_proba(encoding.matrix(table))[:, 1]
    return chances


def _labels(series: pl.Series, positive: str) -> tuple[Labels, str]:
    texts = series.cast(pl.String)
    found = sorted(texts.unique().to_list())
    if len(found) != 2:
        raise ModelError(
            f"{series.name} has {len(found)} different values, not two: name the column that says "
            "yes or no"
        )
    yes = positive or next((text for text in found if text.casefold() in _YES), "")
    if yes not in found:
        raise ModelError(f"which of {' and '.join(found)} means yes? Say so with --positive")
    return (texts == yes).to_numpy().astype(np.int64), yes


def _require_enough(labels: Labels, held: npt.NDArray[np.bool_]) -> None:
    least = min(int(part.sum()) for y in (labels, 1 - labels) for part in (y[held], y[~held]))
    if len(labels) < _LEAST_ROWS or least < _LEAST_EACH:
        raise ModelError(
            f"{len(labels)} rows are too few: at least {_LEAST_ROWS}, with {_LEAST_EACH} of yes "
            "and of no in the hold-out (a fifth of the rows)"
        )


def _refuse_useless(own: Measures, logistic: Measures) -> None:
    if own.auc - _SURE * own.auc_error <= 0.5:
        raise WorseModelError(
            f"the columns tell nothing about the label: AUC {own.auc:.3f} ± {own.auc_error:.3f} "
            f"on the hold-out (logistic regression {logistic.auc:.3f}); no model was written"
        )


def _refuse_worse(own: Measures, current: Artefact, table: pl.DataFrame, labels: Labels) -> None:
    theirs = measure(labels, _chances(current.measured, current.measured_encoding, table))
    if own.auc < theirs.auc:
        raise WorseModelError(
            f"the new model is worse than version {current.card.version}: AUC {own.auc:.4f}, not "
            f"{theirs.auc:.4f}, on the same {len(labels)} rows that neither was fitted on; the "
            "current one stays (--replace takes the new one all the same)"
        )
