"""The benchmark of pixels fails when it drove nothing, saw too little, or was too slow."""

import pytest
from msgspec.structs import replace

from bench import pixels
from bench.pixel_pages.pages import DESK_MARKS, NAME, Seen


def run(count: int, took: float, **changes: float) -> pixels.Run:
    pops = [
        pixels.Painted(took + n / 100, took + 15 + n / 100, took + 5, 5.0) for n in range(count)
    ]
    return replace(pixels.Run(pops), **changes)


def test_it_refuses_below_its_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert pixels.main(["--pops", "99"]) == 1
    assert "too few" in capsys.readouterr().out


def test_too_little_too_slow_and_jumps_fail() -> None:
    with pytest.raises(RuntimeError, match="only 0 of 3"):
        pixels.report(pixels.Run([]), 3)
    impossible = pixels.Painted(20.0, 30.0, from_sending=9.0, floor=5.0)
    with pytest.raises(RuntimeError, match="only 2 of 3"):
        pixels.report(pixels.Run([*run(2, 20.0).pops, impossible]), 3)
    with pytest.raises(RuntimeError, match="p95 60"):
        pixels.report(run(3, 60.0), 3)
    with pytest.raises(RuntimeError, match=r"moved by 0\.01"):
        pixels.report(run(3, 20.0, moved=0.01), 3)


def test_it_says_what_it_saw() -> None:
    name, whole, sending, floor, beside, _, load = pixels.report(run(100, 20.0), 100)
    assert name.startswith("message to the caller's name: median 20.5 ms, p95 20.9, worst 21.0")
    assert "100 pops" in name
    assert whole.startswith("message to the whole pop: median 35.5 ms")
    assert sending.startswith("sending to the caller's name: median 25.0 ms")
    assert floor.startswith("floor, one heading: median 5.0 ms")
    assert beside.endswith("4.10")
    assert "load 0.0" in load


def test_a_pop_counts_only_when_every_part_and_the_floor_were_painted() -> None:
    whole = dict.fromkeys(DESK_MARKS, 30.0) | {NAME: 20.0}
    came = {"first": 0.0, "good": 1000.0, "partly": 2000.0, "alone": 3000.0}
    painted = dict.fromkeys(came, whole) | {"partly": {NAME: 20.0}}
    desk = Seen(origin=5e6, moved=0.5, came=came, painted=painted)
    least = Seen(5e6, 0.0, {}, {call: {NAME: 5.0} for call in ("first", "good", "partly")})
    found = pixels.joined(desk, least, {call: 5e6 + at - 2.0 for call, at in came.items()})
    # The first one loads fonts.
    assert found.pops == [pixels.Painted(20.0, 30.0, 22.0, 5.0)]
    assert (found.moved, found.load >= 0) == (0.5, True)
