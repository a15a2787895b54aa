"""Announcements are made of prompts, typed words and recordings, at the telephone's rate."""

import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from agent_console.errors import CommandRefusedError
from agent_console.floor_messages import NewAnnouncement
from hotline.announcements import AnnouncementMaker
from ivr.prompts import PromptCatalogue

CATALOGUE = PromptCatalogue.load()
SPEAK = f'{sys.executable} -c "{{code}}" {{{{text}}}} {{{{out}}}}'
CODE = (
    "import sys,wave,math,array;"
    "f=wave.open(sys.argv[2],'wb');f.setnchannels(1);f.setsampwidth(2);f.setframerate(22050);"
    "f.writeframes(array.array('h',[int(9000*math.sin(n/8)) for n in range(22050)]).tobytes())"
)


def maker(folder: Path, zh: str = "", en: str = "") -> AnnouncementMaker:
    return AnnouncementMaker(folder / "made", CATALOGUE, {"zh": zh, "en": en})


def telephone(file: Path) -> float:
    """Check the form of a sound that Asterisk plays; return its seconds."""
    with wave.open(str(file)) as sound:
        assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (8000, 2, 1)
        return sound.getnframes() / 8000


def test_a_prompt_is_played_in_each_callers_language(tmp_path: Path) -> None:
    made = maker(tmp_path).of_prompt("all_agents_busy", "boss")
    assert (made.sound_zh, made.sound_en) == ("hotline/all_agents_busy",) * 2
    assert made.seconds > 3
    heard = maker(tmp_path).sound(made, "zh")
    assert heard is not None
    assert heard.startswith(b"RIFF")
    assert heard != maker(tmp_path).sound(made, "en")
    with pytest.raises(CommandRefusedError, match="unknown_code"):
        maker(tmp_path).of_prompt("enter_pin", "boss")
    assert {choice.prompt for choice in maker(tmp_path).prompts()} >= {"all_agents_busy"}


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "ogg"])
async def test_a_recording_in_any_format_becomes_what_asterisk_plays(
    tmp_path: Path, form: str
) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)
    given = tmp_path / f"given.{form}"
    soundfile.write(str(given), np.stack([tone, tone], axis=1), 44100)
    made = await maker(tmp_path).of_recording("storm", given.name, given.read_bytes(), "boss")
    assert made.sound_zh == made.sound_en
    assert telephone(Path(f"{made.sound_zh}.wav")) == pytest.approx(1.3, abs=0.15)
    assert maker(tmp_path).sound(made, "en") == Path(f"{made.sound_zh}.wav").read_bytes()
    assert oct(Path(f"{made.sound_zh}.wav").stat().st_mode)[-3:] == "644"


@pytest.mark.parametrize(
    ("name", "audio"),
    [("x.wav", b"no sound"), ("x.mp3", b""), ("x", b"RIFF"), ("x.wav", bytes(9000))],
)
async def test_what_is_no_audio_leaves_nothing_behind(
    tmp_path: Path, name: str, audio: bytes
) -> None:
    with pytest.raises(CommandRefusedError, match="bad_audio"):
        await maker(tmp_path).of_recording("x", name, audio, "boss")
    assert not list(tmp_path.rglob("*.wav"))


async def test_typed_words_are_spoken_by_the_banks_voice_where_there_is_one(
    tmp_path: Path,
) -> None:
    voice = SPEAK.format(code=CODE)
    speaker = maker(tmp_path, zh=voice)
    assert "zh" in speaker.voices
    made = await speaker.of_words(NewAnnouncement(zh="线路故障，请稍后再拨。"), "boss")
    assert (made.title, made.kind) == ("线路故障，请稍后再拨。", "typed")
    assert made.sound_en == made.sound_zh  # who speaks English hears what there is
    assert telephone(Path(f"{made.sound_zh}.wav")) == pytest.approx(1.3, abs=0.15)
    with pytest.raises(CommandRefusedError, match="no_voice"):
        await maker(tmp_path).of_words(NewAnnouncement(zh="没有语音"), "boss")
    broken = maker(tmp_path, zh=f"{sys.executable} -c 1 {{text}} {{out}}")
    with pytest.raises(CommandRefusedError):
        await broken.of_words(NewAnnouncement(zh="坏了"), "boss")
