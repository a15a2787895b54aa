"""Which learners are tried: gradient boosting in three sizes, and the two baselines."""

from typing import Any, Final

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from crm_lookup.models.encoding import Encoding, Matrix
from crm_lookup.models.measure import Labels, measure

SIZES: Final[dict[str, dict[str, Any]]] = {
    "small trees": {"max_leaf_nodes": 8, "min_samples_leaf": 40, "max_iter": 300},
    "middle trees": {"max_leaf_nodes": 15, "min_samples_leaf": 40, "max_iter": 160},
    "large trees": {"max_leaf_nodes": 31, "min_samples_leaf": 20, "max_iter": 120},
}
"""Number of leaves and of trees, so that each size sees about as much."""


def boosting(size: str, seed: int) -> Any:
    """Return one gradient-boosting classifier.

    Categories are numbered by how common they are, and trees part them by that: measured as good
    as sets of categories, and nothing but trees and thresholds has to be loaded again.
    """
    return HistGradientBoostingClassifier(
        learning_rate=0.04,
        l2_regularization=5.0,
        max_features=0.4,
        early_stopping=False,
        random_state=seed,
        **SIZES[size],
    )


def committee(size: str, seed: int, members: int) -> Any:
    """Return the mean of several that differ in their random choices alone."""
    voters = [(f"m{n}", boosting(size, seed + n)) for n in range(members)]
    return Pipeline([("trees", VotingClassifier(voters, voting="soft"))])


def majority() -> Any:
    """Return the baseline that gives everybody the share of those who said yes."""
    return DummyClassifier(strategy="prior")


def logistic(encoding: Encoding) -> Any:
    """Return the baseline of a logistic regression."""
    steps: list[tuple[str, Any, list[int]]] = []
    if encoding.numbers:
        fill = SimpleImputer(strategy="median", keep_empty_features=True)
        scaled = Pipeline([("fill", fill), ("scale", StandardScaler())])
        steps.append(("numbers", scaled, list(range(encoding.numbers))))
    if encoding.width > encoding.numbers:
        one_hot = OneHotEncoder(handle_unknown="ignore", min_frequency=10)
        steps.append(("levels", one_hot, list(range(encoding.numbers, encoding.width))))
    return Pipeline(
        [
            ("columns", ColumnTransformer(steps)),
            ("regression", LogisticRegression(C=0.3, max_iter=3_000)),
        ]
    )


def cross_validated(matrix: Matrix, labels: Labels, model: Any, *, seed: int) -> float:
    """Return the mean AUC over three folds."""
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    found = []
    for train, test in folds.split(matrix, labels):
        chances = model.fit(matrix[train], labels[train]).predict_proba(matrix[test])[:, 1]
        found.append(measure(labels[test], chances).auc)
    return float(np.mean(found))
