"""How good a model is on rows that it never saw: AUC, lift, calibration.  Pure."""

import math
from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

Floats: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = npt.NDArray[np.int64]


class CalibrationBin(msgspec.Struct, frozen=True, kw_only=True):
    """A tenth of the rows, by predicted chance."""

    rows: int
    predicted: float
    """Mean predicted chance."""
    observed: float
    """Share that said yes."""


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    auc: float
    """Chance that one who said yes is ranked before one who said no; 0.5 is guessing."""
    auc_error: float
    """Standard error of the AUC (Hanley and McNeil, 1982)."""
    lift_10: float
    """Share of yes in the best tenth over the share among all."""
    lift_20: float
    brier: float
    """Mean squared error of the chance; 0 is perfect."""
    calibration_error: float
    """Mean distance of predicted and observed shares over tenths."""
    bins: tuple[CalibrationBin, ...]


def measure(labels: Labels, chances: Floats) -> Measures:
    """Compare predicted ``chances`` with what people said (0 or 1); both must occur."""
    yes, no = int(labels.sum()), int(len(labels) - labels.sum())
    auc = float(roc_auc_score(labels, chances))
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = auc * (1 - auc) + (yes - 1) * (q1 - auc * auc) + (no - 1) * (q2 - auc * auc)
    tenths = np.array_split(np.argsort(chances, kind="stable"), 10)
    bins = [
        CalibrationBin(
            rows=len(part),
            predicted=float(chances[part].mean()),
            observed=float(labels[part].mean()),
        )
        for part in tenths
        if len(part)
    ]
    return Measures(
        auc=auc,
        auc_error=math.sqrt(max(spread, 0.0) / (yes * no)),
        lift_10=_lift(labels, chances, 0.1),
        lift_20=_lift(labels, chances, 0.2),
        brier=float(((chances - labels) ** 2).mean()),
        calibration_error=sum(b.rows * abs(b.predicted - b.observed) for b in bins) / len(labels),
        bins=tuple(bins),
    )


def _lift(labels: Labels, chances: Floats, share: float) -> float:
    """Ties are shared out, so that a model that says the same of all has lift 1."""
    most = max(1, round(len(labels) * share))
    border = np.sort(chances)[::-1][most - 1]
    above, at = chances > border, chances == border
    hits = labels[above].sum() + labels[at].mean() * (most - above.sum())
    return float(hits / most / labels.mean())
