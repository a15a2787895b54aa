"""From the rows of a table to a matrix of numbers, each row from itself alone.

What was learned of the columns (their kinds, the levels of categories, how common a value is) is
plain data in :class:`Encoding`, so that an artefact can hold it as JSON.  A category that was not
there in training, and a missing value, are NaN.
"""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from crm_lookup.models.errors import ModelError

Matrix: TypeAlias = npt.NDArray[np.float64]

_LEVELS: Final = 100
_COMMON: Final = (20, 8)
"""How common a value is counts for columns with at least so many values, which come so often."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: Literal["number", "category"]
    levels: tuple[str, ...] = ()
    """Of a category, the most frequent first."""
    values: tuple[float, ...] = ()
    """Of a number whose values repeat, ascending …"""
    counts: tuple[int, ...] = ()
    """… and how often each came in training."""


class Encoding(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of the matrix: numbers, how common those are that repeat, categories."""

    columns: tuple[Column, ...]
    skipped: dict[str, str]
    """Columns that are not used, and why."""

    @property
    def numbers(self) -> int:
        """How many columns of the matrix are no categories; these stand first."""
        found = [column for column in self.columns if column.kind == "number"]
        return len(found) + sum(1 for column in found if column.values)

    @property
    def width(self) -> int:
        return self.numbers + sum(1 for column in self.columns if column.kind == "category")

    def matrix(self, table: pl.DataFrame) -> Matrix:
        """Return one row of numbers for each row of ``table``.

        Raises :class:`ModelError` when a column is missing.
        """
        missing = [column.name for column in self.columns if column.name not in table.columns]
        if missing:
            raise ModelError(
                f"the table has no column {', '.join(missing)}, which the model needs; it has "
                f"{', '.join(table.columns)}"
            )
        numbers, densities, categories = [], [], []
        for column in self.columns:
            if column.kind == "category":
                categories.append(_codes(table[column.name], column.levels))
                continue
            values = _numbers(table[column.name])
            numbers.append(values)
            if column.values:
                densities.append(_density(values, column))
        return np.column_stack([*numbers, *densities, *categories])


def learn_encoding(table: pl.DataFrame, exclude: Sequence[str]) -> Encoding:
    """Look at the columns of the training rows; ``exclude`` and useless ones are skipped."""
    columns, skipped = [], {}
    for name in table.columns:
        series = table[name]
        distinct = series.n_unique()
        if name in exclude:
            skipped[name] = "excluded"
        elif distinct < 2:
            skipped[name] = "has one value only"
        elif series.dtype.is_numeric() or series.dtype.is_temporal():
            columns.append(_number_column(name, series))
        elif series.dtype == pl.Boolean or distinct <= max(50, table.height // 20):
            ranked = (
                series.cast(pl.String)
                .drop_nulls()
                .value_counts()
                .sort(["count", name], descending=[True, False])
            )
            columns.append(
                Column(name=name, kind="category", levels=tuple(ranked[name].head(_LEVELS)))
            )
        else:
            skipped[name] = "text or an id: hardly a value comes twice"
    if not columns:
        raise ModelError("no column is left to learn from; exclude fewer, or give more columns")
    return Encoding(columns=tuple(columns), skipped=skipped)


def _number_column(name: str, series: pl.Series) -> Column:
    values = _numbers(series)
    distinct, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    least, often = _COMMON
    if len(distinct) < least or len(values) < often * len(distinct):
        return Column(name=name, kind="number")
    return Column(
        name=name,
        kind="number",
        values=tuple(distinct.tolist()),
        counts=tuple(counts.tolist()),
    )


def _numbers(series: pl.Series) -> Matrix:
    if series.dtype.is_temporal():
        series = series.dt.epoch("d") if series.dtype == pl.Date else series.to_physical()
    found: Matrix = series.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    return found


def _codes(series: pl.Series, levels: tuple[str, ...]) -> Matrix:
    places = {level: float(place) for place, level in enumerate(levels)}
    texts = series.cast(pl.String).to_list()
    return np.array([places.get(text, np.nan) for text in texts], dtype=np.float64)


def _density(values: Matrix, column: Column) -> Matrix:
    known = np.array(column.values)
    counts = np.array(column.counts, dtype=np.float64)
    place = np.clip(np.searchsorted(known, values), 0, len(known) - 1)
    density: Matrix = np.log1p(np.where(known[place] == values, counts[place], 0.0))
    return density
