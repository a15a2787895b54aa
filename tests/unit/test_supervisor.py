"""The pause before a dead part is started again."""

from hotline.supervisor import HEALTHY_AFTER, LONGEST_PAUSE, Backoff


def test_the_pause_doubles_up_to_a_limit() -> None:
    backoff, pauses = Backoff(), []
    for _ in range(9):
        backoff.started(0.0)
        pauses.append(backoff.died(1.0))
    assert pauses == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_PAUSE, LONGEST_PAUSE]


def test_health_forgets_earlier_deaths() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.started(0.0)
        backoff.died(1.0)
    backoff.started(100.0)
    assert backoff.died(100.0 + HEALTHY_AFTER) == 0.0
