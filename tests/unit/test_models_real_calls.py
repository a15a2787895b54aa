"""Real telemarketing calls, where the data set lies beside the repository (docs/analysis.md)."""

from pathlib import Path

import pytest

from crm_lookup.models.table import read_table
from crm_lookup.models.train import train

DATA = Path(__file__).resolve().parents[2] / "../shared/data/bank_telemarketing/responses.csv"


@pytest.mark.skipif(not DATA.exists(), reason="the data set is not here")
def test_real_responses_are_ranked_better_than_by_the_baselines() -> None:
    card = train(read_table(DATA), label="y", now=0.0, exclude=["duration"], quick=True).card
    assert card.skipped["duration"] == "excluded"
    assert card.model.auc > 0.80
    assert card.model.auc > card.logistic.auc + 0.01
    assert card.model.lift_10 > 4
    assert card.model.calibration_error < 0.02
