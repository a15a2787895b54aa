"""The ids by which prompts are known, and the languages in which they are spoken."""

from typing import Final, Literal, NewType, TypeAlias

PromptId = NewType("PromptId", str)
"""Name of one recording and of its file: lower-case letters, digits, underscores."""

Language: TypeAlias = Literal["zh", "en"]
"""``zh`` is Mandarin, ``en`` is English; also the value of Asterisk's ``CHANNEL(language)``."""

LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
