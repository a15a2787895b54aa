"""Names what a caller heard: a recording, cut into stretches, each matched against all prompts.

A prompt is known by its fingerprint, the logarithmic energies of mel bands every 10 ms.  At each
place of the recording the beginnings of all prompts are correlated with what is heard there; the
best is followed for as long as it goes on matching, and the search goes on behind it.  Nothing
tells the matcher what to expect.
"""

import tempfile
import wave
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from hotline.asterisk.sounds import telephone_sounds

Array = NDArray[np.float64]

RATE: Final = 8000
HOP: Final = 80
"""Samples between two frames: 10 ms."""
WINDOW: Final = 240
BANDS: Final = 20
BEGINNING: Final = 80
"""Frames of a prompt by which it is recognised, or all if it is shorter."""
FLOOR: Final = 1e-6
"""Power below which nothing is heard (full scale is 1)."""
QUIET: Final = -52.0
"""dB below full scale: a frame that is no speech."""
SURE: Final = 0.85
"""Correlation from which on a prompt counts as heard."""
CLEAR: Final = 0.92
"""A short stretch behind a prompt that was cut must fit so well, else it is the rest of that."""
ALIKE: Final = 0.15
"""Prompts whose beginnings fit so nearly as well as the best are compared to their ends."""
GOES_ON: Final = 0.7
"""Correlation of a block from which on the prompt still goes on."""
BLOCK: Final = 24
SLIP: Final = 8
"""Frames by which a prompt may begin earlier or later than where the last one ended."""
DRIFT: Final = 3
"""Frames by which the network may shift what is heard between two blocks."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of a recording."""

    prompt: str
    """``language/id``; empty if no prompt fits."""
    at: float
    """Seconds from the beginning."""
    seconds: float
    score: float
    """Correlation of the stretch with the prompt, at most 1."""
    margin: float
    """How much better than the best prompt that says something else."""
    second: str
    """That prompt."""

    def __str__(self) -> str:
        return (
            f"{self.at:6.2f} s  {self.prompt or '?':<32} {self.score:.3f}  "
            f"+{self.margin:.3f} before {self.second}"
        )


def samples(file: Path) -> Array:
    """Read a wav file (8 kHz, 16 bit, mono) as numbers between -1 and 1."""
    with wave.open(str(file)) as sound:
        assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (RATE, 2, 1)
        raw = sound.readframes(sound.getnframes())
    return np.frombuffer(raw, "<i2").astype(np.float64) / 32768.0


@cache
def prompt_sounds() -> Mapping[str, Array]:
    """Return every recording as Asterisk plays it, by ``language/id``."""
    folder = telephone_sounds(Path(tempfile.gettempdir()))
    return {
        f"{file.parents[1].name}/{file.stem}": samples(file)
        for file in sorted(folder.glob("*/hotline/*.wav"))
    }


def _filters() -> Array:
    def mel(hertz: Any) -> Any:
        return 2595 * np.log10(1 + hertz / 700)

    edges = 700 * (10 ** (np.linspace(mel(150), mel(3700), BANDS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(256, 1 / RATE)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling))


_FILTERS: Final = _filters()
_SHAPE: Final = np.hanning(WINDOW)


def fingerprint(sound: Array) -> tuple[Array, Array]:
    """Return the bands' energies of every frame, and every frame's level in dB."""
    count = max(0, (len(sound) - WINDOW) // HOP + 1)
    if not count:
        return np.zeros((0, BANDS)), np.zeros(0)
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP][:count]
    power = np.abs(np.fft.rfft(frames * _SHAPE, 256)) ** 2 / WINDOW
    bands = np.log(np.maximum(power @ _FILTERS.T, FLOOR))
    level = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    return bands, level


class Ear:
    """Knows every prompt; ``texts`` gives for each what it says."""

    def __init__(self, sounds: Mapping[str, Array], texts: Mapping[str, str]) -> None:
        self._names = [name for name in sounds if np.max(np.abs(sounds[name]), initial=0) > 0.01]
        self._texts = texts
        self._prints: list[Array] = []
        for name in self._names:
            bands, level = fingerprint(sounds[name])
            loud = np.flatnonzero(level > QUIET)
            self._prints.append(bands[loud[0] : loud[-1] + 1])
        self._lengths = np.array([min(BEGINNING, len(one)) for one in self._prints])
        begins = np.zeros((len(self._names), BEGINNING, BANDS))
        for place, (one, length) in enumerate(zip(self._prints, self._lengths, strict=True)):
            begin = one[:length] - one[:length].mean(axis=0)
            begins[place, :length] = begin / max(1e-9, float(np.linalg.norm(begin)))
        self._begins = begins.reshape(len(self._names), -1).astype(np.float32)

    def listen(self, recording: Array) -> list[Heard]:
        """Name every stretch of a recording; what fits no prompt is left out if under 0.3 s."""
        bands, level = fingerprint(recording)
        return [one for one in self._stretches(bands, level) if one.prompt or one.seconds >= 0.3]

    def _stretches(self, bands: Array, level: Array) -> Iterator[Heard]:
        at, lost, back = 0, -1, SLIP
        end = len(level)
        while at < end:
            if level[at] <= QUIET:
                if lost >= 0:
                    yield _unknown(lost, at)
                lost, at = -1, at + 1
                continue
            start, order, scores = self._best(bands, at, back)
            best = order[0]
            if scores[best] < SURE:
                lost, at = (at if lost < 0 else lost), at + 5
                back = max(SLIP, back - 5)
                continue
            if lost >= 0:
                yield _unknown(lost, at)
                lost = -1
            # Several begin alike ("Sorry, …"): what follows tells which one it was.
            alike = [i for i in order if scores[i] > scores[best] - ALIKE]
            tracks = {i: self._track(i, bands, start) for i in alike}
            longest = max(_goes_on(track) for track in tracks.values())
            fits = {i: float(np.mean(track[: max(1, longest)])) for i, track in tracks.items()}
            best = max(fits, key=fits.__getitem__)
            own = len(self._prints[best])
            is_whole = _goes_on(tracks[best]) == len(tracks[best])
            length = own if is_whole else BLOCK * max(1, _goes_on(tracks[best]))
            is_rest = back > SLIP and fits[best] < CLEAR and length < 50
            back = max(SLIP, back - 5)
            if fits[best] < SURE or is_rest or start + length <= at:
                lost, at = (lost if is_rest or lost >= 0 else at), at + 5
                continue
            whole = {**dict(enumerate(scores)), **fits}
            other = max(
                (i for i in order if self._says(i) != self._says(best)),
                key=lambda i, w=whole: w[i],  # type: ignore[misc] # the same
            )
            yield Heard(
                prompt=self._names[best],
                at=start * HOP / RATE,
                seconds=length * HOP / RATE,
                score=float(whole[best]),
                margin=float(whole[best] - whole[other]),
                second=self._names[other],
            )
            at = start + length
            # Where a prompt was cut short is known to two blocks: the next may have begun before.
            back = SLIP if is_whole else 2 * BLOCK + SLIP
        if lost >= 0:
            yield _unknown(lost, end)

    def _says(self, place: int) -> str:
        return self._texts.get(self._names[place], self._names[place])

    def _best(self, bands: Array, at: int, back: int) -> tuple[int, list[int], Array]:
        """Return where the best prompt begins near ``at``, and all prompts by their score.

        ``back`` is how many frames before ``at`` it may begin.
        """
        starts = np.arange(max(0, at - back), at + 2 * SLIP + 1)
        windows = np.zeros((len(starts), BEGINNING, BANDS), np.float32)
        there = np.zeros(len(starts), int)
        for place, start in enumerate(starts):
            part = bands[start : start + BEGINNING]
            windows[place, : len(part)], there[place] = part, len(part)
        last = self._lengths - 1
        sums = np.cumsum(windows, axis=1)[:, last]
        squares = np.cumsum(np.sum(windows**2, axis=2), axis=1)[:, last]
        spread = squares - np.sum(sums**2, axis=2) / self._lengths
        # All places in one multiplication: the prompts' beginnings are read from memory once.
        scores = windows.reshape(len(starts), -1) @ self._begins.T
        scores = scores / np.sqrt(np.maximum(spread, 1e-9))
        scores[self._lengths > there[:, None]] = -1.0
        best = int(np.argmax(scores.max(axis=1)))
        if best == len(starts) - 1 and scores[best].max() >= SURE:
            # It rises to the edge of what was searched: the true beginning stands behind.
            return self._best(bands, int(starts[best]), 0)
        order = [int(place) for place in np.argsort(-scores[best])]
        return int(starts[best]), order, scores[best].astype(np.float64)

    def _track(self, place: int, bands: Array, start: int) -> list[float]:
        """Return how each block of a prompt fits the recording from ``start`` on."""
        own, slip = self._prints[place], 0
        found = []
        for at in range(0, max(1, len(own) - BLOCK // 2), BLOCK):
            block = own[at : at + BLOCK]
            best = (0.0, slip)
            # The least shift first: a pause fits everywhere, and must not carry the rest away.
            for shift in sorted(
                range(slip - DRIFT, slip + DRIFT + 1), key=lambda s: abs(s - slip)
            ):
                begin = start + at + shift
                heard = bands[begin : begin + len(block)] if begin >= 0 else bands[:0]
                if len(heard) == len(block) and (score := _alike(block, heard)) > best[0]:
                    best = (score, shift)
            slip = best[1] if best[0] >= GOES_ON else slip
            found.append(best[0])
        return found


def _goes_on(track: list[float]) -> int:
    """Return how many blocks fit before the first that does not."""
    return next((i for i, score in enumerate(track) if score < GOES_ON), len(track))


def _alike(a: Array, b: Array) -> float:
    if max(a.max(), b.max()) < np.log(FLOOR) + 4:
        return 1.0  # both are silent
    a, b = a - a.mean(), b - b.mean()
    return float(np.sum(a * b) / max(1e-9, float(np.linalg.norm(a) * np.linalg.norm(b))))


def _unknown(start: int, end: int) -> Heard:
    return Heard(
        prompt="",
        at=start * HOP / RATE,
        seconds=(end - start) * HOP / RATE,
        score=0.0,
        margin=0.0,
        second="",
    )
