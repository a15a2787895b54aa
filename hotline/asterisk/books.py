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
