"""The bank's data key: what turns card numbers and PINs into values that the database may hold.

A six-digit PIN or a sixteen-digit card number under a plain hash is found by trying them all, so
both pass through a key that stands outside the database.  Losing the key loses all card look-ups
and PINs: back it up apart from the database.
"""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from crm_lookup.errors import SettingError

_SHORTEST: Final = 16


class DataKey:
    """One secret, used under a different label for each purpose."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _SHORTEST:
            raise SettingError(
                f"the data key has {len(secret)} bytes and needs at least {_SHORTEST}: "
                "make one with `openssl rand -hex 32`"
            )
        self._secret = secret

    def __repr__(self) -> str:
        return "DataKey(…)"

    def card_hash(self, digits: str) -> str:
        """Return the 64 hex digits under which a card number is stored and found."""
        return self._digest("card", digits).hex()

    def pin_input(self, pin: Iterable[str]) -> bytes:
        """Return what argon2 hashes in place of the bare PIN.

        The digits are taken one by one: nowhere in our memory do they stand in a row.
        """
        digest = hmac.new(self._secret, b"hotline:pin:", sha256)
        for digit in pin:
            digest.update(digit.encode())
        return digest.digest()

    def order_key(self, *parts: str) -> str:
        """Return 32 hex digits that stand for the parts and give none of them away."""
        return self._digest("order", "\0".join(parts)).hex()[:32]

    def line_mark(self, rules: str, cells: Iterable[str]) -> str:
        """Return 32 hex digits that change when a row of an import changes, or its rules do."""
        value = "\0".join((rules, *cells)).encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, b"hotline:line:" + value, sha256).hex()[:32]

    def check_value(self) -> str:
        """Return a value by which a data set recognises its key without holding it."""
        return self._digest("check", "").hex()[:32]

    def _digest(self, purpose: str, value: str) -> bytes:
        return hmac.digest(self._secret, f"hotline:{purpose}:{value}".encode(), sha256)
