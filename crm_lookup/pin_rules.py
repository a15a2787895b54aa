"""Which new telephone PINs are too easy to guess.  Pure; nothing here is logged."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

LENGTH: Final = 6
"""Digits of a telephone PIN."""

_POPULAR: Final = frozenset(
    (
        *("520520", "521521", "131420", "131452", "168168", "518518", "147258", "258369"),
        *("159357", "147369", "789456", "456789", "159753", "110110", "112112", "201314"),
        *("246810", "135790", "102030", "123123", "123321", "112358", "314159", "007007"),
    )
)
"""What people choose when no rule says otherwise, beside what the rules below find."""


def is_weak(pin: str, *, personal: Iterable[str] = ()) -> bool:
    """Say whether ``pin`` is not six digits or too easy to guess.

    ``personal`` are digit strings that others may know of the customer: telephone numbers, the
    tails of cards and accounts, the year of birth.  A PIN that is part of one, or holds one of at
    least four digits, is weak.
    """
    if len(pin) != LENGTH or not (pin.isascii() and pin.isdigit()):
        return True
    if pin in _POPULAR or len(set(pin)) < 3:
        return True
    if _is_repeated(pin) or _is_stairs(pin) or pin == pin[::-1]:
        return True
    return any(pin in known or (len(known) >= 4 and known in pin) for known in personal)


def _is_repeated(pin: str) -> bool:
    """``121212`` and ``123123``, and pairs in a row: ``112233``."""
    pairs = all(pin[i] == pin[i + 1] for i in range(0, LENGTH, 2))
    return pairs or any(pin == pin[:size] * (LENGTH // size) for size in (2, 3))


def _is_stairs(pin: str) -> bool:
    """Every step is the same, round the corner too: ``345678``, ``975319``, ``890123``."""
    return len({(int(b) - int(a)) % 10 for a, b in pairwise(pin)}) == 1
