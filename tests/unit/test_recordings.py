"""Rendering and polishing of recordings, with voices that are sine tones."""

import math
import sys
import wave
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from ivr.audio import MASTER_RATE, TELEPHONE_RATE, read_master, resample, write_master
from ivr.polish import LEVEL_DBFS, AudioSegment, load, polish, silence, speech_level
from ivr.prompt_errors import RenderError
from ivr.prompt_ids import LANGUAGES, PromptId
from ivr.prompts import PromptCatalogue
from ivr.recordings import file_hash, read_manifest
from ivr.render import import_recording, level_recordings, outdated, render
from ivr.voices import CommandVoice, Job

TEXTS = """
language: {language}
voice: main
prompts:
  hello: Hello.
  guest: {{text: Guest., voice: guest}}
  gap: {{text: ",", silence_ms: 200}}
pieces:
  - {{cue: "Say, [].", texts: {{number_1: one}}}}
"""


def tone(path: Path, *, rate: int = 24_000, hertz: float = 440.0, loud: float = 0.1) -> Path:
    """Write 0.3 s of silence, 0.5 s of a tone and 0.3 s of silence."""
    gap = [0] * int(0.3 * rate)
    step = 2 * math.pi * hertz / rate
    body = [round(loud * 32767 * math.sin(step * i)) for i in range(rate // 2)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(array("h", gap + body + gap).tobytes())
    return path


class ToneVoice:
    """Speaks every text as a tone and remembers what it was asked."""

    def __init__(self, name: str, fail_at: str = "") -> None:
        self.name = name
        self.jobs: list[Job] = []
        self._fail_at = fail_at

    def speak(self, jobs: Sequence[Job]) -> Iterator[Job]:
        for job in jobs:
            if job.text == self._fail_at:
                raise RenderError("lost my voice")
            self.jobs.append(job)
            tone(job.out)
            yield job


@pytest.fixture
def catalogue(tmp_path: Path) -> PromptCatalogue:
    for language in LANGUAGES:
        (tmp_path / f"{language}.yaml").write_text(TEXTS.format(language=language), "utf-8")
    return PromptCatalogue.load(tmp_path, tmp_path / "sounds")


def rms(samples: Sequence[int]) -> float:
    return math.sqrt(sum(int(sample) ** 2 for sample in samples) / len(samples))


# Polishing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100])
@pytest.mark.parametrize("loud", [0.01, 0.9])
def test_masters_are_trimmed_levelled_and_16_khz(tmp_path: Path, rate: int, loud: float) -> None:
    source = tone(tmp_path / "in.wav", rate=rate, loud=loud)
    length = polish(source, tmp_path / "deep" / "out.flac", tail_ms=100)
    made = load(tmp_path / "deep" / "out.flac")
    assert (made.frame_rate, made.sample_width, made.channels) == (MASTER_RATE, 2, 1)
    assert len(made) == length
    assert 600 <= length <= 640
    telephony = resample(read_master(tmp_path / "deep" / "out.flac"), MASTER_RATE, TELEPHONE_RATE)
    heard = AudioSegment(
        telephony.tobytes(), sample_width=2, frame_rate=TELEPHONE_RATE, channels=1
    )
    assert abs(speech_level(heard) - LEVEL_DBFS) < 0.2
    edges = made.get_array_of_samples()
    assert abs(edges[0]) < 20
    assert abs(edges[-1]) < 20
    assert not list((tmp_path / "deep").glob("*.new"))


def test_a_tail_is_added_where_the_voice_stopped_short(tmp_path: Path) -> None:
    source = tone(tmp_path / "in.wav")
    assert polish(source, tmp_path / "out.flac", tail_ms=700) >= 1200


def test_resampling_keeps_the_telephone_band_and_drops_what_would_fold() -> None:
    def level(hertz: float) -> float:
        rate = 24_000
        wave_ = [round(10_000 * math.sin(2 * math.pi * hertz / rate * i)) for i in range(6000)]
        return 20 * math.log10(max(rms(resample(wave_, rate, 8000)[100:-100]), 0.01) / rms(wave_))

    assert abs(level(300)) < 0.1
    assert abs(level(3000)) < 0.2
    assert level(5000) < -55
    assert level(7700) < -60


def test_silence_is_silent(tmp_path: Path) -> None:
    assert silence(tmp_path / "gap.flac", 250) == 250
    assert load(tmp_path / "gap.flac").max == 0


def test_unusable_audio_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no audio")
    with pytest.raises(RenderError, match="not usable audio"):
        polish(broken, tmp_path / "out.flac", tail_ms=0)
    silence(tmp_path / "silent.flac", 300)
    with pytest.raises(RenderError, match="holds no sound"):
        polish(tmp_path / "silent.flac", tmp_path / "out.flac", tail_ms=0)
    assert not (tmp_path / "out.flac").exists()


# Rendering -----------------------------------------------------------------------------------


def test_rendering_makes_what_is_missing(catalogue: PromptCatalogue, tmp_path: Path) -> None:
    main, guest = ToneVoice("M"), ToneVoice("G")
    seen: list[tuple[int, int, PromptId]] = []
    count = render(
        catalogue,
        "en",
        {"main": main, "guest": guest},
        progress=lambda done, total, prompt: seen.append((done, total, prompt)),
    )
    assert count == 4
    assert [(done, total) for done, total, _ in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert {prompt for _, _, prompt in seen} == {"hello", "guest", "gap", "number_1"}
    assert {(job.text, job.cue) for job in main.jobs} == {("Hello.", ""), ("one", "Say, [].")}
    assert [job.text for job in guest.jobs] == ["Guest."]
    manifest = read_manifest(tmp_path / "sounds" / "en")
    assert {key: made.voice for key, made in manifest.items()} == {
        "hello": "M",
        "guest": "G",
        "gap": "silence",
        "number_1": "M",
    }
    assert outdated(catalogue, "en") == ()
    assert render(catalogue, "en", {}) == 0
    assert len(outdated(catalogue, "zh")) == 4


def test_only_the_changed_text_is_rendered_again(
    catalogue: PromptCatalogue, tmp_path: Path
) -> None:
    voices = {"main": ToneVoice("M"), "guest": ToneVoice("G")}
    render(catalogue, "en", voices)
    path = tmp_path / "en.yaml"
    path.write_text(path.read_text("utf-8").replace("Hello.", "Good day."), "utf-8")
    changed = PromptCatalogue.load(tmp_path, tmp_path / "sounds")
    again = ToneVoice("M")
    assert render(changed, "en", {"main": again}) == 1
    assert [job.text for job in again.jobs] == ["Good day."]


def test_what_was_rendered_is_kept_when_a_voice_fails(catalogue: PromptCatalogue) -> None:
    voices = {"main": ToneVoice("M"), "guest": ToneVoice("G", fail_at="Guest.")}
    with pytest.raises(RenderError, match="lost my voice"):
        render(catalogue, "en", voices)
    assert "guest" in outdated(catalogue, "en")
    assert "gap" not in outdated(catalogue, "en")


def test_a_voice_must_be_given(catalogue: PromptCatalogue) -> None:
    with pytest.raises(RenderError, match="no voice is given for: guest"):
        render(catalogue, "en", {"main": ToneVoice("M")})


def test_a_studio_recording_is_taken_in(catalogue: PromptCatalogue, tmp_path: Path) -> None:
    source = tone(tmp_path / "studio.wav", rate=44_100)
    made = import_recording(catalogue, "zh", "hello", source, "studio A")
    assert made.voice == "studio A"
    assert catalogue.manifest("zh") == {"hello": made}
    assert "hello" not in outdated(catalogue, "zh")


def test_recordings_that_came_another_way_are_levelled(
    catalogue: PromptCatalogue, tmp_path: Path
) -> None:
    voices = {"main": ToneVoice("M"), "guest": ToneVoice("G")}
    render(catalogue, "en", voices)
    before = catalogue.manifest("en")
    assert level_recordings(catalogue, "en") == {}
    target = catalogue.recording("hello", "en")
    quiet = load(target).apply_gain(-6.0)
    write_master(target, np.array(quiet.get_array_of_samples(), np.int16))
    changed = level_recordings(catalogue, "en")
    assert list(changed) == ["hello"]
    assert abs(changed[PromptId("hello")] - 6.0) < 0.2
    after = catalogue.manifest("en")
    assert after["hello"].sha256 == file_hash(target) != before["hello"].sha256
    assert {**after, "hello": before["hello"]} == before


# Voices by command ---------------------------------------------------------------------------

ONE_BY_ONE = "import sys; open(sys.argv[2], 'w').write(sys.argv[1] + sys.argv[3])"
TOGETHER = (
    "import json, sys\n"
    "for line in open(sys.argv[1], encoding='utf-8'):\n"
    "    job = json.loads(line)\n"
    "    open(job['out'], 'w').write(job['text'] + job['cue'])\n"
    "    print(job['out'])\n"
)


@pytest.mark.parametrize(
    ("program", "arguments"), [(ONE_BY_ONE, "{text} {out} {cue}"), (TOGETHER, "{jobs}")]
)
def test_a_command_speaks(tmp_path: Path, program: str, arguments: str) -> None:
    script = tmp_path / "voice.py"
    script.write_text(program, "utf-8")
    voice = CommandVoice("external", f"{sys.executable} {script} {arguments}")
    jobs = [
        Job(text="one; $(two) 'three'", out=tmp_path / "1.wav"),
        Job(text="four", out=tmp_path / "2.wav", cue="[] five"),
    ]
    assert list(voice.speak(jobs)) == jobs
    assert (tmp_path / "1.wav").read_text("utf-8") == "one; $(two) 'three'"
    assert (tmp_path / "2.wav").read_text("utf-8") == "four[] five"


def test_a_failing_command_says_why(tmp_path: Path) -> None:
    jobs = [Job(text="x", out=tmp_path / "x.wav")]
    failing = CommandVoice("v", f"{sys.executable} -c 'exit(\"no model\")' {{text}} {{out}}")
    with pytest.raises(RenderError, match=r"exit code 1: no model; try the command by hand"):
        list(failing.speak(jobs))
    missing = CommandVoice("v", "/nonexistent/voice {text} {out}")
    with pytest.raises(RenderError, match="did not run"):
        list(missing.speak(jobs))
    idle = CommandVoice("v", f"{sys.executable} -c '' {{jobs}}")
    with pytest.raises(RenderError, match="did not speak 'x'"):
        list(idle.speak(jobs))
    with pytest.raises(RenderError, match=r"needs \{text\} and \{out\}, or \{jobs\}"):
        CommandVoice("v", "speak {text}")
