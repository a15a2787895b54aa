"""The manifest of a language's recordings: from which text and by which voice each was made.

It stands as ``manifest.json`` beside the recordings, so that a changed text without a new
recording is noticed.
"""

import hashlib
from pathlib import Path
from typing import TypeAlias

import msgspec

from ivr.prompt_errors import PromptFileError
from ivr.prompt_ids import PromptId

_FILE = "manifest.json"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """How one recording came to be."""

    text_sha256: str
    voice: str
    duration_ms: int
    sha256: str = ""
    """Of the master's file, in hex."""


Manifest: TypeAlias = dict[PromptId, Made]


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_hash(file: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read a folder's manifest (empty when there is none); raises :class:`PromptFileError`."""
    path = folder / _FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return {}
    except (msgspec.DecodeError, OSError) as error:
        raise PromptFileError(f"{path}: {error}; delete it and render the prompts anew") from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a folder's manifest, sorted, so that a change shows as one line."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (
        f"{msgspec.json.encode(name).decode()}: {msgspec.json.encode(made).decode()}"
        for name, made in sorted(manifest.items())
    )
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (folder / f"{_FILE}.new").write_text(text, encoding="utf-8")
    (folder / f"{_FILE}.new").replace(folder / _FILE)
