"""Asterisk's own records on this machine: queue_log and the call records, also rotated ones."""

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import structlog

from hotline.asterisk.layout import Dirs
from hotline.settings import Settings

log = structlog.get_logger(__name__)

_MOST: Final = 64 * 1024 * 1024
"""Bytes read of the end of one file at most."""
_BLOCK: Final = 256 * 1024
"""Bytes of the end of queue_log that are looked at first: some thousand lines."""


class AsteriskBooks:
    """Reads both books of one Asterisk; see :class:`cti.ports.Books`."""

    def __init__(self, queue_log: Path, call_records: Path) -> None:
        self._queue_log = queue_log
        self._call_records = call_records

    def read(self, since: float) -> tuple[Sequence[str], Sequence[str]]:
        """Return the lines of queue_log and of the call records in files changed since then."""
        first = f"{max(since, 0.0):010.0f}"  # a line begins with ten digits until the year 2286
        queue_log = [line for line in _lines(self._queue_log, since) if line >= first]
        return queue_log, list(_lines(self._call_records, since))

    def recent(self, since: float) -> Sequence[str]:
        """Return the lines of queue_log since then: reads back from its end as far as needed."""
        first = f"{max(since, 0.0):010.0f}"
        size = _BLOCK
        while True:
            lines, whole = _end(self._queue_log, size)
            if whole and (not lines or lines[0] >= first) and self._was_rotated_since(since):
                return self.read(since)[0]
            if whole or (lines and lines[0] < first) or size >= _MOST:
                return [line for line in lines if line >= first]
            size *= 4

    def _was_rotated_since(self, since: float) -> bool:
        name = self._queue_log.name
        others = (found for found in self._queue_log.parent.glob(f"{name}[.-]*"))
        return any(found.stat().st_mtime >= since for found in others)


def _end(file: Path, size: int) -> tuple[Sequence[str], bool]:
    """Return the lines that lie whole in the last ``size`` bytes, and whether these are all."""
    try:
        with file.open("rb") as plain:
            start = max(0, file.stat().st_size - size)
            plain.seek(start)
            if start:
                plain.readline()
            return plain.read().decode(errors="replace").splitlines(keepends=True), start == 0
    except FileNotFoundError:
        return [], True


def _lines(path: Path, since: float) -> Iterator[str]:
    """The lines of the file and of those it was rotated to, oldest file first."""
    files = [
        (found.stat().st_mtime, found)
        for found in path.parent.glob(f"{path.name}*")
        if found == path or found.name[len(path.name)] in ".-"
    ]
    for changed, file in sorted(files):
        if changed >= since:
            yield from _text(file).splitlines(keepends=True)


def _text(file: Path) -> str:
    if file.suffix == ".gz":
        with gzip.open(file) as packed:
            return packed.read().decode(errors="replace")
    with file.open("rb") as plain:
        size = file.stat().st_size
        if size > _MOST:
            plain.seek(size - _MOST)
            plain.readline()
        return plain.read().decode(errors="replace")


def books_of(settings: Settings) -> AsteriskBooks | None:
    """Return the books of our own Asterisk; ``None``, and a line in the log, for a foreign one."""
    if settings.asterisk.mode == "external":
        log.info(
            "calls_while_away_are_not_rebuilt",
            reason="Asterisk is external: its queue_log and call records are not on this machine",
        )
        return None
    dirs = Dirs(settings.state_dir / "asterisk")
    return AsteriskBooks(dirs.queue_log, dirs.call_records)
