"""The keys under which personal data are sealed: a file apart from the database.

One key a line in hexadecimal, the newest first; readable by its owner only.  Two lines stand there
while ``hotline privacy rotate-key`` runs.  Losing the file loses every sealed value: back it up
apart from the database.
"""

import os
import secrets
from pathlib import Path

from crm_lookup.errors import SettingError
from crm_lookup.sealing import PLAIN, Sealer, SealKey
from hotline.settings import Settings


def key_file(settings: Settings) -> Path:
    """Return where the keys stand."""
    return settings.privacy.key_file or settings.state_dir / "seal-keys"


def load_keys(file: Path) -> list[SealKey]:
    """Return the keys, the newest first; none if there is no file.  Raises `SettingError`."""
    try:
        lines = file.read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"privacy.key_file: {file}: cannot be read ({error})") from error
    try:
        keys = [SealKey(bytes.fromhex(line)) for line in lines]
    except ValueError as error:
        raise SettingError(
            f"privacy.key_file: {file}: write one key a line, 64 hexadecimal digits each "
            "(`openssl rand -hex 32`)"
        ) from error
    if len(keys) > 2:
        raise SettingError(f"privacy.key_file: {file}: at most two keys, the newest first")
    return keys


def open_sealer(settings: Settings) -> Sealer:
    """Return what seals and opens under these settings; makes the first key where sealing is on.

    Raises :class:`SettingError` when the file cannot be read or written.
    """
    file = key_file(settings)
    keys = load_keys(file)
    if not keys and settings.privacy.seal:
        add_key(file)
        keys = load_keys(file)
    if not keys:
        return PLAIN
    return Sealer(keys, seals=settings.privacy.seal, newer=lambda: load_keys(file))


def add_key(file: Path) -> None:
    """Put a new key before the others; does nothing when another process was first."""
    lines = file.read_text(encoding="ascii").split() if file.exists() else []
    _write(file, [secrets.token_hex(32), *lines], first=not lines)


def drop_older(file: Path) -> None:
    """Leave the newest key alone."""
    _write(file, file.read_text(encoding="ascii").split()[:1], first=False)


def _write(file: Path, lines: list[str], *, first: bool) -> None:
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write("\n".join(lines) + "\n")
            out.flush()
            os.fsync(out.fileno())
        if first:
            try:
                os.link(partial, file)  # the first of two processes wins
            except FileExistsError:
                return
            finally:
                partial.unlink()
        else:
            os.replace(partial, file)
    except OSError as error:
        raise SettingError(f"privacy.key_file: {file}: cannot be written ({error})") from error
