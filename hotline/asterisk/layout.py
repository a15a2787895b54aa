"""Where the files of one private Asterisk lie."""

import shutil
from pathlib import Path
from typing import Final

import msgspec

from hotline.asterisk.errors import AsteriskStartError
from hotline.asterisk.locate import Install

_SOCKET_LIMIT: Final = 107
"""Longest path of a UNIX socket (``sun_path`` less its final NUL)."""


class Dirs(msgspec.Struct, frozen=True):
    """The folders that asterisk.conf names, below one base folder."""

    base: Path

    @property
    def etc(self) -> Path:
        return self.base / "etc"

    @property
    def lib(self) -> Path:
        return self.base / "lib"

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def voicemail(self) -> Path:
        """Callers' messages."""
        return self.spool / "voicemail"

    @property
    def announcements(self) -> Path:
        """What supervisors made for every new caller."""
        return self.spool / "announcements"

    @property
    def spool(self) -> Path:
        return self.base / "spool"

    @property
    def run(self) -> Path:
        return self.base / "run"

    @property
    def log(self) -> Path:
        return self.base / "log"

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.run / "asterisk.ctl"

    @property
    def pid_file(self) -> Path:
        return self.run / "asterisk.pid"

    @property
    def queue_log(self) -> Path:
        return self.log / "queue_log"

    @property
    def call_records(self) -> Path:
        return self.log / "cdr-custom" / "calls.csv"

    def prepare(self, install: Install, sounds: Path) -> None:
        """Make the folders and bring the recordings up to date.

        ``sounds`` holds ``zh/``, ``en/`` and ``moh/``.  They are copied, since the user that
        Asterisk runs as may not be able to read a checkout.
        Raises :class:`AsteriskStartError` when the base folder's path is too long for a socket.
        """
        if len(str(self.control)) > _SOCKET_LIMIT:
            message = f"{self.base}: too long for a socket's path; choose a shorter state_dir"
            raise AsteriskStartError(message)
        for folder in (
            self.etc,
            self.lib / "cache",
            self.lib / "keys",
            self.data,
            self.spool / "outgoing",
            self.spool / "tmp",
            self.voicemail,
            self.announcements,
            self.run,
            self.log / "cdr-custom",
        ):
            folder.mkdir(parents=True, exist_ok=True)
        documentation = self.data / "documentation"
        if not documentation.is_symlink():
            documentation.symlink_to(Path(install.data_dir) / "documentation")
        for language in ("zh", "en"):
            own = self.data / "sounds" / language
            _copy_new(sounds / language / "hotline", own / "hotline")
            _name_digits(own / "hotline", own / "digits")
        _copy_new(sounds / "moh", self.data / "moh")


def _name_digits(pieces: Path, digits: Path) -> None:
    """Give our recordings of numbers the names under which Asterisk's own announcements play them.

    That is what ``SayNumber`` needs up to 999 in Mandarin and English (``say.c``).
    """
    digits.mkdir(parents=True, exist_ok=True)
    for number in (*range(21), *range(30, 100, 10)):
        _link(pieces / f"number_{number}.wav", digits / f"{number}.wav")
    _link(pieces / "hundred.wav", digits / "hundred.wav")


def _link(source: Path, name: Path) -> None:
    if source.exists() and not name.is_symlink():
        name.symlink_to(Path("..") / source.parent.name / source.name)


def _copy_new(source: Path, target: Path) -> None:
    """Copy the recordings that are new or changed (by size and time)."""
    target.mkdir(parents=True, exist_ok=True)
    for file in source.glob("*.wav"):
        there, wanted = target / file.name, file.stat()
        if there.exists():
            found = there.stat()
            if found.st_size == wanted.st_size and found.st_mtime >= wanted.st_mtime:
                continue
        partial = there.with_suffix(".partial")
        shutil.copyfile(file, partial)
        partial.replace(there)
