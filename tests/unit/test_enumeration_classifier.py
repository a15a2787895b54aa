"""The classifier of the enumeration bench: it finds what is there, and nothing else."""

import numpy as np
import pytest

from bench.enumeration_calls.classifier import area, features, told_apart

CALLS = 300
LABELS = np.repeat([0.0, 1.0], CALLS)


def rows(shift: float = 0.0, spread: float = 1.0, told: float = 0.0) -> np.ndarray:
    """Two groups of calls; the second one's answers are later, less even, or in other words."""
    chance = np.random.default_rng(7)
    late = 1.06 + chance.exponential(0.02, 2 * CALLS)
    late[CALLS:] = 1.06 + shift + (late[CALLS:] - 1.06) * spread
    others = chance.normal(0.1, 0.02, (2 * CALLS, 4))
    sounds = ["locked" if label and chance.random() < told else "no_match" for label in LABELS]
    return features(np.column_stack([others, late]).tolist(), sounds)


def test_two_equal_groups_are_not_told_apart() -> None:
    assert told_apart(rows(), LABELS) < 0.55


@pytest.mark.parametrize(
    "difference",
    [{"shift": 0.03}, {"spread": 3.0}, {"told": 0.3}],
    ids=["later", "uneven", "words"],
)
def test_a_difference_is_found(difference: dict[str, float]) -> None:
    assert told_apart(rows(**difference), LABELS) > 0.6


def test_the_area_is_a_half_for_equal_scores_and_one_for_sorted_ones() -> None:
    labels = np.asarray([0.0, 1.0, 0.0, 1.0])
    assert area(np.zeros(4), labels) == 0.5
    assert area(np.asarray([1.0, 3.0, 2.0, 4.0]), labels) == 1.0
