"""The self-test's figures and its judgement of sound."""

import math
import wave
from array import array
from pathlib import Path

import pytest

from hotline.selftest.report import broken, latency
from hotline.selftest.sound import loudness


def recording(path: Path, samples: list[int]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(array("h", samples).tobytes())
    return path


def test_percentiles_are_measured_values() -> None:
    result = latency([float(n) for n in range(1, 101)])
    assert (result.p50, result.p99, result.n) == (50.0, 99.0, 100)
    assert latency([7.04]).p99 == 7.0


def test_no_pop_has_no_latency() -> None:
    result = latency([])
    assert (result.p50, result.p99, result.n) == (None, None, 0)


def test_silence_and_a_tone_differ(tmp_path: Path) -> None:
    silence = recording(tmp_path / "s.wav", [0] * 8000)
    tone = [round(16384 * math.sin(2 * math.pi * 440 * n / 8000)) for n in range(8000)]
    assert loudness(silence) == (1.0, -math.inf)
    seconds, level = loudness(recording(tmp_path / "t.wav", tone))
    assert seconds == 1.0
    assert level == pytest.approx(-9.03, abs=0.05)
    assert loudness(recording(tmp_path / "e.wav", [])) == (0.0, -math.inf)


def test_a_self_test_that_broke_off_has_a_result_too() -> None:
    report = broken(OSError("no free ports"))
    assert (report.ok, report.pop_ms.n) == (False, 0)
    assert [step.detail for step in report.steps] == ["OSError: no free ports"]
