"""Did the caller hear anything?  Levels of a recording, without any audio library."""

import array
import math
import sys
import wave
from pathlib import Path


def loudness(recording: Path) -> tuple[float, float]:
    """Return ``(seconds, RMS level in dBFS)`` of a 16-bit mono wav file.

    Raises ``OSError`` or ``wave.Error`` when there is no such recording.
    """
    with wave.open(str(recording)) as file:
        rate, frames = file.getframerate(), file.readframes(file.getnframes())
    samples = array.array("h", frames)
    if sys.byteorder == "big":
        samples.byteswap()
    if not samples:
        return 0.0, -math.inf
    power = sum(sample * sample for sample in samples) / len(samples)
    level = 20 * math.log10(math.sqrt(power) / 32768) if power else -math.inf
    return len(samples) / rate, level
