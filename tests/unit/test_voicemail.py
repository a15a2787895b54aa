"""Callers' messages on the disk."""

import os
import wave
from pathlib import Path

import pytest

from hotline import voicemail


def leave(folder: Path, call_id: str, seconds: float, at: float) -> Path:
    path = folder / f"{call_id}.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(int(16000 * seconds)))
    os.utime(path, (at, at))
    return path


def test_messages_are_listed_newest_first_with_their_length(tmp_path: Path) -> None:
    leave(tmp_path, "a", 2.0, 100.0)
    leave(tmp_path, "b", 1.5, 200.0)
    (tmp_path / "c.wav").write_bytes(b"RIFF")
    os.utime(tmp_path / "c.wav", (50.0, 50.0))
    found = [(m.call_id, m.seconds, m.left_at) for m in voicemail.messages(tmp_path)]
    assert found == [("b", 1.5, 200.0), ("a", 2.0, 100.0), ("c", 0.0, 50.0)]


@pytest.mark.parametrize("call_id", ["nobody", "../a", "", "a/b"])
def test_only_a_calls_own_message_is_found(tmp_path: Path, call_id: str) -> None:
    inner = tmp_path / "voicemail"
    inner.mkdir()
    leave(tmp_path, "a", 1.0, 1.0)
    mine = leave(inner, "mine", 1.0, 1.0)
    assert voicemail.find(inner, "mine") == mine
    with pytest.raises(voicemail.NoMessageError, match="list"):
        voicemail.find(inner, call_id)


def test_the_folder_has_room_until_it_is_full(tmp_path: Path) -> None:
    has_room = voicemail.room(tmp_path, 20_000)
    assert has_room()
    leave(tmp_path, "a", 1.0, 1.0)
    assert has_room()
    leave(tmp_path, "b", 1.0, 1.0)
    assert not has_room()


async def test_the_console_finds_a_message_and_its_length(tmp_path: Path) -> None:
    path = leave(tmp_path, "a", 2.0, 100.0)
    voices = voicemail.Voices(tmp_path)
    assert (await voices.file("a"), await voices.seconds("a")) == (path, 2.0)
    assert (await voices.file("../a"), await voices.seconds("b")) == (None, None)
