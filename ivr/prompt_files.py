"""The format of ``dialplans/prompts/<language>.yaml``, read strictly into frozen records."""

import re
from pathlib import Path
from typing import Annotated, Final

import msgspec
import yaml

from ivr.prompt_errors import PromptFileError
from ivr.prompt_ids import Language, PromptId

READERS: Final = (
    "digits",
    "amount",
    "cardinal",
    "counted",
    "ordinal",
    "percent",
    "date",
    "day",
    "time",
)
"""How a slot of a sentence can be read aloud; ``day`` is a date without its year."""

PLACEHOLDER: Final = re.compile(r"\{(?P<slot>[a-z_]+)(?::(?P<reader>[a-z]+))?\}")
"""``{slot}`` inside a prompt id, or ``{slot:reader}`` as a whole item of a sentence."""

_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """One text that is recorded."""

    id: PromptId
    language: Language
    text: str
    voice: str
    """Name of the voice that speaks it; a language can borrow another's voice for a prompt."""
    cue: str = ""
    """The surroundings in which a piece is spoken, with ``[]`` in its place; empty for none."""
    silence_ms: int = 0
    """Above zero the recording is silence of this length."""
    piece: bool = False
    """True for parts of sentences, which other languages need not have."""


class PromptFile(msgspec.Struct, frozen=True, kw_only=True):
    """One language's file, checked."""

    language: Language
    prompts: dict[PromptId, Prompt]
    sentences: dict[str, tuple[str, ...]]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str
    voice: str = ""
    silence_ms: Annotated[int, msgspec.Meta(ge=0, le=5000)] = 0


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    texts: dict[str, _Entry | str]
    cue: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    language: str
    voice: str
    prompts: dict[str, _Entry | str]
    pieces: list[_Group] = []
    sentences: dict[str, list[str]] = {}


def read_prompt_file(path: Path, language: Language) -> PromptFile:
    """Read one language's file; raises :class:`PromptFileError` naming file and place."""
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
        parsed = msgspec.convert(raw, _File)
    except OSError as error:
        raise PromptFileError(f"{path} cannot be read ({error.strerror}); restore it") from error
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise PromptFileError(f"{path}: {error}") from error
    if parsed.language != language:
        raise PromptFileError(f"{path}: language is {parsed.language!r}; it must be {language!r}")
    prompts: dict[PromptId, Prompt] = {}
    groups = [(_Group(parsed.prompts), False), *((group, True) for group in parsed.pieces)]
    for group, piece in groups:
        if group.cue and group.cue.count("[]") != 1:
            raise PromptFileError(f"{path}: the cue {group.cue!r} needs exactly one []")
        for prompt_id, value in group.texts.items():
            if not _ID.fullmatch(prompt_id) or prompt_id in prompts:
                raise PromptFileError(
                    f"{path}: {prompt_id!r} is not usable as an id; an id is used once and has "
                    "up to 64 lower-case letters, digits and underscores, a letter first"
                )
            entry = _Entry(value) if isinstance(value, str) else value
            prompts[PromptId(prompt_id)] = Prompt(
                id=PromptId(prompt_id),
                language=language,
                text=entry.text.strip(),
                voice=entry.voice or parsed.voice,
                cue=group.cue,
                silence_ms=entry.silence_ms,
                piece=piece,
            )
            if not prompts[PromptId(prompt_id)].text:
                raise PromptFileError(f"{path}: {prompt_id} has no text")
    sentences = {name: tuple(items) for name, items in parsed.sentences.items()}
    for name, items in sentences.items():
        for item in items:
            _check_item(path, name, item)
    return PromptFile(language=language, prompts=prompts, sentences=sentences)


def _check_item(path: Path, sentence: str, item: str) -> None:
    reading = PLACEHOLDER.fullmatch(item)
    if reading and reading["reader"] in READERS:
        return
    inside = [match["reader"] for match in PLACEHOLDER.finditer(item)]
    if any(inside) or not _ID.fullmatch(PLACEHOLDER.sub("x", item)):
        raise PromptFileError(
            f"{path}: the sentence {sentence} holds {item!r}; write a prompt id, an id with "
            f"{{slot}} in it, or {{slot:reader}} with one of {', '.join(READERS)}"
        )


class _StrictLoader(yaml.SafeLoader):
    """YAML without doubled keys, which PyYAML would take silently."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[object, object]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands here twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)
