"""Renders prompt texts into recordings and keeps the manifests; imports a studio's recordings.

Needs pydub (the extra ``hotline[voices]``).
"""

import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
import structlog

from ivr.polish import level, polish, silence
from ivr.prompt_errors import RenderError
from ivr.prompt_files import Prompt
from ivr.prompt_ids import Language, PromptId
from ivr.prompts import PromptCatalogue
from ivr.recordings import Made, file_hash, text_hash, write_manifest
from ivr.voices import Job, Voice

log = structlog.get_logger(__name__)

Progress: TypeAlias = Callable[[int, int, PromptId], None]
"""Called with (done, of how many, the prompt that is done)."""

PIECE_TAIL_MS: Final = 30
PROMPT_TAIL_MS: Final = 120
_SILENT: Final = "silence"


def outdated(catalogue: PromptCatalogue, language: Language) -> tuple[PromptId, ...]:
    """Return the prompts whose recording is missing or was made from another text."""
    manifest = catalogue.manifest(language)
    return tuple(
        prompt.id
        for prompt in catalogue.prompts(language)
        if prompt.id not in manifest
        or manifest[prompt.id].text_sha256 != text_hash(prompt.text)
        or not catalogue.recording(prompt.id, language).is_file()
    )


def render(
    catalogue: PromptCatalogue,
    language: Language,
    voices: Mapping[str, Voice],
    only: Collection[PromptId] | None = None,
    progress: Progress | None = None,
) -> int:
    """Render the outdated prompts of a language (or ``only`` those named); return how many.

    ``voices`` maps the voice names of the prompt files to voices.  What was rendered is kept when
    a later prompt fails.  Raises :class:`RenderError`.
    """
    wanted = set(outdated(catalogue, language) if only is None else only)
    prompts = [catalogue.prompt(prompt_id, language) for prompt_id in wanted]
    needed = {prompt.voice for prompt in prompts if not prompt.silence_ms}
    if missing := needed - voices.keys():
        raise RenderError(f"no voice is given for: {', '.join(sorted(missing))}")
    manifest = catalogue.manifest(language)
    folder = catalogue.recording("x", language).parents[1]
    done = 0
    try:
        with tempfile.TemporaryDirectory() as scratch:
            for prompt, made in _recorded(catalogue, prompts, voices, Path(scratch)):
                manifest[prompt.id] = made
                done += 1
                if progress:
                    progress(done, len(prompts), prompt.id)
    finally:
        known = {prompt.id for prompt in catalogue.prompts(language)}
        write_manifest(folder, {key: made for key, made in manifest.items() if key in known})
    log.info("prompts_rendered", language=language, count=done)
    return done


def import_recording(
    catalogue: PromptCatalogue, language: Language, prompt_id: str, source: Path, voice: str
) -> Made:
    """Take a studio's recording of a prompt, in any format that pydub reads."""
    prompt = catalogue.prompt(prompt_id, language)
    target = catalogue.recording(prompt.id, language)
    length = polish(source, target, tail_ms=_tail(prompt))
    made = _made(prompt, voice, target, length)
    manifest = catalogue.manifest(language)
    write_manifest(target.parents[1], {**manifest, prompt.id: made})
    return made


def level_recordings(catalogue: PromptCatalogue, language: Language) -> dict[PromptId, float]:
    """Bring every recording to the level that all have; return the changes in dB.

    What is right already is left alone.  Raises :class:`RenderError`.
    """
    manifest, changed = catalogue.manifest(language), {}
    folder = catalogue.recording("x", language).parents[1]
    for prompt in catalogue.prompts(language):
        made = manifest.get(prompt.id)
        if prompt.silence_ms or made is None:
            continue
        target = catalogue.recording(prompt.id, language)
        if change := level(target):
            manifest[prompt.id] = msgspec.structs.replace(made, sha256=file_hash(target))
            changed[prompt.id] = change
    if changed:
        write_manifest(folder, manifest)
    return changed


def _recorded(
    catalogue: PromptCatalogue,
    prompts: list[Prompt],
    voices: Mapping[str, Voice],
    scratch: Path,
) -> Iterable[tuple[Prompt, Made]]:
    for prompt in prompts:
        if prompt.silence_ms:
            target = catalogue.recording(prompt.id, prompt.language)
            length = silence(target, prompt.silence_ms)
            yield prompt, _made(prompt, _SILENT, target, length)
    for name in sorted({prompt.voice for prompt in prompts}):
        voice = voices.get(name)
        spoken = {
            scratch / f"{prompt.id}.wav": prompt
            for prompt in prompts
            if prompt.voice == name and not prompt.silence_ms
        }
        if voice is None or not spoken:
            continue
        jobs = [Job(text=prompt.text, out=out, cue=prompt.cue) for out, prompt in spoken.items()]
        for job in voice.speak(jobs):
            prompt = spoken[job.out]
            target = catalogue.recording(prompt.id, prompt.language)
            length = polish(job.out, target, tail_ms=_tail(prompt))
            yield prompt, _made(prompt, voice.name, target, length)


def _tail(prompt: Prompt) -> int:
    return PIECE_TAIL_MS if prompt.piece else PROMPT_TAIL_MS


def _made(prompt: Prompt, voice: str, target: Path, duration_ms: int) -> Made:
    return Made(
        text_sha256=text_hash(prompt.text),
        voice=voice,
        duration_ms=duration_ms,
        sha256=file_hash(target),
    )
