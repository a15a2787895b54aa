"""How long each recording plays, read from the files' headers."""

import wave
from pathlib import Path

from ivr.prompt_ids import LANGUAGES, Language


def read(sounds: Path) -> dict[tuple[Language, str], float]:
    """Return seconds by (language, prompt id) for ``<sounds>/<language>/hotline/*.wav``.

    Files that are no WAV files are left out; the menu then assumes a long prompt.
    """
    found: dict[tuple[Language, str], float] = {}
    for language in LANGUAGES:
        for file in sorted((sounds / language / "hotline").glob("*.wav")):
            try:
                with wave.open(str(file)) as recording:
                    seconds = recording.getnframes() / recording.getframerate()
            except (wave.Error, EOFError, ZeroDivisionError):
                continue
            found[language, file.stem] = seconds
    return found
