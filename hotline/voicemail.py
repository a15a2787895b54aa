"""Callers' messages: files that Asterisk recorded, each named by its call.

Whose message it is stands in the journal, under the call's id; the file holds only the voice.
"""

import asyncio
import re
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from hotline.asterisk.layout import Dirs
from hotline.settings import Settings

_CALL_ID: Final = re.compile(r"^[0-9A-Za-z-]{1,64}$")


class NoMessageError(Exception):
    """There is no message of that call."""

    def __init__(self, call_id: str) -> None:
        super().__init__(
            f"there is no message of call {call_id!r}; `hotline voicemail list` shows all"
        )


class VoiceMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message."""

    call_id: str
    path: Path
    left_at: float
    """End of the recording, epoch seconds."""
    seconds: float
    bytes: int


def folder(settings: Settings) -> Path:
    """Return where Asterisk puts the messages."""
    return Dirs(settings.state_dir / "asterisk").voicemail


def messages(where: Path) -> list[VoiceMessage]:
    """Return the messages, newest first; a file that is still being written may look short."""
    found = []
    for path in where.glob("*.wav"):
        about = path.stat()
        found.append(
            VoiceMessage(
                call_id=path.stem,
                path=path,
                left_at=about.st_mtime,
                seconds=_seconds(path),
                bytes=about.st_size,
            )
        )
    return sorted(found, key=lambda message: message.left_at, reverse=True)


def find(where: Path, call_id: str) -> Path:
    """Return the call's message.  Raises :class:`NoMessageError`."""
    path = where / f"{call_id}.wav"
    if not _CALL_ID.match(call_id) or not path.is_file():
        raise NoMessageError(call_id)
    return path


def room(where: Path, most_bytes: int) -> Callable[[], bool]:
    """Return a function that says whether there is room for one more message."""

    def has_room() -> bool:
        return sum(path.stat().st_size for path in where.glob("*.wav")) < most_bytes

    return has_room


def _seconds(path: Path) -> float:
    try:
        with wave.open(str(path)) as sound:
            return float(sound.getnframes() / sound.getframerate())
    except (OSError, wave.Error, EOFError):
        return 0.0


class Voices:
    """The messages as the console asks for them; files are read off the event loop."""

    def __init__(self, where: Path) -> None:
        self._where = where

    async def seconds(self, call_id: str) -> float | None:
        """Return how long the call's message is; ``None`` if there is none."""
        path = await self.file(call_id)
        return None if path is None else await asyncio.to_thread(_seconds, path)

    async def file(self, call_id: str) -> Path | None:
        """Return where the message lies; ``None`` if there is none."""
        try:
            return await asyncio.to_thread(find, self._where, call_id)
        except NoMessageError:
            return None
