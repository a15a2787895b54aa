"""Seals personal data before they go into the database, and opens what comes out of it.

Pure; keys come from outside (:mod:`hotline.privacy.keys`).  A sealed text is::

    sealed:BASE64URL( version 1 | key id 4 | nonce 12 | ciphertext | tag 16 )

under AES-256-GCM, with the column and the customer's id as associated data: a value that somebody
moved to another row or column does not open.  Numbers are found by a keyed hash (HMAC-SHA256).
Both keys come from one secret by HKDF.  What is not sealed is given back as it is, so that a base
can be converted while it is in use.
"""

import hmac
import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crm_lookup.errors import CrmError, SettingError, WrongKeyError

PREFIX: Final = "sealed:"
_VERSION: Final = b"\x01"
KNOWN_AFTER: Final = 1.0
"""Seconds after which whoever looks numbers up knows a new key."""
_NONCE: Final = 12
_HEAD: Final = 1 + 4
_SHORTEST: Final = 32

NAME: Final = "customers.name"
FAMILY_NAME: Final = "customers.family_name"
NUMBER: Final = "customer_numbers.sealed"
ID_NUMBER: Final = "customer_details.id_number"
ADDRESS: Final = "customer_details.address"
EMAIL: Final = "customer_details.email"
NOTE: Final = "customer_notes.body"
CALLBACK: Final = "callbacks.number"
"""The columns that are sealed, as they are bound to their values."""


class SealError(CrmError):
    """A sealed value was changed, moved to another row or cut off."""


class SealKey:
    """One secret of at least 32 bytes: an encryption key, a hash key, and a name for both."""

    __slots__ = ("_cipher", "_hash", "id")

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _SHORTEST:
            raise SettingError(
                f"the sealing key has {len(secret)} bytes and needs at least {_SHORTEST}: "
                "make one with `openssl rand -hex 32`"
            )
        self.id = _derived(secret, b"id", 4)
        """Tells the keys apart and gives nothing away."""
        self._cipher = AESGCM(_derived(secret, b"seal", 32))
        self._hash = _derived(secret, b"find", 32)

    def __repr__(self) -> str:
        return f"SealKey({self.id.hex()})"

    def seal(self, column: str, customer_id: str, text: str) -> str:
        """Return the sealed form of a text; another one every time."""
        nonce = os.urandom(_NONCE)
        head = _VERSION + self.id
        hidden = self._cipher.encrypt(nonce, text.encode(), head + _bound(column, customer_id))
        return PREFIX + urlsafe_b64encode(head + nonce + hidden).decode()

    def open(self, column: str, customer_id: str, raw: bytes) -> str:
        """Return the text; raises :class:`SealError`."""
        head, nonce, hidden = raw[:_HEAD], raw[_HEAD : _HEAD + _NONCE], raw[_HEAD + _NONCE :]
        try:
            text = self._cipher.decrypt(nonce, hidden, head + _bound(column, customer_id))
        except (InvalidTag, ValueError) as error:
            raise SealError(
                f"{column} of customer {customer_id} does not open: it was changed, or moved "
                "from another row; restore it from a backup"
            ) from error
        return text.decode()

    def index(self, e164: str) -> str:
        """Return the 64 hex digits by which a number is found."""
        return hmac.digest(self._hash, b"number:" + e164.encode(), sha256).hex()


class Sealer:
    """The keys of an installation: seals with the newest, opens with any of them.

    Without keys (:data:`PLAIN`) everything stays as it is.
    """

    def __init__(
        self,
        keys: Sequence[SealKey] = (),
        *,
        seals: bool = False,
        newer: Callable[[], Sequence[SealKey]] | None = None,
    ) -> None:
        """``seals``: whether what is written is sealed.  ``newer`` reads the keys again."""
        if seals and not keys:
            raise SettingError("there is no sealing key: see privacy.key_file in the settings")
        self.seals = seals
        self._keys = {key.id: key for key in keys}
        self._newest = keys[0] if keys else SealKey(bytes(_SHORTEST))
        self._newer = newer
        self._look_again = 0.0

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the keys, the newest first."""
        return tuple(key.hex() for key in self._keys)

    def text(self, column: str, customer_id: str, value: str) -> str:
        """Return a text as it is to be stored; an empty one stays empty."""
        if not value or not self.seals:
            return value
        self._look()
        return self._newest.seal(column, customer_id, value)

    def number(self, customer_id: str, e164: str) -> tuple[str, str | None]:
        """Return what a number is found by, and its sealed form where numbers are sealed."""
        if not self.seals:
            return e164, None
        self._look()
        return self._newest.index(e164), self._newest.seal(NUMBER, customer_id, e164)

    def found_by(self, e164: str) -> tuple[str, ...]:
        """Return everything under which a number may stand: as it is, and its keyed hashes."""
        self._look()
        return (e164, *(key.index(e164) for key in self._keys.values()))

    def open(self, column: str, customer_id: str, stored: str) -> str:
        """Return the text of a stored value, sealed or not.

        Raises :class:`WrongKeyError` for a value of a key that is not here, and
        :class:`SealError` for one that is not what was sealed.
        """
        if not stored.startswith(PREFIX):
            return stored
        raw = sealed_bytes(stored)
        key = self._keys.get(raw[1:_HEAD])
        if key is None and self._newer is not None:
            self.renew()
            key = self._keys.get(raw[1:_HEAD])
        if key is None:
            raise WrongKeyError(
                f"{column} of customer {customer_id} was sealed under key {raw[1:_HEAD].hex()}, "
                f"and only {', '.join(self.ids) or 'none'} is here: put that key back "
                "(it is backed up apart from the database)"
            )
        return key.open(column, customer_id, raw)

    def phone(self, customer_id: str, number: str, sealed: str | None) -> str:
        """Return the number of a row of ``customer_numbers``."""
        return number if sealed is None else self.open(NUMBER, customer_id, sealed)

    def stale(self, stored: str | None) -> bool:
        """Return whether a stored value is not as it would be written today."""
        if not stored:
            return False
        if not stored.startswith(PREFIX):
            return self.seals
        return not self.seals or sealed_bytes(stored)[1:_HEAD] != self._newest.id

    def _look(self) -> None:
        """Look for a new key once in a second: another process may be sealing under it."""
        if self._newer is not None and time.monotonic() >= self._look_again:
            self._look_again = time.monotonic() + KNOWN_AFTER
            self.renew()

    def renew(self) -> None:
        """Read the keys again: another process may have made a new one."""
        if self._newer is not None:
            keys = self._newer()
            if keys:
                self._keys, self._newest = {key.id: key for key in keys}, keys[0]


def sealed_bytes(stored: str) -> bytes:
    """Return what a sealed text holds; raises :class:`SealError` for a damaged one."""
    try:
        raw = urlsafe_b64decode(stored[len(PREFIX) :])
    except ValueError as error:
        raise SealError("a sealed value is damaged: restore it from a backup") from error
    if raw[:1] != _VERSION or len(raw) < _HEAD + _NONCE + 16:
        raise SealError("a sealed value is damaged, or of a newer version of this software")
    return raw


def _derived(secret: bytes, purpose: bytes, length: int) -> bytes:
    made = HKDF(hashes.SHA256(), length, salt=None, info=b"hotline:seal:" + purpose)
    return made.derive(secret)


def _bound(column: str, customer_id: str) -> bytes:
    return f"{column}\0{customer_id}".encode()


PLAIN: Final = Sealer()
"""Seals nothing and has no keys."""
