"""Which offers fit a customer, ranked, each with its reason: a small open rule, no model.

Pure.  A rule is a line of :data:`RULES`: who may get the offer, what it weighs, and the words.
Weights only order the offers of one customer.  Nobody is offered anything without consent to
marketing or while a complaint or a fraud case is open; nobody in collections is offered credit.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from crm_lookup.catalogue import balance_band
from crm_lookup.model import Offer, Text
from crm_lookup.records import CustomerRecord

QUIET_SECONDS: Final = 90 * 86400.0
"""How long an offer is not repeated after it was declined."""

_LIMIT: Final = 3
_WAN: Final = 1_000_000
"""Ten thousand yuan in fen, the unit in which Chinese banks state thresholds."""


class Facts(NamedTuple):
    """What the rules look at."""

    record: CustomerRecord
    liquid: int
    """Fen in current and savings accounts."""
    card_debt: int
    """Fen owed on credit cards."""
    age: int | None
    held: frozenset[str]
    band: Text

    @property
    def valued(self) -> bool:
        return self.record.segment in ("diamond", "gold")

    def lacks(self, product: str) -> bool:
        return product not in self.held

    def aged(self, least: int, most: int) -> bool:
        return self.age is not None and least <= self.age <= most


class Rule(NamedTuple):
    offer_id: str
    title: Text
    weight: int
    applies: Callable[[Facts], bool]
    reason: Callable[[Facts], Text]
    credit: bool = False


def _person(facts: Facts) -> bool:
    return facts.record.kind == "person"


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "relationship_manager",
        Text("专属客户经理", "Personal relationship manager"),
        95,
        lambda f: f.valued and f.record.relationship_manager is None,
        lambda f: Text(
            "贵宾客户，目前没有专属客户经理",
            "A valued customer without a personal relationship manager",
        ),
    ),
    Rule(
        "wealth",
        Text("稳健理财产品", "Wealth-management product, low risk"),
        90,
        lambda f: _person(f) and f.liquid >= 20 * _WAN and f.lacks("wealth"),
        lambda f: Text(
            f"活期与储蓄余额{f.band.zh}，未持有理财产品",
            f"Has {f.band.en} in current and savings accounts and no wealth product",
        ),
    ),
    Rule(
        "instalment",
        Text("信用卡账单分期", "Pay the credit card bill in instalments"),
        85,
        lambda f: f.card_debt >= _WAN // 2,
        lambda f: Text(
            "信用卡欠款超过 5,000 元，可分期减轻当月还款",
            "Owes over CNY 5,000 on the credit card: instalments lower this month's payment",
        ),
        credit=True,
    ),
    Rule(
        "payroll_service",
        Text("代发工资服务", "Payroll service"),
        80,
        lambda f: f.record.kind == "company" and f.lacks("payroll_service"),
        lambda f: Text(
            "对公客户，尚未使用代发工资服务", "A company that does not pay salaries through us"
        ),
    ),
    Rule(
        "term_deposit",
        Text("大额定期存款", "Term deposit"),
        75,
        lambda f: f.liquid >= 5 * _WAN and f.lacks("term_deposit"),
        lambda f: Text(
            f"活期与储蓄余额{f.band.zh}，未持有定期存款",
            f"Has {f.band.en} in current and savings accounts and no term deposit",
        ),
    ),
    Rule(
        "credit_card",
        Text("信用卡", "Credit card"),
        70,
        lambda f: f.aged(20, 60) and f.lacks("credit_card") and "payroll" in f.held,
        lambda f: Text(
            "工资由我行代发，尚无信用卡", "Receives a salary with us and has no credit card"
        ),
        credit=True,
    ),
    Rule(
        "fund",
        Text("基金定投", "Monthly fund savings plan"),
        60,
        lambda f: _person(f) and "wealth" in f.held and f.lacks("fund"),
        lambda f: Text(
            "已持有理财产品，尚未投资基金", "Holds a wealth product and no investment fund"
        ),
    ),
    Rule(
        "insurance",
        Text("家庭保障保险", "Family insurance"),
        50,
        lambda f: f.aged(25, 55) and f.lacks("insurance") and "mortgage" in f.held,
        lambda f: Text("有住房贷款，尚无保障类保险", "Has a mortgage and no insurance"),
    ),
    Rule(
        "consumer_loan",
        Text("消费贷款", "Consumer loan"),
        40,
        lambda f: f.aged(22, 55) and f.lacks("consumer_loan") and "payroll" in f.held,
        lambda f: Text(
            "工资由我行代发，收入稳定，尚无消费贷款",
            "Receives a steady salary with us and has no consumer loan",
        ),
        credit=True,
    ),
    Rule(
        "mobile_banking",
        Text("开通手机银行", "Mobile banking"),
        30,
        lambda f: f.lacks("mobile_banking"),
        lambda f: Text(
            "尚未开通手机银行，可自助查询与转账",
            "Has no mobile banking yet: enquiries and transfers without calling",
        ),
    ),
)


def facts_of(record: CustomerRecord, *, year: int, currency: str) -> Facts:
    """Return the facts about ``record`` in the calendar year ``year``.

    Only accounts in the bank's own ``currency`` count towards the sums.
    """
    own = [account for account in record.accounts if account.currency == currency]
    liquid = sum(a.balance for a in own if a.kind in ("current", "savings"))
    return Facts(
        record=record,
        liquid=liquid,
        card_debt=-sum(min(0, a.balance) for a in own if a.kind == "credit_card"),
        age=None if record.birth_year is None else year - record.birth_year,
        held=frozenset(record.holdings),
        band=balance_band(liquid),
    )


def ranked_offers(facts: Facts, *, now: float) -> tuple[Offer, ...]:
    """Return at most three offers, the best first; the same facts give the same answer."""
    record = facts.record
    if not record.marketing_consent or "complaint" in record.flags or "fraud" in record.flags:
        return ()
    quiet = {offer_id for offer_id, at in record.declined if now - at < QUIET_SECONDS}
    fitting = [
        rule
        for rule in RULES
        if rule.offer_id not in quiet
        and not (rule.credit and "collections" in record.flags)
        and rule.applies(facts)
    ]
    fitting.sort(key=lambda rule: (-rule.weight, rule.offer_id))
    return tuple(
        Offer(offer_id=rule.offer_id, title=rule.title, reason=rule.reason(facts))
        for rule in fitting[:_LIMIT]
    )
