"""Digits that must not be printed by accident, nor lie about in memory: PINs, card numbers."""

from collections.abc import Iterable
from typing import Final


class Secret:
    """Keyed digits; shown as ``***`` in every log, traceback and test report.

    They are kept one by one.  Python shares one object for each single digit, so that no place in
    the process's memory holds the digits in a row, neither now nor after the call: a freed string
    keeps its text until something else is written there.
    """

    __slots__ = ("_digits",)

    def __init__(self, digits: Iterable[str] = ()) -> None:
        self._digits: Final = tuple(digits)

    def reveal(self) -> str:
        """Return the digits in a row; do not keep them, and never ask for a PIN this way."""
        return "".join(self._digits)

    def one_by_one(self) -> tuple[str, ...]:
        """Return the digits, each by itself."""
        return self._digits

    def __add__(self, more: str) -> "Secret":
        return Secret((*self._digits, *more))

    def __len__(self) -> int:
        return len(self._digits)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._digits == other._digits

    def __hash__(self) -> int:
        return hash(self._digits)

    def __repr__(self) -> str:
        return "Secret('***')"
