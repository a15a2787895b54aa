"""Reading and writing tables: CSV (comma, semicolon or tab) and Parquet."""

import csv
import os
from pathlib import Path
from typing import Final

import polars as pl

from crm_lookup.models.errors import ModelError

_SAMPLE: Final = 65_536
_NOTHING: Final = ["", "NA", "NaN", "null", "NULL"]


def read_table(path: Path) -> pl.DataFrame:
    """Read a table by the ending of its name; dates become dates.

    Raises :class:`ModelError` when there is no such file or it holds no table.
    """
    try:
        if path.suffix.lower() == ".parquet":
            table = pl.read_parquet(path)
        else:
            table = pl.read_csv(
                path,
                separator=delimiter(path),
                infer_schema_length=20_000,
                null_values=_NOTHING,
                try_parse_dates=True,
            )
    except (OSError, UnicodeDecodeError, pl.exceptions.PolarsError) as error:
        raise ModelError(
            f"{path}: {str(error).splitlines()[0]}; give a CSV file (comma, semicolon or tab, "
            "with a line of names) or a .parquet file"
        ) from error
    if not table.width or not table.height:
        raise ModelError(f"{path} holds no rows; nothing can be learned or scored")
    return table


def delimiter(path: Path) -> str:
    """Return what parts the columns: the candidate that the line of names holds most often."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.read(_SAMPLE).partition("\n")[0]
    counts = {mark: len(next(csv.reader([head], delimiter=mark), [])) for mark in ",;\t|"}
    return max(counts, key=lambda mark: counts[mark])


def write_table(table: pl.DataFrame, path: Path, *, separator: str = ",") -> None:
    """Write a table by the ending of its name; the file is there whole, or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.suffix.lower() == ".parquet":
            table.write_parquet(beside)
        else:
            table.write_csv(beside, separator=separator)
        beside.replace(path)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; name another file with --out") from error
    finally:
        beside.unlink(missing_ok=True)
