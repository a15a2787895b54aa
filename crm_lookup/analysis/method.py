"""The scores: open sums of named parts, so that each can say why.  Pure.

docs/analysis.md explains every figure that stands here.  A part is worth points; the three parts
that weigh most are the reasons, written as ``code:figure``.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from crm_lookup.analysis.features import CONTACTS, PRODUCTS, RHYTHMS
from crm_lookup.analysis.yardsticks import Yardsticks, group_of, nearest

YIELD: Final = {"liquid": 0.012, "invested": 0.008, "card_debt": 0.06, "loan_debt": 0.015,
                "spent": 0.003}  # fmt: skip
"""What a year of a fen on accounts, invested, owed or spent earns the bank."""
CONTACT_COST: Final = {"phone": 1_500, "branch": 3_000, "app": 20, "web": 20, "message": 50,
                       "email": 300, "chat": 600, "atm": 100}  # fmt: skip
DEALING_COST: Final = {"branch": 1_200, "phone": 800, "atm": 90, "pos": 15, "app": 10, "web": 10,
                       "auto": 5}  # fmt: skip
"""Fen for one contact, one dealing."""
PRODUCT_VALUE: Final = {"term_deposit": 40_000, "wealth": 90_000, "fund": 60_000,
                        "insurance": 80_000, "mortgage": 300_000, "credit_card": 50_000,
                        "mobile_banking": 8_000, "payroll": 30_000}  # fmt: skip
"""Fen a year that a product brings with a customer of middling means."""

Parts = Mapping[str, tuple[pl.Expr, pl.Expr]]
"""Code → what it is worth, the figure that people read."""


def money(found: pl.DataFrame) -> pl.DataFrame:
    """Add what a customer costs and earns in a year (fen)."""
    cost = pl.sum_horizontal(
        *(pl.col(f"contact_{name}") * fen for name, fen in CONTACT_COST.items()),
        *(pl.col(f"via_{name}") * fen for name, fen in DEALING_COST.items()),
    )
    earned = pl.sum_horizontal(
        *(pl.col(name).clip(0).cast(pl.Float64) * rate for name, rate in YIELD.items())
    )
    found = found.with_columns(cost_to_serve=cost.cast(pl.Int64), earned=earned)
    return found.with_columns(profit=(pl.col("earned") - pl.col("cost_to_serve")).round())


def with_propensity(found: pl.DataFrame, yardsticks: Yardsticks) -> pl.DataFrame:
    """Add pattern and ``p_PRODUCT``, the share of similar customers who hold it; 0 if held."""
    found = found.with_columns(
        pattern=pl.Series(nearest(found, yardsticks.centres, yardsticks.names), dtype=pl.String)
    )
    known = pl.DataFrame(
        {"group": list(yardsticks.peers)}
        | {
            f"p_{product}": [shares[i] for shares in yardsticks.peers.values()]
            for i, product in enumerate(PRODUCTS)
        }
    )
    # Prospects have no history: people of their age are all that is known.
    level = pl.when(pl.col("status") == "prospect").then(2).otherwise(0)
    groups = [group_of(found, n) for n in range(3)]
    names = list(yardsticks.peers)
    chosen = pl.coalesce(
        *(
            pl.when((level <= n) & group.is_in(names)).then(group)
            for n, group in enumerate(groups)
        ),
        pl.lit(""),
    )
    found = found.with_columns(group=chosen).join(known, on="group", how="left")
    return found.sort("customer_id").with_columns(
        pl.when(pl.col(f"has_{p}") > 0).then(0.0).otherwise(pl.col(f"p_{p}")).alias(f"p_{p}")
        for p in PRODUCTS
    )


def with_upside(found: pl.DataFrame) -> pl.DataFrame:
    """Add ``upside``: what products not held yet would bring, by their propensity and means."""
    means = (pl.col("assets").clip(0) / 10_000_000).sqrt().clip(0.3, 4.0)
    expected = pl.sum_horizontal(
        *(pl.col(f"p_{name}") * fen for name, fen in PRODUCT_VALUE.items())
    )
    return found.with_columns(upside=(expected * means).round())


def scores(found: pl.DataFrame, yardsticks: Yardsticks) -> pl.DataFrame:
    """Return the rows of ``customer_scores`` but for ``as_of``, sorted by customer."""
    found = with_upside(with_propensity(money(found), yardsticks))
    drop = (1 - pl.col("recent") / (pl.col("before") / 2).clip(1)).clip(0, 1) * (
        pl.col("before") >= 4
    )
    found = found.with_columns(
        drop=drop, use=(pl.col("card_debt") / pl.col("credit_limit").clip(1)).clip(0, 1)
    ).with_columns(paid=(pl.col("salary_months") >= 4).cast(pl.Int8))
    c = pl.col
    loyalty: Parts = {
        "tenure": (25 * (c("tenure_years") / 10).clip(0, 1), c("tenure_years")),
        "months": (25 * c("months").clip(0, 12) / 12, c("months").clip(0, 12)),
        "frequency": (25 * (c("count") / 240).clip(0, 1), c("count") / 12),
        "products": (25 * (c("products") / 6).clip(0, 1), c("products")),
    }
    credit: Parts = {
        "collections": (60 * c("is_collections").clip(0, 1), c("is_collections")),
        "failures": (8 * c("failures").clip(0, 4), c("failures")),
        "use": (25 * c("use"), c("use") * 100),
        "overdrawn": (20 * (c("current") < 0).cast(pl.Int8), -c("current") / 100),
        "no_salary": (
            6 * ((c("paid") == 0) & (c("card_debt") + c("loan_debt") > 0)).cast(pl.Int8),
            (c("card_debt") + c("loan_debt")) / 100,
        ),
    }
    conduct: Parts = {
        "fraud": (60 * c("is_fraud").clip(0, 1), c("is_fraud")),
        "disputes": (15 * c("disputes").clip(0, 3), c("disputes")),
        "complaints": (6 * c("complaints").clip(0, 4), c("complaints")),
        "contacts": (2 * (c("contacts") - 12).clip(0, 10), c("contacts")),
    }
    leaving: Parts = {
        "drop": (4.5 * c("drop"), c("drop") * 100),
        "silent": (2.5 * ((c("last_days") - 30) / 60).clip(0, 1), c("last_days")),
        "complaint": (1.0 * (c("open_complaints") > 0).cast(pl.Int8), c("open_complaints")),
        "new": (0.6 * (c("tenure_years") < 1).cast(pl.Int8), c("tenure_years")),
        "few_products": (0.6 * (c("products") < 2).cast(pl.Int8), c("products")),
    }
    earning: Parts = {
        **{name: (c(name).clip(0) * rate, c(name) / 100) for name, rate in YIELD.items()},
        "cost": (c("cost_to_serve").cast(pl.Float64), c("cost_to_serve") / 100),
    }
    hoped: Parts = {
        name: (c(f"p_{name}") * fen, c(f"p_{name}") * 100) for name, fen in PRODUCT_VALUE.items()
    }
    costing: Parts = {
        "phone": (c("contact_phone") * 1_500 + c("via_phone") * 800, c("contact_phone")),
        "branch": (
            c("contact_branch") * 3_000 + c("via_branch") * 1_200,
            c("contact_branch") + c("via_branch"),
        ),
        "other": (c("cost_to_serve").cast(pl.Float64) * 0.1, c("count")),
    }
    why = {
        "loyalty": loyalty, "credit_risk": credit, "conduct_risk": conduct, "attrition": leaving,
        "profit": earning, "potential": hoped, "cost_to_serve": costing,
    }  # fmt: skip
    odds = _sum(leaving) - 3.4
    above = c("profit") >= yardsticks.profit_median
    hopeful = c("upside") >= yardsticks.upside_median
    return found.select(
        "customer_id",
        profit=c("profit").cast(pl.Int64),
        potential=(c("profit") + c("upside")).cast(pl.Int64),
        cost_to_serve=c("cost_to_serve"),
        loyalty=_points(loyalty),
        credit_risk=_points(credit),
        conduct_risk=_points(conduct),
        attrition=(1 / (1 + (-odds).exp())).round(4),
        recency_days=c("last_days").floor().cast(pl.Int64),
        frequency=(c("count") / 12).round(2),
        monetary=(c("spent") / 12).cast(pl.Int64),
        rfm=pl.concat_str(
            _fifth(c("last_days"), yardsticks.recency, worse=True),
            _fifth(c("count"), yardsticks.frequency),
            _fifth(c("spent"), yardsticks.monetary),
        ),
        tenure_years=c("tenure_years").round(2),
        assets=c("assets"),
        products=c("products").cast(pl.Int64),
        contact_preference=_most(found),
        pattern="pattern",
        rhythm=pl.concat_str(
            [
                pl.when(c(f"{name}_months") >= 4).then(pl.lit(f"{name} ")).otherwise(pl.lit(""))
                for name in RHYTHMS
            ]
        ).str.strip_chars(),
        value_class=pl.when(above & hopeful)
        .then(pl.lit("star"))
        .when(above)
        .then(pl.lit("keep"))
        .when(hopeful)
        .then(pl.lit("grow"))
        .otherwise(pl.lit("lean")),
        propensity=pl.concat_str(
            [pl.format("{}:{}", pl.lit(p), (c(f"p_{p}") * 100).round(1)) for p in PRODUCTS],
            separator=",",
        ),
        why=pl.Series(_why(found, why)),
    )


def _sum(parts: Parts) -> pl.Expr:
    return pl.sum_horizontal([worth for worth, _ in parts.values()])


def _points(parts: Parts) -> pl.Expr:
    return _sum(parts).clip(0, 100).round().cast(pl.Int64)


def _fifth(value: pl.Expr, borders: tuple[float, ...], *, worse: bool = False) -> pl.Expr:
    above = pl.sum_horizontal([(value > border).cast(pl.Int8) for border in borders])
    return (5 - above if worse else 1 + above).cast(pl.String)


def _most(found: pl.DataFrame) -> pl.Series:
    """The channel of most contacts; ties go to the first of CONTACTS, none at all to ``any``."""
    counts = found.select([f"contact_{name}" for name in CONTACTS]).to_numpy()
    chosen = np.array([*CONTACTS, "any"])[
        np.where(counts.max(axis=1) > 0, counts.argmax(axis=1), len(CONTACTS))
    ]
    return pl.Series(chosen, dtype=pl.String)


def _why(found: pl.DataFrame, scored: Mapping[str, Parts]) -> list[str]:
    """Return ``score=code:figure,…|…``: of each score at most three parts, the heaviest first."""
    texts = pl.DataFrame({"row": np.zeros(found.height, dtype=np.int8)})
    for score, parts in scored.items():
        worth = found.select(
            [w.cast(pl.Float64).alias(code) for code, (w, _) in parts.items()]
        ).to_numpy()
        told = found.select(
            [
                pl.format("{}:{}", pl.lit(code), f.cast(pl.Float64).round(1)).alias(code)
                for code, (_, f) in parts.items()
            ]
        )
        words = np.column_stack([told[code].to_numpy() for code in parts])
        order = np.argsort(-worth, axis=1, kind="stable")[:, :3]
        heavy = np.take_along_axis(worth, order, axis=1) > (0.05 if score == "attrition" else 0.5)
        picked = np.take_along_axis(words, order, axis=1)
        picked[~heavy] = None
        columns = pl.DataFrame(
            {f"r{n}": pl.Series(picked[:, n].tolist(), dtype=pl.String) for n in range(3)}
        )
        texts = texts.with_columns(
            columns.select(
                pl.concat_str(
                    [pl.lit(f"{score}="), pl.concat_str(["r0", "r1", "r2"], separator=",",
                     ignore_nulls=True)]
                )
            ).to_series().alias(score)
        )  # fmt: skip
    return texts.select(pl.concat_str(list(scored), separator="|")).to_series().to_list()
