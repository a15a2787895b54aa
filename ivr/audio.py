"""Recordings as numbers: masters are read and written, and brought to the telephone's rate.

Owns the two rates and the filter between them.  Needs numpy and soundfile, nothing of ours.
"""

import math
import wave
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.int16]

MASTER_RATE: Final = 16_000
"""Samples per second of the recordings in the tree."""
TELEPHONE_RATE: Final = 8_000
"""Samples per second of what Asterisk plays."""

_TAPS_PER_SIDE: Final = 24
_KEPT_BITS: Final = np.int16(-2)
"""Fifteen bits: two more than the telephone carries, and a tenth less to check out."""


def read_master(file: Path) -> Samples:
    """Read a master (FLAC, mono).  Raises :class:`OSError` or :class:`ValueError`."""
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such file")
    try:
        samples, rate = soundfile.read(str(file), dtype="int16")
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{file} is no recording ({error}); render or import it anew") from error
    if rate != MASTER_RATE or samples.ndim != 1:
        raise ValueError(f"{file} is not {MASTER_RATE} Hz mono; render or import it anew")
    return np.asarray(samples, np.int16)


def write_master(file: Path, samples: Samples) -> None:
    """Write a master; the file is whole or not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".new")
    soundfile.write(
        str(unfinished),
        np.asarray(samples, np.int16) & _KEPT_BITS,
        MASTER_RATE,
        format="FLAC",
        subtype="PCM_16",
        compression_level=1.0,
    )
    unfinished.replace(file)


def write_telephone(file: Path, samples: Samples) -> None:
    """Write what Asterisk plays: WAV, 8 kHz, 16 bit, mono."""
    with wave.open(str(file), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(TELEPHONE_RATE)
        target.writeframes(samples.astype("<i2").tobytes())


def resample(samples: Any, source: int, target: int) -> Samples:
    """Convert the sample rate with a windowed-sinc filter.

    Rates without a low-pass fold a voice's hiss into the telephone band.
    """
    given = np.asarray(samples, np.float64)
    if source == target:
        return given.astype(np.int16)
    common = math.gcd(source, target)
    up, down = target // common, source // common
    kernels = _kernels(up, down)
    taps = kernels.shape[1]
    padded = np.concatenate([np.zeros(taps // 2), given, np.zeros(taps // 2 + 1)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, taps)
    count = len(given) * up // down
    converted = np.empty(count)
    for phase in range(up):
        at = np.arange(phase, count, up) if up > 1 else np.arange(count)
        begin, rest = np.divmod(at * down, up)
        converted[at] = np.einsum("ij,ij->i", windows[begin + 1], kernels[rest])
    return np.clip(np.rint(converted), -32768, 32767).astype(np.int16)


@cache
def _kernels(up: int, down: int) -> NDArray[np.float64]:
    """Return one filter per phase; cut-off at 0.94 of the narrower band's edge."""
    cutoff = 0.94 * min(1.0, up / down)
    side = math.ceil(_TAPS_PER_SIDE / cutoff)
    x = np.arange(-side + 1, side + 1)[None, :] - (np.arange(up) / up)[:, None]
    window = 0.5 + 0.5 * np.cos(np.pi * x / (side + 1))
    taps = window * np.sinc(cutoff * x)
    return np.asarray(taps / taps.sum(axis=1, keepdims=True))
