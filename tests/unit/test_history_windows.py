"""The last hour and quarter: the same sums as adding all minutes anew, for less work."""

import random

import msgspec

from cti.core import events as ev
from cti.core.calls import Call
from cti.core.ids import AgentId, CallId, QueueName
from cti.history.figures import AgentKey, Figures, QueueKey
from cti.history.fold import State, StateEncoder, encode
from cti.history.windows import FIFTEEN_MINUTES, HOUR, Windows

NOON = 1_795_492_800


def minute(chance: random.Random, start: int) -> Figures:
    made = Figures()
    for _ in range(chance.randint(0, 6)):
        queue = QueueName(chance.choice(("service", "vip")))
        row = made.queue(QueueKey(start, queue))
        row.answered += 1
        row.talk_ms += chance.randint(0, 10**6)
        made.agent(AgentKey(start, AgentId(f"10{chance.randint(1, 9):02}"), queue)).completed += 1
        made.waited(start, queue, "answered", chance.random() * 90)
    return made


def anew(everything: Figures, now: float) -> tuple[Figures, ...]:
    return tuple(
        everything.between(now - length, float("inf")).together()
        for length in (HOUR, FIFTEEN_MINUTES)
    )


def test_the_sums_are_those_of_all_minutes_at_any_moment() -> None:
    chance = random.Random(3)  # noqa: S311
    windows, everything, now = Windows(), Figures(), float(NOON)
    for _ in range(3_000):
        now += chance.choice((0.7, 1.0, 3.0, 61.0))
        start = int(now) // 60 * 60 - chance.choice((0, 0, 0, 60, 300))  # also late ones
        more = minute(chance, start)
        windows.add(more)
        everything.add(more)
        assert windows.sums(now) == anew(everything, now)
    assert not windows.sums(now + HOUR + 61)[0]


def test_a_clock_that_is_set_back_widens_the_windows_again() -> None:
    chance = random.Random(4)  # noqa: S311
    windows, everything = Windows(), Figures()
    for start in range(NOON, NOON + 1800, 60):
        more = minute(chance, start)
        windows.add(more)
        everything.add(more)
    for now in (NOON + 1800.0, NOON + 1500.0, NOON + 600.0, NOON + 1900.0):
        assert windows.sums(now) == anew(everything, now)


def test_the_minutes_of_no_window_are_dropped() -> None:
    windows = Windows()
    for start in range(NOON, NOON + 3 * HOUR, 60):
        windows.add(minute(random.Random(start), start))  # noqa: S311
        windows.sums(start)
    assert len(windows._minutes) <= HOUR // 60 + 1


def test_calls_that_did_not_change_are_encoded_once_and_alike() -> None:
    def call(number: int, node: str) -> Call:
        return Call(
            call_id=CallId(f"c-{number}"),
            uniqueid=f"{NOON}.{number}",
            linkedid=f"{NOON}.{number}",
            server="",
            dnis="95500",
            trunk="carrier",
            caller_pseudonym="p",
            arrived_at=NOON,
            since=NOON,
            menu_path=node,
        )

    encoder = StateEncoder()
    first = [call(number, "main") for number in range(4)]
    state = State(seq=9, calls=tuple(first), kinds={ev.CallArrived.__name__: 4})
    assert encoder.encode(state) == encode(state)
    before = dict(encoder._known)
    changed = State(seq=12, calls=(first[0], call(1, "balance"), first[3]))
    assert encoder.encode(changed) == encode(changed)
    after = encoder._known
    assert after.keys() == {"c-0", "c-1", "c-3"}
    assert after[CallId("c-0")] is before[CallId("c-0")]
    assert after[CallId("c-1")] is not before[CallId("c-1")]
    assert msgspec.json.decode(encoder.encode(state), type=State) == state
