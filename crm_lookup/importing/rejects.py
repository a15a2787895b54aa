"""The reject file: what was not imported, where it stands and why, for people and spreadsheets.

It holds no personal value in full, and no cell of it is a formula to any spreadsheet.
"""

import csv
import os
from pathlib import Path
from typing import IO, Any, Final

from crm_lookup.importing.errors import ImportingError
from crm_lookup.importing.rows import Refused

HEADER: Final = ("line", "column", "value", "reason", "outcome")
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Rejects:
    """Writes the file when there is something to write; ``count`` is what it holds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self.nameless = 0
        """Rows of which nobody knows whose they are."""
        self._file: IO[str] | None = None
        self._writer: Any = None
        if path.exists() and not _ours(path):
            raise ImportingError(
                f"{path} exists and is no reject file: name another one with --rejects"
            )
        path.unlink(missing_ok=True)

    def add(self, refused: Refused) -> None:
        if self._file is None:
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                # The mark at the beginning lets spreadsheets read Chinese right.
                self._file = os.fdopen(
                    os.open(self.path, flags, 0o600), "w", encoding="utf-8-sig", newline=""
                )
            except OSError as error:
                raise ImportingError(
                    f"{self.path} cannot be written ({error.strerror}): name another place "
                    "with --rejects"
                ) from error
            self._writer = csv.writer(self._file, quoting=csv.QUOTE_ALL)
            self._writer.writerow(HEADER)
            self._file.flush()  # from now on the next run knows it for ours
        self._writer.writerow(
            (
                refused.line,
                harmless(refused.column),
                harmless(refused.shown),
                harmless(refused.reason),
                "value left out" if refused.left_out else "row rejected",
            )
        )
        self.count += 1

    @property
    def written(self) -> str:
        """Path of the file; empty if there was nothing to write."""
        return str(self.path) if self.count else ""

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def harmless(cell: str) -> str:
    """Return the cell so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_DANGEROUS) else cell


def _ours(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), list(HEADER)) == list(HEADER)
    except (OSError, UnicodeDecodeError, csv.Error):
        return False
