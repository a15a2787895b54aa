"""What the rows of a year show of each customer.  Pure; money in fen, times in days or years."""

from typing import Any, Final

import polars as pl

from crm_lookup.analysis.read import Rows

CATEGORIES: Final = (
    *("groceries", "dining", "transport", "fashion", "travel"),
    *("education", "health", "utilities", "wealth", "business"),
)
CHANNELS: Final = ("app", "web", "pos", "atm", "branch", "phone", "auto")
CONTACTS: Final = ("phone", "branch", "app", "web", "message", "email", "chat", "atm")
PRODUCTS: Final = (
    *("term_deposit", "wealth", "fund", "insurance", "mortgage", "credit_card"),
    *("mobile_banking", "payroll"),
)
RHYTHMS: Final = ("salary", "rent", "instalment")
_DAY: Final = 86_400.0


def features(rows: Rows, as_of: float) -> pl.DataFrame:
    """Return one row for each customer who has not left, by id; nothing is null."""
    year = 1970 + as_of / (365.2425 * _DAY)
    found = rows.customers.sort("customer_id").with_columns(
        age=pl.when(pl.col("birth_year") > 0).then(int(year) - pl.col("birth_year")).otherwise(0),
        tenure_years=((as_of - pl.col("since")) / (365.25 * _DAY)).clip(0),
    )
    for part in (
        _accounts(rows.accounts),
        _holdings(rows.holdings),
        _counted(rows.flags, "flag", ("complaint", "fraud", "collections"), "is_"),
        _counted(rows.contacts, "channel", CONTACTS, "contact_"),
        rows.failures.group_by("customer_id").agg(failures=pl.len()),
        rows.cases.group_by("customer_id").agg(
            complaints=(pl.col("kind") == "complaint").sum(),
            open_complaints=((pl.col("kind") == "complaint") & (pl.col("open") == 1)).sum(),
            disputes=pl.col("kind").is_in(["dispute", "fraud"]).sum(),
        ),
        _dealings(rows.dealings, as_of),
    ):
        found = found.join(part, on="customer_id", how="left")
    found = found.with_columns(pl.col("last_days").fill_null(366.0))
    # Counts are unsigned in Polars, and 3 - 12 would be a large number.
    found = found.with_columns(
        pl.selectors.unsigned_integer().cast(pl.Int64),
    ).with_columns(pl.selectors.numeric().fill_null(0))
    return found.with_columns(
        liquid=pl.col("current") + pl.col("saved"),
        assets=pl.col("current") + pl.col("saved") + pl.col("invested"),
        contacts=pl.sum_horizontal([f"contact_{name}" for name in CONTACTS]),
    )


def _accounts(accounts: pl.DataFrame) -> pl.DataFrame:
    def of(kind: str) -> pl.Expr:
        return pl.col("balance").filter(pl.col("kind") == kind).sum()

    return accounts.group_by("customer_id").agg(
        current=of("current"),
        saved=of("savings"),
        card_debt=(-of("credit_card")).clip(0),
        loan_debt=(-of("loan")).clip(0),
        credit_limit=pl.col("credit_limit").sum(),
    )


def _holdings(holdings: pl.DataFrame) -> pl.DataFrame:
    return holdings.group_by("customer_id").agg(
        products=pl.len(),
        invested=pl.col("balance").clip(0).sum(),
        **{f"has_{name}": (pl.col("product") == name).any().cast(pl.Int8) for name in PRODUCTS},
    )


def _counted(rows: pl.DataFrame, column: str, names: tuple[str, ...], prefix: str) -> pl.DataFrame:
    return rows.group_by("customer_id").agg(
        **{f"{prefix}{name}": (pl.col(column) == name).sum() for name in names}
    )


def _dealings(dealings: pl.DataFrame, as_of: float) -> pl.DataFrame:
    days: Any = (as_of - pl.col("at")) / _DAY
    prepared = dealings.lazy().with_columns(
        days=days, month=(days / 30.42).floor().cast(pl.Int8), out=(-pl.col("amount")).clip(0)
    )
    recent, before = pl.col("days") < 60, pl.col("days").is_between(60, 180)
    return (
        prepared.group_by("customer_id")
        .agg(
            count=pl.len(),
            recent=recent.sum(),
            before=before.sum(),
            last_days=pl.col("days").min(),
            months=pl.col("month").n_unique(),
            spent=pl.col("out").sum(),
            **{f"cat_{name}": (pl.col("category") == name).sum() for name in CATEGORIES},
            **{f"via_{name}": (pl.col("channel") == name).sum() for name in CHANNELS},
            **{
                f"{name}_months": pl.col("month")
                .filter((pl.col("kind") == name) & (pl.col("days") < 182.5))
                .n_unique()
                for name in RHYTHMS
            },
        )
        .collect()
    )
