"""Makes a voice's or a studio's audio telephony-ready: 8 kHz, 16 bit, mono, trimmed and levelled.

Needs pydub (the extra ``hotline[voices]``); imported only by what renders recordings.
"""

import math
import warnings
from array import array
from collections.abc import Sequence
from functools import cache
from operator import mul
from pathlib import Path
from typing import Any, Final

from ivr.prompt_errors import RenderError

with warnings.catch_warnings():
    # pydub warns of a missing ffmpeg, which WAV files do not need, and of audioop's removal in
    # Python 3.13, for which the extra installs audioop-lts.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment
    from pydub.exceptions import CouldntDecodeError
    from pydub.silence import detect_leading_silence

RATE: Final = 8000
"""Samples per second of what Asterisk plays."""

LEVEL_DBFS: Final = -23.0
"""Mean level of the spoken parts; telephone announcements stand near this."""

PEAK_DBFS: Final = -1.5
"""No sample is louder than this."""

_LEAD_MS: Final = 20
_SILENCE_BELOW_PEAK_DB: Final = 48.0
_FRAME_MS: Final = 20
_TAPS_PER_SIDE: Final = 24
_FULL_SCALE: Final = 32768.0


def load(path: Path) -> AudioSegment:
    """Read audio in any format that pydub knows; raises :class:`RenderError`."""
    try:
        if path.suffix.lower() == ".wav":  # without ffmpeg, which the others need
            return AudioSegment(path.read_bytes())
        with path.open("rb") as file:
            return AudioSegment.from_file(file, format=path.suffix.lower().lstrip(".") or None)
    except (OSError, EOFError, CouldntDecodeError) as error:
        raise RenderError(
            f"{path} is not usable audio ({error}); record or render it again"
        ) from error


def polish(source: Path, target: Path, *, tail_ms: int) -> int:
    """Trim, level, convert and write one recording; return its length in milliseconds.

    ``tail_ms`` is the silence kept behind the speech.  Raises :class:`RenderError` for audio that
    cannot be read or holds no sound.
    """
    sound = load(source).set_channels(1).set_sample_width(2)
    if sound.max < _FULL_SCALE / 1000:
        raise RenderError(f"{source} holds no sound; record or render it again")
    threshold = sound.max_dBFS - _SILENCE_BELOW_PEAK_DB
    start = detect_leading_silence(sound, threshold, chunk_size=5)
    end = len(sound) - detect_leading_silence(sound.reverse(), threshold, chunk_size=5)
    speech = sound[max(0, start - _LEAD_MS) : end + tail_ms]
    samples = resample(speech.get_array_of_samples(), speech.frame_rate, RATE)
    telephony = _segment(samples)
    gain = LEVEL_DBFS - speech_level(telephony)
    gain = min(gain, PEAK_DBFS - telephony.max_dBFS)
    missing = max(0, tail_ms - (len(sound) - end))
    finished = telephony.apply_gain(gain).fade_in(5).fade_out(12)
    finished += AudioSegment.silent(missing, RATE)
    return _write(finished, target)


def silence(target: Path, duration_ms: int) -> int:
    """Write a recording of silence; return its length in milliseconds."""
    return _write(AudioSegment.silent(duration_ms, RATE), target)


def speech_level(sound: AudioSegment) -> float:
    """Return the mean level of the loud parts in dBFS, so that pauses do not count."""
    frames = [sound[at : at + _FRAME_MS] for at in range(0, len(sound), _FRAME_MS)]
    powers = [(frame.rms / _FULL_SCALE) ** 2 for frame in frames if frame.rms]
    if not powers:
        return -math.inf
    loud = [power for power in powers if power > max(powers) / 100]
    return 10 * math.log10(sum(loud) / len(loud))


def resample(samples: Sequence[int], source: int, target: int) -> "array[int]":
    """Convert the sample rate with a windowed-sinc filter.

    pydub's own conversion (``audioop.ratecv``) has no low-pass, which folds a voice's hiss into
    the telephone band.
    """
    if source == target:
        return array("h", samples)
    common = math.gcd(source, target)
    up, down = target // common, source // common
    kernels = _kernels(up, down)
    side = len(kernels[0]) // 2
    padded = [0] * side + list(samples) + [0] * side
    converted = array("h")
    for position in range(len(samples) * up // down):
        at, phase = divmod(position * down, up)
        kernel = kernels[phase]
        value = sum(map(mul, padded[at + 1 : at + 1 + len(kernel)], kernel))
        converted.append(max(-32768, min(32767, round(value))))
    return converted


@cache
def _kernels(up: int, down: int) -> list[list[float]]:
    """Return one filter per phase; cut-off at 0.94 of the narrower band's edge."""
    cutoff = 0.94 * min(1.0, up / down)
    side = math.ceil(_TAPS_PER_SIDE / cutoff)
    kernels = []
    for phase in range(up):
        offset = phase / up
        taps = []
        for tap in range(-side + 1, side + 1):
            x = tap - offset
            window = 0.5 + 0.5 * math.cos(math.pi * x / (side + 1))
            angle = math.pi * cutoff * x
            taps.append(window * cutoff * (math.sin(angle) / angle if angle else 1.0))
        total = sum(taps)
        kernels.append([tap / total for tap in taps])
    return kernels


def _segment(samples: "array[int]") -> AudioSegment:
    return AudioSegment(samples.tobytes(), sample_width=2, frame_rate=RATE, channels=1)


def _write(sound: Any, target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".new")
    with unfinished.open("wb") as file:
        sound.export(file, format="wav")
    unfinished.replace(target)
    return len(sound)
