"""A keyed pseudonym for a telephone number, so that the journal holds no number.

The same number under the same key gives the same text; without the key a number can be neither
read nor found by trying all of them.
"""

import hmac
from typing import Final

_LENGTH: Final = 32
_MIN_KEY: Final = 16


def pseudonym(number: str, key: bytes) -> str:
    """Return 32 hexadecimal digits for an E.164 ``number``, or ``""`` for an empty one.

    Raises :class:`ValueError` if ``key`` is shorter than 16 bytes.
    """
    if len(key) < _MIN_KEY:
        raise ValueError("the pseudonym key needs 16 bytes or more; run `hotline doctor`")
    if not number:
        return ""
    return hmac.digest(key, number.encode(), "sha256").hex()[:_LENGTH]


def plain_number(presented: str) -> str:
    """Return the digits of a number as Asterisk presents it, with a leading ``+`` kept.

    Withheld numbers (``anonymous``, ``<unknown>``, names) give ``""``.
    """
    text = presented.strip()
    if text.isascii() and text.removeprefix("+").isdecimal():
        return text
    if not text or any(c.isalpha() for c in text):
        return ""
    digits = "".join(c for c in text if c.isascii() and c.isdigit())
    return "+" + digits if text[0] == "+" and digits else digits
