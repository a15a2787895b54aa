"""CSV and its kin as rows: the delimiter, quoted line ends, rows that do not fit the header."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from crm_lookup.importing.errors import FileError
from crm_lookup.importing.lines import Encoding, Line, detect, lines
from crm_lookup.importing.rows import LONGEST_CELL, MOST_COLUMNS, Refused, Row

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_MOST_LINES: Final = 100
"""Of one quoted cell; an address has three."""


class DelimitedSource:
    """See :class:`~crm_lookup.importing.rows.Source`; ``place`` counts bytes.

    Raises :class:`FileError` when the file holds nothing, or no usable header.
    """

    def __init__(
        self, path: Path, *, encoding: str = "auto", delimiter: str = "", header_row: int = 1
    ) -> None:
        self.total = path.stat().st_size
        if not self.total:
            raise FileError(f"{path} is empty")
        self.place = 0
        self._path = path
        self._encoding: Encoding = detect(path, encoding)
        self._skip = header_row
        first = self._first(max(1, header_row))
        self._delimiter = delimiter or _sniffed(first)
        if len(self._delimiter) != 1 or self._delimiter in '"\r\n':
            raise FileError(f"delimiter {delimiter!r} must be one character, such as , ; | or tab")
        self.header = self._read_header(first)
        name = DELIMITERS.get(self._delimiter, repr(self._delimiter))
        self.said = f"{self._encoding.name}, delimiter {name}"

    def rows(self) -> Iterator[Row | Refused]:
        width = len(self.header)
        for number, found in self._records():
            if isinstance(found, Refused):
                yield found
            elif len(found) == width:
                if any(found):
                    yield number, found
            elif any(cell.strip() for cell in found):
                yield Refused(
                    line=number,
                    reason=f"the row has {len(found):,} cells, the header {width:,}; put cells "
                    "that hold the delimiter in quotation marks",
                )

    def _records(self) -> Iterator[tuple[int, list[str] | Refused]]:
        """Yield what stands behind the header: cells, or why there are none."""
        waiting: list[Refused | int] = []

        def fed() -> Iterator[str]:
            for number, found in self._logical():
                if isinstance(found, Refused):
                    waiting.append(found)
                    yield ""  # a row without cells, so that rows and numbers stay together
                else:
                    waiting.append(number)
                    yield found

        reader = csv.reader(fed(), delimiter=self._delimiter, strict=True)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                last = waiting[0]
                waiting.clear()
                line = last if isinstance(last, int) else last.line
                yield line, Refused(line=line, reason=in_words(error))
                continue
            last = waiting[0]
            waiting.clear()
            if isinstance(last, Refused):
                yield last.line, last
            elif cells and max(map(len, cells)) > LONGEST_CELL:
                yield last, Refused(line=last, reason=_TOO_LONG)
            else:
                yield last, cells

    def _logical(self) -> Iterator[tuple[int, str | Refused]]:
        """Join lines whose quoted cell goes on; a mark that nothing closes costs one line."""
        again: list[Line] = []
        source = lines(self._path, self._encoding)
        while True:
            line = again.pop() if again else next(source, None)
            if line is None:
                return
            self.place = line.offset
            if line.number <= self._skip:
                continue
            if line.text is None:
                yield line.number, Refused(line=line.number, reason=line.fault)
                continue
            if '"' not in line.text or not _stays_open(line.text, self._delimiter):
                yield line.number, line.text
                continue
            text, taken = line.text, [line]
            while len(taken) < _MOST_LINES and len(text) <= LONGEST_CELL:
                more = again.pop() if again else next(source, None)
                if more is None:
                    break
                taken.append(more)
                if more.text is None:
                    break
                text += more.text
                if not _stays_open(text, self._delimiter):
                    if self._fits(text):
                        yield line.number, text
                        taken = []
                    break
            if taken:
                again.extend(reversed(taken[1:]))
                yield line.number, Refused(line=line.number, reason=_NEVER_CLOSED)

    def _fits(self, text: str) -> bool:
        """Whether a row over several lines is sound; if not, each line is looked at by itself."""
        try:
            [cells] = csv.reader([text], delimiter=self._delimiter, strict=True)
        except (csv.Error, ValueError):
            return False
        return len(cells) == len(self.header)

    def _first(self, number: int) -> str:
        for line in lines(self._path, self._encoding):
            if line.number == number:
                if line.text is None:
                    raise FileError(f"{self._path}, line {number}, the header: {line.fault}")
                return line.text.rstrip("\r\n")
        raise FileError(f"{self._path} has no line {number}, where the header should stand")

    def _read_header(self, first: str) -> list[str]:
        if _stays_open(first, self._delimiter):
            raise FileError(f"{self._path}: a quotation mark of the header is never closed")
        try:
            [names] = csv.reader([first], delimiter=self._delimiter, strict=True)
        except (csv.Error, ValueError) as error:
            raise FileError(f"{self._path}: the header cannot be read: {error}") from error
        if not self._skip:
            return [str(place) for place in range(1, len(names) + 1)]
        return checked_header(self._path, names)


def checked_header(path: Path, names: list[str]) -> list[str]:
    """Return the names without blanks around; raises :class:`FileError` if there are none."""
    header = [name.strip().lstrip("\ufeff") for name in names]
    if not any(header):
        raise FileError(f"{path}: the header is blank; name its line with header_row")
    if len(header) > MOST_COLUMNS:
        raise FileError(f"{path} has {len(header):,} columns; {MOST_COLUMNS:,} are accepted")
    return header


_NEVER_CLOSED: Final = (
    'a quotation mark opens a cell that nothing closes; write a mark inside a cell as two: ""'
)
_TOO_LONG: Final = f"a cell is longer than {LONGEST_CELL:,} characters"


def in_words(error: csv.Error) -> str:
    said = str(error)
    if "field larger" in said:
        return _TOO_LONG
    if "expected after" in said:
        return "something stands behind a closing quotation mark, before the delimiter"
    if "new-line" in said:
        return "a line end stands inside a cell without quotation marks"
    return f"the row cannot be read: {said}"


def _sniffed(first: str) -> str:
    """The delimiter that the header holds most, outside quotation marks."""
    plain = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=plain.count)


def _stays_open(text: str, delimiter: str) -> bool:
    """Whether ``text`` ends inside a quoted cell, as :mod:`csv` reads it."""
    place, end = 0, len(text)
    while place < end:
        if text[place] == '"':
            place += 1
            while True:
                place = text.find('"', place)
                if place < 0:
                    return True
                if text.startswith('""', place):
                    place += 2
                    continue
                break
        place = text.find(delimiter, place)
        if place < 0:
            return False
        place += 1
    return False
