"""XLSX as rows.  The whole sheet stands in memory while it is read: the format allows no other
way with the libraries there are, and its 1,048,576 rows bound it.
"""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from crm_lookup.importing.delimited import checked_header
from crm_lookup.importing.errors import FileError
from crm_lookup.importing.rows import LONGEST_CELL, Refused, Row

LARGEST: Final = 2 << 30
"""Bytes that a workbook may unpack to: a small file can be made to fill any memory."""


class SheetSource:
    """See :class:`~crm_lookup.importing.rows.Source`; ``place`` counts rows."""

    def __init__(self, path: Path, *, sheet: str = "", header_row: int = 1) -> None:
        self._path = path
        self._check_size()
        self.place = 0
        # Imported here: a command that reads no workbook need not load it.
        import python_calamine

        try:
            book = python_calamine.CalamineWorkbook.from_path(str(path))
            names = book.sheet_names
            chosen = sheet or (names[0] if names else "")
            if chosen not in names:
                raise FileError(f"{path} has no sheet {sheet!r}; there are {', '.join(names)}")
            self._sheet = book.get_sheet_by_name(chosen)
        except (python_calamine.CalamineError, OSError) as error:
            raise FileError(f"{path} cannot be read as a workbook: {error}") from error
        end = self._sheet.end
        if end is None:
            raise FileError(f"{path}: sheet {chosen!r} is empty")
        self._skip = header_row
        self._rows: Iterator[list[Any]] = iter(self._sheet.iter_rows())  # from the first row on
        self.total = end[0] + 1
        self._line = 0
        self.header = self._read_header(header_row)
        self.said = f"workbook, sheet {chosen!r}"

    def rows(self) -> Iterator[Row | Refused]:
        for number, cells in self._read():
            texts = [as_text(cell) for cell in cells]
            if not any(texts):
                continue
            if max(map(len, texts)) > LONGEST_CELL:
                yield Refused(
                    line=number, reason=f"a cell is longer than {LONGEST_CELL:,} characters"
                )
                continue
            yield number, texts[: len(self.header)]

    def _read(self) -> Iterator[tuple[int, list[Any]]]:
        for cells in self._rows:
            self._line += 1
            self.place = self._line
            if self._line > self._skip:
                yield self._line, cells

    def _read_header(self, row: int) -> list[str]:
        width = self._sheet.width
        if row == 0:
            return [str(place) for place in range(1, width + 1)]
        for cells in self._rows:
            self._line += 1
            if self._line == row:
                return checked_header(self._path, [as_text(cell) for cell in cells])
        raise FileError(f"{self._path} has no row {row}, where the header should stand")

    def _check_size(self) -> None:
        try:
            with zipfile.ZipFile(self._path) as packed:
                size = sum(entry.file_size for entry in packed.infolist())
        except (OSError, zipfile.BadZipFile) as error:
            raise FileError(f"{self._path} is no XLSX workbook: {error}") from error
        if size > LARGEST:
            raise FileError(
                f"{self._path} unpacks to {size / 2**30:.1f} GiB; save it as CSV instead"
            )


def as_text(cell: Any) -> str:
    """Return what a cell would be in a CSV file: whole numbers without a point, ISO dates."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, datetime):
        midnight = (cell.hour, cell.minute, cell.second) == (0, 0, 0)
        return cell.date().isoformat() if midnight else cell.isoformat(" ", "seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
