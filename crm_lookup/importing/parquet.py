"""Parquet as rows, a slice of the file at a time; needs the libraries of ``hotline[analysis]``."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from crm_lookup.importing.delimited import checked_header
from crm_lookup.importing.errors import FileError, MissingLibraryError
from crm_lookup.importing.rows import LONGEST_CELL, Refused, Row
from crm_lookup.importing.sheets import as_text

SLICE: Final = 20_000


class ParquetSource:
    """See :class:`~crm_lookup.importing.rows.Source`; ``place`` counts rows."""

    def __init__(self, path: Path) -> None:
        if find_spec("polars") is None:
            raise MissingLibraryError(
                "Parquet needs more libraries; install: pip install 'hotline[analysis]', or save "
                "the file as CSV"
            )
        import polars

        self.place = 0
        self._path = path
        self._failures = (polars.exceptions.PolarsError, OSError, ValueError)
        try:
            self._table = polars.scan_parquet(path)
            names = self._table.collect_schema().names()
            self.total = int(self._table.select(polars.len()).collect().item())
        except self._failures as error:
            raise FileError(f"{path} cannot be read as Parquet: {error}") from error
        self.header = checked_header(path, names)
        self.said = "Parquet"

    def rows(self) -> Iterator[Row | Refused]:
        for start in range(0, self.total, SLICE):
            try:
                part = self._table.slice(start, SLICE).collect()
            except self._failures as error:
                raise FileError(
                    f"{self._path} is damaged behind row {start:,}: {error}"
                ) from error
            for place, cells in enumerate(part.iter_rows(), start=start + 2):
                texts = [as_text(cell) for cell in cells]
                self.place = place - 1
                if not any(texts):
                    continue
                if max(map(len, texts)) > LONGEST_CELL:
                    reason = f"a cell is longer than {LONGEST_CELL:,} characters"
                    yield Refused(line=place, reason=reason)
                else:
                    yield place, texts
