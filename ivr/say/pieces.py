"""The few piece ids that both languages share, and a helper to write rows of ids."""

from typing import Final

from ivr.prompt_ids import PromptId

PAUSE: Final = PromptId("pause")
"""A short silence between groups of digits."""

MINUS: Final = PromptId("minus")
ZERO: Final = PromptId("number_0")

SEPARATORS: Final = " -\N{NON-BREAKING HYPHEN}\N{NO-BREAK SPACE}"
"""Characters inside a number that are heard as a pause."""


def row(*ids: str) -> tuple[PromptId, ...]:
    """Write a row of prompt ids."""
    return tuple(PromptId(piece) for piece in ids)
