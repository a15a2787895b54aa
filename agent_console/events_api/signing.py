"""Signatures of webhooks: HMAC-SHA256 over id, time and body, as Standard Webhooks spells them.

Pure.  https://www.standardwebhooks.com describes the headers; libraries that check them exist for
most languages.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final

ID_HEADER: Final = "webhook-id"
TIME_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"
PREFIX: Final = "whsec_"
REPLAY_WINDOW_S: Final = 300
"""A receiver refuses what was signed longer ago, or so far in the future."""


def new_secret() -> str:
    """Return a new key as receivers store it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(secret: str, message_id: str, body: bytes, now: float) -> Mapping[str, str]:
    """Return the headers that sign the body at ``now``."""
    stamp = str(int(now))
    return {
        ID_HEADER: message_id,
        TIME_HEADER: stamp,
        SIGNATURE_HEADER: f"v1,{_signature(secret, message_id, stamp, body)}",
    }


def _signature(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{stamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
