"""What the flow linter asks about prompts, answered from the catalogue and the recordings."""

from typing import Final

from ivr.prompt_errors import UnknownPromptError
from ivr.prompt_ids import Language
from ivr.prompts import PromptCatalogue


class CatalogueTexts:
    """Reads the disk for recordings: not for the event loop."""

    def __init__(self, catalogue: PromptCatalogue) -> None:
        self._catalogue: Final = catalogue

    def has_text(self, prompt_id: str, language: Language) -> bool:
        """Tell whether the prompt file of a language has the prompt."""
        try:
            self._catalogue.prompt(prompt_id, language)
        except UnknownPromptError:
            return False
        return True

    def has_recording(self, prompt_id: str, language: Language) -> bool:
        """Tell whether the recording is there to be played."""
        return self._catalogue.recording(prompt_id, language).is_file()

    def slots(self, sentence: str, language: Language) -> frozenset[str] | None:
        """Return the values that a sentence needs; ``None`` if the language lacks it."""
        if not self._catalogue.has_sentence(sentence, language):
            return None
        return self._catalogue.slots(sentence, language)
