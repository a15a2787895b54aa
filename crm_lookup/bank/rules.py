"""What every core decides alike: cursors, case numbers, what becomes of a card.  Pure."""

import base64
import binascii
import math
from typing import Final

from crm_lookup.bank.errors import BankRefusedError
from crm_lookup.bank.records import CardStatus

_CURSOR: Final = "1"
"""Version of the cursors' form."""


def cursor(booked_at: float, transaction_id: int) -> str:
    """Return the cursor that stands behind a transaction."""
    text = f"{_CURSOR}:{booked_at!r}:{transaction_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[float, int]:
    """Return the time and the id of the transaction before; refuses anything that is no cursor."""
    try:
        padded = text + "=" * (-len(text) % 4)
        version, at, number = base64.b64decode(padded, altchars=b"-_", validate=True).split(b":")
        found = float(at), int(number)
    except (ValueError, binascii.Error):
        version, found = b"", (math.nan, 0)
    if version != _CURSOR.encode() or not math.isfinite(found[0]) or abs(found[1]) >= 2**63:
        raise BankRefusedError("bad_cursor", "the cursor is not one of this list: begin anew")
    return found


def case_number(number: int) -> str:
    """Return nine digits, of which the last one finds a slip of the tongue (Luhn)."""
    digits = f"{number:08}"
    doubled = (int(d) * (2 - i % 2) for i, d in enumerate(reversed(digits)))
    return digits + str(-sum(n - 9 if n > 9 else n for n in doubled) % 10)


def lost_status(status: CardStatus) -> CardStatus:
    """Return what a card becomes whose holder, after the PIN, says that it is gone."""
    if status == "expired":
        raise BankRefusedError("card_not_usable", "the card has expired: nobody can use it")
    return "lost"


def emergency_status(status: CardStatus) -> CardStatus:
    """Return what a card becomes when somebody reports its number."""
    return "blocked" if status in ("active", "inactive") else status


def activated_status(status: CardStatus) -> CardStatus:
    """Return what a card becomes that is activated."""
    if status != "inactive":
        raise BankRefusedError("card_not_inactive", "only a new card can be activated")
    return "active"


NO_CARD: Final = "this customer has no such card: ask for the cards first"
NO_ACCOUNT: Final = "this customer has no such account: ask for the accounts first"
KEY_REUSED: Final = "this key came before with another order: make a new key"
