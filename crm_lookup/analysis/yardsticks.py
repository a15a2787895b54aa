"""What is usual at this bank: made from a sample in a full run, kept for the incremental ones.

Plain data, stored as JSON with the run: fifths for recency, frequency and money, the centres of
the clusters of behaviour, and how common each product is among similar customers.
"""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from crm_lookup.analysis.features import CATEGORIES, CHANNELS, PRODUCTS

CLUSTERS: Final = 6
_SEED: Final = 7
_ENOUGH: Final = 40
"""Customers in a group, below which a wider group is asked."""
_ASSET_BORDERS: Final = (1_000_000, 5_000_000, 20_000_000, 100_000_000)
_AGE_BORDERS: Final = (1, 25, 35, 50, 65)


class Yardsticks(msgspec.Struct, frozen=True, kw_only=True):
    sample: int
    """Customers that it was made from."""
    recency: tuple[float, ...]
    """Borders of the fifths, four, ascending."""
    frequency: tuple[float, ...]
    monetary: tuple[float, ...]
    centres: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]
    """Of each cluster: what its customers do more than others."""
    peers: dict[str, tuple[float, ...]]
    """Group → share that holds each product, in the order of PRODUCTS; "" are all."""
    profit_median: float
    """Fen a year: who is above it is on the valuable side of the first axis."""
    upside_median: float
    """The same for what could come beside it."""


def behaviour(found: pl.DataFrame) -> npt.NDArray[np.float64]:
    """Return for each customer the roots of the shares of payees and channels, and activity.

    Roots of shares make the distance that of Hellinger: rare and common uses weigh alike.
    """
    parts = []
    for prefix, names in (("cat_", CATEGORIES), ("via_", CHANNELS)):
        counts = found.select([f"{prefix}{n}" for n in names]).to_numpy().astype(np.float64)
        # One observation of the usual each, so that three dealings do not make a habit.
        parts.append(np.sqrt((counts + 1 / len(names)) / (counts.sum(axis=1) + 1)[:, None]))
    activity = np.log1p(found["count"].to_numpy().astype(np.float64)) / 6
    return np.column_stack([*parts, activity])


def make_yardsticks(found: pl.DataFrame, profit: pl.Series, upside: pl.Series) -> Yardsticks:
    """Look at the features of a sample, with the profit made and possible beside it."""
    active = found.filter(pl.col("count") > 0)
    centres, names = _clusters(active)
    groups: dict[str, tuple[float, ...]] = {}
    keyed = found.with_columns(pattern=pl.Series(nearest(found, centres, names)))
    for level in range(3):
        shares = (
            keyed.with_columns(group=group_of(keyed, level))
            .group_by("group")
            .agg(pl.len().alias("n"), *(pl.col(f"has_{p}").sum() for p in PRODUCTS))
            .filter(pl.col("n") >= _ENOUGH)
            .sort("group")
        )
        for row in shares.iter_rows():
            groups[row[0]] = tuple(round((held + 1) / (row[1] + 2), 4) for held in row[2:])
    everybody = found.select([pl.col(f"has_{p}").mean() for p in PRODUCTS]).row(0)
    groups[""] = tuple(round(share or 0.0, 4) for share in everybody)
    return Yardsticks(
        sample=found.height,
        recency=_fifths(found["last_days"]),
        frequency=_fifths(found["count"]),
        monetary=_fifths(found["spent"]),
        centres=centres,
        names=names,
        peers=groups,
        profit_median=float(profit.quantile(0.5) or 0.0),
        upside_median=float(upside.quantile(0.5) or 0.0),
    )


def nearest(
    found: pl.DataFrame, centres: tuple[tuple[float, ...], ...], names: tuple[str, ...]
) -> list[str]:
    """Return the cluster of each customer; who dealt with nobody is ``none``."""
    if not centres:
        return ["none"] * found.height
    points, middle = behaviour(found), np.array(centres)
    far = (points**2).sum(axis=1)[:, None] - 2 * points @ middle.T + (middle**2).sum(axis=1)
    chosen = np.array(names)[far.argmin(axis=1)]
    names_found: list[str] = np.where(found["count"].to_numpy() > 0, chosen, "none").tolist()
    return names_found


def group_of(found: pl.DataFrame, level: int) -> pl.Expr:
    """Who is similar: level 0 by pattern, assets and age, 1 by assets and age, 2 by age."""
    age = _band(pl.col("age"), _AGE_BORDERS)
    assets = _band(pl.col("assets"), _ASSET_BORDERS)
    parts = [pl.lit("a") + age, pl.lit("w") + assets, pl.col("pattern")]
    return pl.concat_str(parts[: 3 - level], separator="/")


def _band(value: pl.Expr, borders: tuple[int, ...]) -> pl.Expr:
    return pl.sum_horizontal([(value >= border).cast(pl.Int8) for border in borders]).cast(
        pl.String
    )


def _fifths(series: pl.Series) -> tuple[float, ...]:
    return tuple(float(series.quantile(q) or 0.0) for q in (0.2, 0.4, 0.6, 0.8))


def _clusters(active: pl.DataFrame) -> tuple[tuple[tuple[float, ...], ...], tuple[str, ...]]:
    if active.height < 10 * CLUSTERS:
        return (), ()
    # Workers only compare with centres; they need not wait for these to be loaded.
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    points = behaviour(active)
    with threadpool_limits(1):
        found = KMeans(CLUSTERS, n_init=8, random_state=_SEED).fit(points)
    centres = np.round(found.cluster_centers_, 6)
    middle = points.mean(axis=0)
    labels = [*CATEGORIES, *CHANNELS]
    names: list[str] = []
    for centre in centres:
        if centre[-1] < middle[-1] - 0.15:
            names.append("seldom")
            continue
        ranked = np.argsort(-(centre - middle)[:-1], kind="stable")
        names.append(next(labels[i] for i in ranked if labels[i] not in names))
    return tuple(tuple(c.tolist()) for c in centres), tuple(names)
