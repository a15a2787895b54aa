"""Text that must not be printed by accident: keyed digits, PINs, card numbers."""

from typing import Final


class Secret:
    """Keyed digits; shown as ``***`` in every log, traceback and test report."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value: Final = value

    def reveal(self) -> str:
        """Return the digits; do not keep them."""
        return self._value

    def __add__(self, more: str) -> "Secret":
        return Secret(self._value + more)

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret('***')"
