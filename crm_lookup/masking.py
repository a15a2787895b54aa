"""What of a name, a telephone or a card number may be seen before a person's right is known.

Pure.  Masked texts have the same shape for everybody, so that they give away no length.
"""

from functools import lru_cache
from typing import Final

import phonenumbers

_HIDDEN: Final = "****"


def masked_name(name: str, family_name: str) -> str:
    """Return ``王**`` or ``S**`` for a person and the first two characters for a company.

    A family name in Latin letters shows only its initial.
    """
    shown = family_name or name[:2]
    if shown.isascii():
        shown = shown[:1]
    return f"{shown}**"


@lru_cache(maxsize=4096)
def masked_phone(e164: str) -> str:
    """Return ``+86 138****8000``: country code, at most three leading and four last digits.

    Fewer are shown of a short number: at least four digits always stay hidden.
    """
    if not e164:
        return ""
    try:
        code = phonenumbers.parse(e164).country_code
    except phonenumbers.NumberParseException:
        return _HIDDEN
    # Not the library's national number: to San Marino's it may add digits that nobody dialled.
    national = e164.removeprefix(f"+{code}")
    tail = min(4, max(0, len(national) - 4))
    head = min(3, max(0, len(national) - 4 - tail))
    return f"+{code} {national[:head]}{_HIDDEN}{national[len(national) - tail :]}"


def masked_card(tail: str) -> str:
    """Return ``**** 0015`` for the last four digits of a card or account."""
    return f"{_HIDDEN} {tail[-4:]}"
