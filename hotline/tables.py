"""Tables as files for spreadsheets: CSV and XLSX.

A file appears under its name only when it is complete.  Texts that a spreadsheet would take for a
formula are kept from being one.
"""

import csv
import os
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def write_csv(file: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write UTF-8 with a byte-order mark, by which Excel knows Chinese.  Raises ``OSError``."""
    with (
        _complete(file) as part,
        part.open("w", encoding="utf-8-sig", newline="") as target,
    ):
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_plain(value) for value in row] for row in rows)


def write_xlsx(
    file: Path,
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    shares: Collection[str] = (),
) -> None:
    """Write a workbook; columns in ``shares`` are shown as percentages.  Raises ``OSError``."""
    from xlsxwriter import Workbook

    with _complete(file) as part:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
        book = Workbook(part, options)
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        percent = book.add_format({"num_format": "0.0%"})
        seconds = book.add_format({"num_format": "0.0"})
        sheet.freeze_panes(1, 2)
        sheet.autofilter(0, 0, max(1, len(rows)), len(header) - 1)
        sheet.set_column(0, len(header) - 1, 16)
        sheet.write_row(0, 0, header, bold)
        for y, row in enumerate(rows, start=1):
            for x, (name, value) in enumerate(zip(header, row, strict=True)):
                match value:
                    case None:
                        continue
                    case datetime():
                        sheet.write_datetime(y, x, value.replace(tzinfo=None), moment)
                    case float():
                        sheet.write_number(y, x, value, percent if name in shares else seconds)
                    case int():
                        sheet.write_number(y, x, value)
                    case _:
                        sheet.write_string(y, x, str(value))
        book.close()


@contextmanager
def _complete(file: Path) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=file.suffix, dir=file.parent)
    os.close(descriptor)
    part = Path(name)
    try:
        yield part
        os.chmod(part, 0o640)
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


def _plain(value: object) -> object:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case float():
            return f"{value:.3f}"
        case str() if value.startswith(_FORMULA):
            return f"'{value}"
        case _:
            return value
