"""Makes masters of a voice's or a studio's audio: 16 kHz, 16 bit, mono, trimmed and levelled.

Needs pydub (the extra ``hotline[voices]``); imported only by what renders recordings.
"""

import math
import warnings
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from ivr.audio import (
    MASTER_RATE,
    TELEPHONE_RATE,
    Samples,
    read_master,
    resample,
    write_master,
)
from ivr.prompt_errors import RenderError

with warnings.catch_warnings():
    # pydub warns of a missing ffmpeg, which WAV files do not need, and of audioop's removal in
    # Python 3.13, for which the extra installs audioop-lts.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment
    from pydub.exceptions import CouldntDecodeError
    from pydub.silence import detect_leading_silence

LEVEL_DBFS: Final = -23.0
"""Mean level of the spoken parts, see :func:`speech_level`; announcements stand near this."""

PEAK_DBFS: Final = -1.5
"""No sample is louder than this."""

_LEAD_MS: Final = 20
_SILENCE_BELOW_PEAK_DB: Final = 48.0
_FRAME_MS: Final = 20
_CLOSE_DB: Final = 0.1
_FULL_SCALE: Final = 32768.0


def load(path: Path) -> AudioSegment:
    """Read audio in any format that pydub knows; raises :class:`RenderError`."""
    try:
        if path.suffix.lower() == ".wav":  # without ffmpeg, which the others need
            return AudioSegment(path.read_bytes())
        known = _by_libsndfile(path)
        if known is not None:  # the same
            return known
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # of a missing ffmpeg, which the error below tells
            return AudioSegment.from_file(file, format=path.suffix.lower().lstrip(".") or None)
    except (OSError, EOFError, CouldntDecodeError) as error:
        raise RenderError(
            f"{path} is not usable audio ({error}); record or render it again"
        ) from error


def _by_libsndfile(path: Path) -> AudioSegment | None:
    """Read FLAC, MP3, Ogg and what else libsndfile knows by its content."""
    try:
        samples, rate = soundfile.read(str(path), dtype="int16", always_2d=True)
    except soundfile.LibsndfileError:
        return None
    return AudioSegment(
        samples.tobytes(), sample_width=2, frame_rate=rate, channels=samples.shape[1]
    )


def polish(source: Path, target: Path, *, tail_ms: int) -> int:
    """Trim, level, convert and write one master; return its length in milliseconds.

    ``tail_ms`` is the silence kept behind the speech.  The level is that of what the telephone
    carries of it.  Raises :class:`RenderError` for audio that cannot be read or holds no sound.
    """
    sound = load(source).set_channels(1).set_sample_width(2)
    if sound.max < _FULL_SCALE / 1000:
        raise RenderError(f"{source} holds no sound; record or render it again")
    threshold = sound.max_dBFS - _SILENCE_BELOW_PEAK_DB
    start = detect_leading_silence(sound, threshold, chunk_size=5)
    end = len(sound) - detect_leading_silence(sound.reverse(), threshold, chunk_size=5)
    speech = sound[max(0, start - _LEAD_MS) : end + tail_ms]
    given = np.array(speech.get_array_of_samples(), np.int16)
    telephony = _segment(resample(given, speech.frame_rate, TELEPHONE_RATE), TELEPHONE_RATE)
    master = _segment(resample(given, speech.frame_rate, MASTER_RATE), MASTER_RATE)
    gain = LEVEL_DBFS - speech_level(telephony)
    gain = min(gain, PEAK_DBFS - max(telephony.max_dBFS, master.max_dBFS))
    missing = max(0, tail_ms - (len(sound) - end))
    finished = master.apply_gain(gain).fade_in(5).fade_out(12)
    finished += AudioSegment.silent(missing, MASTER_RATE)
    return _write(_level(finished), target)


def level(master: Path) -> float:
    """Bring a master to the level that all have; return by how many dB it was changed.

    What is right by a tenth of a dB stays byte for byte as it is.
    """
    sound = _segment(read_master(master), MASTER_RATE)
    levelled = _level(sound)
    if levelled is sound:
        return 0.0
    _write(levelled, master)
    return speech_level(levelled) - speech_level(sound)


def silence(target: Path, duration_ms: int) -> int:
    """Write a master of silence; return its length in milliseconds."""
    return _write(AudioSegment.silent(duration_ms, MASTER_RATE), target)


def _level(master: AudioSegment) -> AudioSegment:
    """Return a finished master at the right level.

    It is measured as it is heard, faded and cut: in a short word that is half a dB.
    """
    for _ in range(3):  # another level may put a frame among the loud ones, or take one out
        samples = np.array(master.get_array_of_samples(), np.int16)
        telephony = _segment(resample(samples, MASTER_RATE, TELEPHONE_RATE), TELEPHONE_RATE)
        gain = LEVEL_DBFS - speech_level(telephony)
        gain = min(gain, PEAK_DBFS - max(telephony.max_dBFS, master.max_dBFS))
        if abs(gain) < _CLOSE_DB:
            break
        master = master.apply_gain(gain)
    return master


def speech_level(sound: AudioSegment) -> float:
    """Return the level of active speech in dBFS, so that pauses do not count.

    That is the mean power of all frames of 20 ms that are no more than 20 dB below the loudest.
    """
    frames = [sound[at : at + _FRAME_MS] for at in range(0, len(sound), _FRAME_MS)]
    powers = [(frame.rms / _FULL_SCALE) ** 2 for frame in frames if frame.rms]
    if not powers:
        return -math.inf
    loud = [power for power in powers if power > max(powers) / 100]
    return 10 * math.log10(sum(loud) / len(loud))


def _segment(samples: Samples, rate: int) -> AudioSegment:
    return AudioSegment(samples.tobytes(), sample_width=2, frame_rate=rate, channels=1)


def _write(sound: AudioSegment, target: Path) -> int:
    write_master(target, np.array(sound.get_array_of_samples(), np.int16))
    return len(sound)
