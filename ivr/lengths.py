"""How long each recording plays, as the manifests of the masters say."""

from pathlib import Path

from ivr.prompt_ids import LANGUAGES, Language
from ivr.recordings import read_manifest


def read(sounds: Path) -> dict[tuple[Language, str], float]:
    """Return seconds by (language, prompt id) of the recordings below ``sounds``.

    What no manifest names is left out; the menu then assumes a long prompt.
    Raises :class:`ivr.prompt_errors.PromptFileError`.
    """
    return {
        (language, prompt_id): made.duration_ms / 1000
        for language in LANGUAGES
        for prompt_id, made in read_manifest(sounds / language).items()
    }
