"""Names the prompt behind every 20 ms that a caller hears, by what Asterisk makes of its file.

A prompt is played from its first sample on, in frames of 160, through Asterisk's A-law table: the
same bytes each time.  Frames that several prompts share are named after one of them.
"""

import tempfile
import wave
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from hotline.asterisk.sounds import telephone_sounds

FRAME: Final = 160
_ENDS: Final = (0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF)


def _encode(sample: int) -> int:
    """G.711 A-law of a 16-bit sample."""
    value = sample >> 3
    mask = 0xD5
    if value < 0:
        mask, value = 0x55, -value - 1
    segment = next((n for n, end in enumerate(_ENDS) if value <= end), 8)
    if segment >= 8:
        return 0x7F ^ mask
    low = (value >> (1 if segment < 2 else segment)) & 0xF
    return (segment << 4 | low) ^ mask


@cache
def _table() -> bytes:
    return bytes(_encode(sample - 32768) for sample in range(65536))


@cache
def frames() -> Mapping[int, str]:
    """``language/prompt`` by the number that a :class:`tests.asterisk.wire.Frame` has."""
    table = np.frombuffer(_table(), dtype=np.uint8)
    sounds = telephone_sounds(Path(tempfile.gettempdir()))
    found: dict[int, str] = {}
    for language in ("zh", "en"):
        for path in sorted((sounds / language / "hotline").glob("*.wav")):
            with wave.open(str(path)) as file:
                samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            coded = table[samples.astype(np.int32) + 32768].tobytes()
            for start in range(0, len(coded) - FRAME + 1, FRAME):
                found.setdefault(
                    zlib.crc32(coded[start : start + FRAME]), f"{language}/{path.stem}"
                )
    return found
