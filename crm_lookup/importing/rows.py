"""What every kind of file is read as: a header, and rows or the reasons why there is none."""

from collections.abc import Iterator
from typing import Final, Protocol, TypeAlias

import msgspec

LONGEST_CELL: Final = 100_000
"""Characters; nothing that is imported comes near."""
MOST_COLUMNS: Final = 1_000


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A row, or a piece of one, that will not be imported."""

    line: int
    """1 is the first line of the file; in sheets and Parquet the row, the header counted."""
    column: str = ""
    """Its name in the header; empty when the row as a whole is at fault."""
    shown: str = ""
    """The value, shortened, and masked where it is personal."""
    reason: str
    left_out: bool = False
    """Only this value was left out, the rest of the row is imported."""


Row: TypeAlias = tuple[int, list[str]]
"""Line number and cells, as many as the header has."""


class Source(Protocol):
    """An opened file."""

    header: list[str]
    """Names of the columns, stripped; ``1``, ``2``, … for a file without a header."""
    total: int
    """What ``place`` counts to."""
    place: int
    """How far reading has come, in units of its own (bytes, rows)."""
    said: str
    """How the file is read, in words: encoding and delimiter, sheet."""

    def rows(self) -> Iterator[Row | Refused]:
        """Yield each row that is not blank, in the order of the file; once."""
