"""The errors of prompts, readings and recordings.  Each message says what to do next."""

from ivr.errors import IvrError


class PromptError(IvrError):
    """Base of what can be wrong with prompts: their texts, sentences or recordings."""


class PromptFileError(PromptError):
    """A file of prompt texts is wrong; the message names the file and the place."""


class UnknownPromptError(PromptError, KeyError):
    """No prompt or sentence has this id in this language."""

    def __str__(self) -> str:
        return str(self.args[0])


class SentenceError(PromptError):
    """A sentence was asked for with missing or unsuitable values for its slots."""


class CannotSayError(PromptError, ValueError):
    """A number, amount or date lies outside what can be read aloud."""


class RenderError(PromptError):
    """A voice did not give a usable recording."""
