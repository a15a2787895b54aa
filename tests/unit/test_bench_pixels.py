"""The benchmark of pixels fails when it drove nothing, saw too little, or was too slow."""

import pytest

from bench import pixels


def painted(count: int, took: float) -> list[pixels.Painted]:
    return [
        pixels.Painted(call_id=f"c{n}", from_message=took + n / 100, from_sending=took + 5)
        for n in range(count)
    ]


def test_it_refuses_below_its_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert pixels.main(["--pops", "99"]) == 1
    assert "too few" in capsys.readouterr().out


def test_too_little_and_too_slow_fail() -> None:
    with pytest.raises(RuntimeError, match="only 0 of 3"):
        pixels.report([], 3)
    impossible = [pixels.Painted(call_id="c", from_message=0.0, from_sending=9.0)]
    with pytest.raises(RuntimeError, match="only 2 of 3"):
        pixels.report([*painted(2, 20.0), *impossible], 3)
    with pytest.raises(RuntimeError, match="p95 60"):
        pixels.report(painted(3, 60.0), 3)


def test_it_says_what_it_saw() -> None:
    first, second = pixels.report(painted(100, 20.0), 100)
    assert first.startswith("message to pixels: median 20.5 ms, p95 20.9, worst 21.0")
    assert "100 pops" in first
    assert second.startswith("sending to pixels: median 25.0 ms")
