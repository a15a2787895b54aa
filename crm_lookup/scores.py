"""A customer's scores as the analysis left them, with their reasons in words.

Pure and light: what a call passes through reads scores here, without the libraries that made
them.  :mod:`crm_lookup.analysis.method` writes ``code:figure``; the words for every code stand
here.
"""

from typing import Any, Final

import msgspec

from crm_lookup.catalogue import product_name
from crm_lookup.model import ScoreLine, Text

COLUMNS: Final = (
    *("as_of", "profit", "potential", "cost_to_serve", "loyalty", "credit_risk"),
    *("conduct_risk", "attrition", "recency_days", "frequency", "monetary", "rfm"),
    *("tenure_years", "assets", "products", "contact_preference", "pattern", "rhythm"),
    *("value_class", "propensity", "why"),
)
"""Of the table ``customer_scores``, in the order that :func:`scores_of` takes them."""


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """What the analysis found of one customer; money in fen a year, shares 0 to 1."""

    as_of: float
    profit: int
    potential: int
    cost_to_serve: int
    loyalty: int
    credit_risk: int
    conduct_risk: int
    attrition: float
    recency_days: int
    frequency: float
    monetary: int
    rfm: str
    tenure_years: float
    assets: int
    products: int
    contact_preference: str
    pattern: str
    rhythm: tuple[str, ...]
    value_class: str
    propensity: dict[str, float]
    """Product that is not held yet → share of similar customers who hold it."""
    reasons: dict[str, tuple[Text, ...]]
    """Score → what weighs most in it, at most three."""


def scores_of(row: tuple[Any, ...]) -> Scores:
    """Return the scores in a row of COLUMNS."""
    values = dict(zip(COLUMNS, row, strict=True))
    shares = propensities(values.pop("propensity"))
    values["rhythm"] = tuple(values["rhythm"].split())
    values["reasons"] = told(values.pop("why"))
    return Scores(
        **values,
        propensity=shares,
    )


def propensities(text: str) -> dict[str, float]:
    """Read ``product:percent,…``: shares 0 to 1 of those products that are not held."""
    parts = (part.partition(":") for part in text.split(",") if part)
    return {name: float(share) / 100 for name, _, share in parts if float(share)}


def score_lines(scores: Scores | None) -> tuple[ScoreLine, ...]:
    """Return what of the scores an agent sees, with the reasons."""
    if scores is None:
        return ()
    yuan = {name: getattr(scores, name) / 100 for name in ("profit", "potential")}
    shown = {
        **{name: Text(f"每年 {v:,.0f} 元", f"CNY {v:,.0f} a year") for name, v in yuan.items()},
        "loyalty": Text(f"{scores.loyalty} 分", f"{scores.loyalty} of 100"),
        "attrition": Text(f"{scores.attrition:.0%}", f"{scores.attrition:.0%}"),
        "credit_risk": Text(f"{scores.credit_risk} 分", f"{scores.credit_risk} of 100"),
        "conduct_risk": Text(f"{scores.conduct_risk} 分", f"{scores.conduct_risk} of 100"),
    }
    return tuple(
        ScoreLine(
            score=name, title=TITLES[name], value=value, reasons=scores.reasons.get(name, ())
        )
        for name, value in shown.items()
    )


TITLES: Final = {
    "profit": Text("创造利润", "Profit created"),
    "potential": Text("潜在利润", "Potential profit"),
    "loyalty": Text("忠诚度", "Loyalty"),
    "attrition": Text("流失概率", "Chance of leaving"),
    "credit_risk": Text("信用风险", "Credit risk"),
    "conduct_risk": Text("行为风险", "Conduct risk"),
}


def told(why: str) -> dict[str, tuple[Text, ...]]:
    """Return the reasons in words; ``why`` is ``score=code:figure,…|…``."""
    found = {}
    for part in filter(None, why.split("|")):
        score, _, reasons = part.partition("=")
        found[score] = tuple(_told(score, reason) for reason in reasons.split(",") if reason)
    return found


def _told(score: str, reason: str) -> Text:
    code, _, figure = reason.partition(":")
    value = float(figure)
    if score == "potential":
        name = product_name(code)
        return Text(
            f"相似客户中 {value:.0f}% 持有{name.zh}",
            f"{value:.0f} % of similar customers hold: {name.en}",
        )
    zh, en = _WORDS[score][code]
    shown = f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.1f}"
    return Text(zh.format(shown), en.format(shown))


_WORDS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "loyalty": {
        "tenure": ("开户 {} 年", "a customer for {} years"),
        "months": ("近 12 个月中有 {} 个月有交易", "active in {} of the last 12 months"),
        "frequency": ("每月 {} 笔交易", "{} dealings a month"),
        "products": ("持有 {} 种产品", "holds {} products"),
    },
    "credit_risk": {
        "collections": ("处于催收中", "in collections"),
        "failures": ("一年内 {} 次因余额不足扣款失败", "{} payments failed for lack of funds"),
        "use": ("信用额度已使用 {}%", "uses {} % of the credit limit"),
        "overdrawn": ("账户透支 {} 元", "overdrawn by CNY {}"),
        "no_salary": ("负债 {} 元且无代发工资", "owes CNY {} without a salary paid in"),
    },
    "conduct_risk": {
        "fraud": ("有欺诈标记", "flagged for fraud"),
        "disputes": ("一年内 {} 起争议", "{} disputes within a year"),
        "complaints": ("一年内 {} 起投诉", "{} complaints within a year"),
        "contacts": ("一年内联系 {} 次", "{} contacts within a year"),
    },
    "attrition": {
        "drop": ("近两个月交易减少 {}%", "dealings of two months are down by {} %"),
        "silent": ("已 {} 天没有交易", "no dealing for {} days"),
        "complaint": ("有 {} 起未结投诉", "{} open complaints"),
        "new": ("开户仅 {} 年", "a customer for {} years only"),
        "few_products": ("仅持有 {} 种产品", "holds {} products only"),
    },
    "profit": {
        "liquid": ("存款 {} 元", "CNY {} on accounts"),
        "invested": ("投资 {} 元", "CNY {} invested"),
        "card_debt": ("信用卡欠款 {} 元", "CNY {} owed on cards"),
        "loan_debt": ("贷款 {} 元", "CNY {} of loans"),
        "spent": ("一年支出 {} 元", "CNY {} spent in a year"),
        "cost": ("服务成本 {} 元", "costs CNY {} to serve"),
    },
    "cost_to_serve": {
        "phone": ("一年来电 {} 次", "{} telephone contacts in a year"),
        "branch": ("一年到网点 {} 次", "{} visits or dealings at a branch in a year"),
        "other": ("一年 {} 笔交易", "{} dealings in a year"),
    },
}
"""Score → code → the words, with a place for the figure."""
