"""The bank's products and balance bands in words, as data."""

from typing import Final

from crm_lookup.model import Text

PRODUCTS: Final[dict[str, Text]] = {
    "current": Text("活期账户", "Current account"),
    "savings": Text("储蓄账户", "Savings account"),
    "term_deposit": Text("定期存款", "Term deposit"),
    "wealth": Text("理财产品", "Wealth-management product"),
    "fund": Text("基金", "Investment fund"),
    "insurance": Text("保险", "Insurance"),
    "credit_card": Text("信用卡", "Credit card"),
    "consumer_loan": Text("消费贷款", "Consumer loan"),
    "mortgage": Text("住房贷款", "Mortgage"),
    "payroll": Text("工资代发", "Salary paid in"),
    "payroll_service": Text("代发工资服务", "Payroll service"),
    "mobile_banking": Text("手机银行", "Mobile banking"),
    "merchant": Text("商户收单", "Merchant acquiring"),
}
"""Product code → its name.  A code that stands not here is shown as it is."""

_BANDS: Final[tuple[tuple[int, Text], ...]] = (
    # upper border in fen of what the customer has in current and savings accounts
    (1_000_000, Text("1 万元以下", "below CNY 10,000")),
    (5_000_000, Text("1–5 万元", "CNY 10,000–50,000")),
    (20_000_000, Text("5–20 万元", "CNY 50,000–200,000")),
    (100_000_000, Text("20–100 万元", "CNY 200,000–1 million")),
    (600_000_000, Text("100–600 万元", "CNY 1–6 million")),
)
_TOP_BAND: Final = Text("600 万元以上", "above CNY 6 million")


def product_name(code: str) -> Text:
    """Return the product's name in both languages."""
    return PRODUCTS.get(code) or Text(code, code)


def balance_band(liquid: int) -> Text:
    """Return the band of ``liquid`` (fen) in words; the exact amount stays hidden."""
    for border, text in _BANDS:
        if liquid < border:
            return text
    return _TOP_BAND
