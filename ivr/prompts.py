"""The catalogue of prompts: which ids exist, what they say in each language, and their recordings.

Texts are in ``dialplans/prompts/<language>.yaml`` (format: :mod:`ivr.prompt_files`), recordings in
``dialplans/sounds/<language>/hotline``.  A catalogue is loaded once and never changes; an edited
text is picked up by loading another.
"""

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import dialplans
from ivr import say
from ivr.prompt_errors import SentenceError, UnknownPromptError
from ivr.prompt_files import PLACEHOLDER, Prompt, PromptFile, read_prompt_file
from ivr.prompt_ids import LANGUAGES, Language, PromptId
from ivr.recordings import Manifest, file_hash, read_manifest, text_hash
from ivr.values import Money, Percent, Value

DIALPLANS: Final = Path(dialplans.__path__[0])
PROMPTS_DIR: Final = DIALPLANS / "prompts"
SOUNDS_DIR: Final = DIALPLANS / "sounds"


class PromptCatalogue:
    """All prompts in all languages; immutable, cheap to ask."""

    def __init__(
        self, files: Mapping[Language, PromptFile], sounds_dir: Path = SOUNDS_DIR
    ) -> None:
        self._files = dict(files)
        self._sounds_dir = sounds_dir

    @classmethod
    def load(cls, prompts_dir: Path = PROMPTS_DIR, sounds_dir: Path = SOUNDS_DIR) -> Self:
        """Read every language's texts; raises :class:`PromptFileError` when a file is wrong."""
        files = {
            language: read_prompt_file(prompts_dir / f"{language}.yaml", language)
            for language in LANGUAGES
        }
        return cls(files, sounds_dir)

    def prompts(self, language: Language) -> tuple[Prompt, ...]:
        """Return every prompt of a language in the order of its file."""
        return tuple(self._files[language].prompts.values())

    def __contains__(self, prompt_id: object) -> bool:
        """Tell whether a prompt exists in every language, so that a flow may play it."""
        return all(prompt_id in file.prompts for file in self._files.values())

    def prompt(self, prompt_id: str, language: Language) -> Prompt:
        """Return one prompt; raises :class:`UnknownPromptError`."""
        try:
            return self._files[language].prompts[PromptId(prompt_id)]
        except KeyError:
            raise UnknownPromptError(
                f"there is no prompt {prompt_id!r} in {language}; add it to "
                f"dialplans/prompts/{language}.yaml and render its recording"
            ) from None

    def text(self, prompt_id: str, language: Language) -> str:
        """Return what a prompt says; raises :class:`UnknownPromptError`."""
        return self.prompt(prompt_id, language).text

    def spell(self, pieces: tuple[PromptId, ...] | list[PromptId], language: Language) -> str:
        """Write what the recordings say one after the other, as one line of text."""
        return say.spell(pieces, language, lambda piece: self.text(piece, language))

    def recording(self, prompt_id: str, language: Language) -> Path:
        """Return where the recording of a prompt is or will be."""
        return recording_path(self._sounds_dir, prompt_id, language)

    def manifest(self, language: Language) -> Manifest:
        """Read what the recordings of a language were made from."""
        return read_manifest(self._sounds_dir / language)

    # Sentences -----------------------------------------------------------------------------------

    def sentence(self, name: str, language: Language, **slots: Value) -> tuple[PromptId, ...]:
        """Fill a sentence's slots and return the prompts to play, in order.

        Raises :class:`UnknownPromptError` for an unknown sentence or piece, :class:`SentenceError`
        for a missing slot or a value of the wrong type and :class:`CannotSayError` for a value
        out of range.
        """
        try:
            template = self._files[language].sentences[name]
        except KeyError:
            raise UnknownPromptError(
                f"there is no sentence {name!r} in dialplans/prompts/{language}.yaml"
            ) from None
        pieces: list[PromptId] = []
        for item in template:
            reading = PLACEHOLDER.fullmatch(item)
            if reading and reading["reader"]:
                value = _slot(slots, reading["slot"], name)
                pieces += _read(value, reading["reader"], language, f"{name}, {item}")
            else:
                chosen = PLACEHOLDER.sub(lambda m: str(_slot(slots, m["slot"], name)), item)
                pieces.append(self.prompt(chosen, language).id)
        return tuple(pieces)

    def has_sentence(self, name: str, language: Language) -> bool:
        """Tell whether a language has the sentence."""
        return name in self._files[language].sentences

    def slots(self, name: str, language: Language) -> frozenset[str]:
        """Return the names of the values that a sentence needs."""
        items = self._files[language].sentences.get(name, ())
        return frozenset(m["slot"] for item in items for m in PLACEHOLDER.finditer(item))

    def balance(
        self, *, kind: str, tail: str, minor: int, currency: str, language: Language
    ) -> tuple[PromptId, ...]:
        """Say an account's balance; a negative one is told as what the customer owes.

        ``kind`` is an account kind of :class:`crm_lookup.model.AccountBalance`, ``minor`` in minor
        units.
        """
        name = "owed_line" if minor < 0 else "balance_line"
        money = Money(abs(minor), currency)
        return self.sentence(name, language, kind=kind, tail=tail, balance=money)

    # Checks --------------------------------------------------------------------------------------

    def text_problems(self) -> list[str]:
        """Name prompts that one language has and another lacks, and sentences that cannot work."""
        problems: list[str] = []
        for language, file in self._files.items():
            for other, other_file in self._files.items():
                shared = {p.id for p in other_file.prompts.values() if not p.piece}
                problems += [
                    f"{language}: {missing} is missing (it is in {other}.yaml)"
                    for missing in sorted(shared - file.prompts.keys())
                ]
                problems += [
                    f"{language}: the sentence {missing} is missing (it is in {other}.yaml)"
                    for missing in sorted(other_file.sentences.keys() - file.sentences.keys())
                ]
            problems += _sentence_problems(language, file)
        return problems

    def recording_problems(self) -> list[str]:
        """Name recordings that are missing, that no text asks for, or made from another text."""
        problems: list[str] = []
        for language in self._files:
            manifest = self.manifest(language)
            known = {prompt.id for prompt in self.prompts(language)}
            for prompt in self.prompts(language):
                made = manifest.get(prompt.id)
                if made is None or not self.recording(prompt.id, language).is_file():
                    problems.append(f"{language}: {prompt.id} has no recording; render it")
                elif made.sha256 != file_hash(self.recording(prompt.id, language)):
                    problems.append(
                        f"{language}: the recording {prompt.id} was replaced by hand; take it in "
                        "with 'hotline prompts import'"
                    )
                elif made.text_sha256 != text_hash(prompt.text):
                    problems.append(
                        f"{language}: the text of {prompt.id} changed after it was recorded; "
                        "render it again"
                    )
            folder = self._sounds_dir / language / "hotline"
            spare = {path.stem for path in folder.glob("*.flac")} | set(manifest)
            problems += [
                f"{language}: the recording {name} belongs to no text; delete it"
                for name in sorted(spare - known)
            ]
        return problems


def recording_path(sounds_dir: Path, prompt_id: str, language: Language) -> Path:
    """Return the master of a recording; Asterisk plays what is derived as ``hotline/<id>``."""
    return sounds_dir / language / "hotline" / f"{prompt_id}.flac"


def _slot(slots: Mapping[str, Value], slot: str, sentence: str) -> Value:
    try:
        return slots[slot]
    except KeyError:
        raise SentenceError(f"the sentence {sentence!r} needs a value for {slot!r}") from None


def _read(value: Value, reader: str, language: Language, where: str) -> tuple[PromptId, ...]:
    match reader, value:
        case "digits", str():
            return say.digits(value, language)
        case "amount", Money():
            return say.amount(value.minor, value.currency, language)
        case "cardinal" | "counted", int():
            return say.cardinal(value, language, counted=reader == "counted")
        case "ordinal", int():
            return say.ordinal(value, language)
        case "percent", Percent():
            return say.percent(value.value, language)
        case "date", dt.date():
            return say.date(value, language)
        case "day", dt.date():
            return say.date(value, language, year=False)
        case "time", dt.time():
            return say.time(value, language)
    raise SentenceError(f"{where}: a {type(value).__name__} cannot be read as {reader}")


def _sentence_problems(language: Language, file: PromptFile) -> list[str]:
    problems = []
    for name, template in file.sentences.items():
        for item in template:
            if (reading := PLACEHOLDER.fullmatch(item)) and reading["reader"]:
                continue
            parts = (re.escape(part) for part in re.split(r"\{[a-z_]+\}", item))
            pattern = re.compile("[a-z0-9_]+".join(parts))
            if not any(pattern.fullmatch(prompt_id) for prompt_id in file.prompts):
                problems.append(f"{language}: sentence {name}: no text is called {item}")
    return problems
