"""Composes the music on hold: ``python scripts/hold_music.py dialplans/sounds/moh/hold.wav``.

A slow progression for a soft pad and an electric piano, composed for this project and free for
any use.  Every note's tail wraps round the end, so that the loop has no seam; nothing lies above
the telephone band.  The level is -26 dBFS, a little below speech.
"""

import math
import sys
import wave
from array import array
from pathlib import Path

RATE = 8000
BEAT = 0.75  # seconds
BEATS = 44
LEVEL_DBFS = -26.0
LENGTH = int(BEATS * BEAT * RATE)

# Beat at which each chord begins, its bass and its voices, as MIDI notes.
CHORDS = (
    (0, 48, (60, 64, 67, 71)),  # C maj7
    (4, 45, (60, 64, 67, 69)),  # A min7
    (8, 41, (57, 60, 64, 67)),  # F maj9
    (12, 43, (57, 60, 62, 67)),  # G sus
    (16, 52, (59, 62, 64, 67)),  # E min7
    (20, 45, (60, 64, 67, 71)),  # A min9
    (24, 50, (57, 60, 64, 65)),  # D min9
    (28, 43, (59, 62, 65, 69)),  # G 9
    (32, 41, (57, 60, 64, 67)),  # F maj9
    (36, 50, (57, 60, 65, 67)),  # D min11
    (40, 43, (57, 60, 62, 65)),  # G 9 sus
)
# Beat, MIDI note: a melody with air in it.
MELODY = (
    *((0.5, 76), (1.5, 79), (3, 74), (4.5, 72), (5.5, 76), (7, 69)),
    *((8.5, 72), (9.5, 76), (11, 79), (12.5, 74), (14, 72)),
    *((16.5, 71), (17.5, 74), (19, 79), (20.5, 76), (21.5, 72), (23, 71)),
    *((24.5, 69), (25.5, 72), (27, 77), (28.5, 74), (30, 71)),
    *((32.5, 72), (33.5, 76), (35, 81), (36.5, 79), (38, 77)),
    *((40.5, 74), (41.5, 72), (42.5, 69)),
)


def hertz(note: int) -> float:
    return 440.0 * 2 ** ((note - 69) / 12)


def pad(track: list[float], at: float, note: int, seconds: float, loudness: float) -> None:
    """Add a slowly swelling tone, two strings a little out of tune with each other."""
    count = int((seconds + 1.2) * RATE)
    start = int(at * RATE)
    first, second = (2 * math.pi * hertz(note) * detune / RATE for detune in (0.9985, 1.0015))
    for i in range(count):
        rise = min(1.0, i / (0.9 * RATE))
        fall = min(1.0, (count - i) / (1.2 * RATE))
        envelope = loudness * math.sin(rise * math.pi / 2) * math.sin(fall * math.pi / 2)
        value = math.sin(first * i) + math.sin(second * i) + 0.15 * math.sin(2 * first * i)
        track[(start + i) % LENGTH] += envelope * value


def key(track: list[float], at: float, note: int, loudness: float) -> None:
    """Add a struck tone whose upper partials die first, as on an electric piano."""
    start = int(at * RATE)
    step = 2 * math.pi * hertz(note) / RATE
    for i in range(int(2.8 * RATE)):
        t = i / RATE
        attack = min(1.0, t / 0.012)
        value = math.sin(step * i) * math.exp(-1.5 * t)
        value += 0.32 * math.sin(2 * step * i) * math.exp(-3.0 * t)
        value += 0.10 * math.sin(3 * step * i) * math.exp(-6.0 * t)
        track[(start + i) % LENGTH] += loudness * attack * value


def compose() -> array:
    track = [0.0] * LENGTH
    for (beat, bass, voices), (until, *_) in zip(
        CHORDS, (*CHORDS[1:], (BEATS, 0, ())), strict=True
    ):
        at, seconds = beat * BEAT, (until - beat) * BEAT
        pad(track, at, bass, seconds, 0.16)
        for voice in voices:
            pad(track, at, voice, seconds, 0.10)
        for number, voice in enumerate(voices):
            key(track, at + number * BEAT, voice, 0.16)
    for beat, note in MELODY:
        key(track, beat * BEAT, note, 0.34)
    level = math.sqrt(sum(value * value for value in track) / LENGTH)
    gain = 32768 * 10 ** (LEVEL_DBFS / 20) / level
    return array("h", (max(-32768, min(32767, round(value * gain))) for value in track))


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(compose().tobytes())
    print(f"{target}: {LENGTH / RATE:.1f} s")


if __name__ == "__main__":
    main()
