"""Secrets that nobody chose: made once, kept in the state folder, readable by its owner only."""

import os
import secrets
from pathlib import Path

import msgspec

from hotline.settings import Settings


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """The secrets that the parts of one installation share."""

    ami: str
    ivr: str
    pseudonym: str
    """Key of the pseudonyms of callers' numbers in the journal (hex)."""
    lookup: str
    """Key of the hashes by which card numbers are found (hex)."""


def load_secrets(settings: Settings) -> Secrets:
    """Return the secrets, making and storing those that the settings do not give.

    Raises ``OSError`` when the state folder cannot be written.
    """
    path = settings.state_dir / "secrets.json"
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=Secrets)
    except FileNotFoundError:
        stored = _make(path)
    return Secrets(
        ami=settings.ami.secret.get_secret_value() if settings.ami.secret else stored.ami,
        ivr=settings.ivr.secret.get_secret_value() if settings.ivr.secret else stored.ivr,
        pseudonym=stored.pseudonym,
        lookup=stored.lookup,
    )


def renew_pseudonyms(settings: Settings) -> None:
    """Replace the key of the pseudonyms for good: nobody can tie the old ones to a number.

    A running engine goes on with the old one until it is restarted.  Raises ``OSError``.
    """
    path = settings.state_dir / "secrets.json"
    load_secrets(settings)
    stored = msgspec.json.decode(path.read_bytes(), type=Secrets)
    renewed = msgspec.structs.replace(stored, pseudonym=secrets.token_hex(32))
    os.replace(_written(path, renewed), path)


def _make(path: Path) -> Secrets:
    made = Secrets(
        ami=secrets.token_urlsafe(24),
        ivr=secrets.token_urlsafe(24),
        pseudonym=secrets.token_hex(32),
        lookup=secrets.token_hex(32),
    )
    partial = _written(path, made)
    try:
        os.link(partial, path)  # the first of two processes wins
    except FileExistsError:
        return msgspec.json.decode(path.read_bytes(), type=Secrets)
    finally:
        partial.unlink()
    return made


def _written(path: Path, values: Secrets) -> Path:
    """Write the secrets beside their place, and return where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(values))
        file.flush()
        os.fsync(file.fileno())
    return partial
