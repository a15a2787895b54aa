"""Where set-up finds and puts things, and the stamps that say what is already done."""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SHARED: Final = Path("/usr/local/lib/hotline")
"""What `sudo scripts/setup --system` provides for every checkout on the machine."""

STATES: Final = Path("/var/lib/hotline")
"""Home of the service user, with the state of checkouts that this user cannot enter."""


@dataclass(frozen=True)
class Layout:
    """The folders of one checkout."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / ".state"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def web(self) -> Path:
        return self.root / "agent_console/web"

    @property
    def node_venv(self) -> Path:
        """The environment of the Node from PyPI; absent when the system's own Node serves."""
        return self.state / "node"

    @property
    def asterisk_note(self) -> Path:
        """Which Asterisk was found; `hotline.asterisk.locate` reads it."""
        return self.state / "asterisk.json"

    @property
    def asterisk_root(self) -> Path:
        """The private root, by its real path: Asterisk's user may not enter the checkout."""
        return self.state.resolve() / "asterisk-root"


def digest(paths: Iterable[Path], *words: str) -> str:
    """Return a hash over ``words`` and over names and contents of files (folders: all in them)."""
    total = hashlib.sha256("\0".join(words).encode())
    for path in sorted(_files(paths)):
        total.update(b"\0" + os.fsencode(path) + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from (found for found in path.rglob("*") if found.is_file())
        elif path.exists():
            yield path


class Stamps:
    """Small notes of finished work: name → hash of what it was made from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def holds(self, name: str, value: str) -> bool:
        """Whether ``name`` was finished with exactly this ``value``."""
        try:
            return (self._folder / f"{name}.stamp").read_text(encoding="ascii") == value
        except (OSError, UnicodeDecodeError):
            return False

    def drop(self, name: str) -> None:
        """Forget ``name``: its work begins anew."""
        (self._folder / f"{name}.stamp").unlink(missing_ok=True)

    def put(self, name: str, value: str) -> None:
        """Note that ``name`` is finished; call it only after success."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self._folder / f"{name}.stamp", value)


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path`` so that a reader sees the old or the new text, never a part."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def write_json(path: Path, value: object) -> None:
    """Replace ``path`` by ``value`` as JSON."""
    write_atomically(path, json.dumps(value, indent=2) + "\n")
