"""The benchmark of boards: its calls are real ones, and what was not driven is not reported."""

import random

import pytest

from bench import board
from bench.board_frames.calls import ABANDONED, ANSWERED, Names, Recording
from bench.board_frames.watchers import Reader
from cti import testing
from cti.core import events as ev
from cti.core.world import Rules, World

GREETING = "Asterisk Call Manager/11.0.0\r\n"


def played(which: tuple[str, str], **names: str) -> list[ev.DomainEvent]:
    rng = random.Random(1)  # noqa: S311 -- repeatable names
    called = Names.new(7, names["agent"], names["queue"], rng)
    moments = Recording(*which).moments
    said = "".join(called.told(moment, 1_795_480_000.0 + moment.after) for moment in moments)
    world = World(Rules(pseudonym_key=b"k" * 16))
    found = testing.replay(world, testing.messages((GREETING + said).encode()))
    assert {e.call_id for e in found if isinstance(e, ev.CallEvent)} == {called.call}
    return found


def test_a_recorded_call_is_played_under_new_names() -> None:
    found = played(ANSWERED, agent="1234", queue="queue07")
    [answered] = [e for e in found if isinstance(e, ev.CallConnected)]
    assert (answered.agent_id, answered.queue) == ("1234", "queue07")
    assert {e.agent_id for e in found if isinstance(e, ev.AgentStateChanged)} == {"1234"}
    assert answered.wait_time == pytest.approx(1.02, abs=0.05)
    assert isinstance(found[-1], ev.CallEnded | ev.WrapUpStarted | ev.AgentStateChanged)
    given_up = played(ABANDONED, agent="1234", queue="queue07")
    [lost] = [e for e in given_up if isinstance(e, ev.CallAbandoned)]
    assert lost.queue == "queue07"


LOAD = board.Load(20, 3, 4, 5.0, 4.0, pixels=True)
GOOD = board.Measured(calls=20, told=20, cpu=0.1, bytes=1.0, boards=[0.3] * 60, pixels=[0.4] * 20)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"calls": 0, "told": 0, "boards": [], "pixels": []}, "were driven"),
        ({"calls": 17, "told": 17}, "were driven"),
        ({"told": 19}, "were driven"),
        ({"pixels": [0.4] * 19}, "on the screen"),
        ({"pixels": [0.4] * 19 + [-0.1]}, "before it happened"),
    ],
)
def test_what_was_not_driven_is_not_reported(changes: dict[str, object], words: str) -> None:
    board.check(LOAD, GOOD)
    with pytest.raises(RuntimeError, match=words):
        board.check(LOAD, GOOD._replace(**changes))


def test_a_board_that_missed_a_call_is_noticed() -> None:
    reader = Reader(1, "token")
    reader.counts, reader.at = [1, 3], [10.5, 11.0]
    assert reader.late([10.0, 10.2, 10.9]) == pytest.approx([0.5, 0.8, 0.1])
    with pytest.raises(RuntimeError, match="shows"):
        reader.late([10.0, 10.2, 10.9, 11.0])


def test_a_cost_is_told_with_its_spread() -> None:
    assert board.spread([0.4, -0.1, 0.2]) == (0.2, -0.1, 0.4)


def test_it_refuses_below_its_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert board.main(["--boards", "49"]) == 1
    assert "too few boards" in capsys.readouterr().out
