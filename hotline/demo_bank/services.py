"""What the demo bank's services tell of its people, and its public rates and branches.

Pure, with a random generator of its own: what is added here changes nobody's name or balance.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from crm_lookup.keys import DataKey
from hotline.demo_bank import cast

_YUAN: Final = 100
_STAGES: Final = ("received", "in_production", "sent", "delivered", "delivered")
_TERMS: Final = ((3, 6_500), (6, 8_500), (12, 9_500), (24, 10_500), (36, 12_500), (60, 13_000))
"""Months and millionths a year."""
_LIMITS: Final = {
    # segment: the most in one transfer in the app, in yuan
    "standard": 50_000,
    "silver": 100_000,
    "gold": 500_000,
    "diamond": 1_000_000,
}
_CURRENCIES: Final = (
    # currency, units, what the bank pays and asks for them in yuan
    ("USD", 100, 716.32, 719.35),
    ("EUR", 100, 778.01, 783.75),
    ("HKD", 100, 91.42, 91.78),
    ("JPY", 10_000, 478.12, 481.65),
    ("GBP", 100, 908.44, 915.13),
    ("AUD", 100, 468.20, 471.64),
    ("CAD", 100, 521.77, 525.61),
    ("CHF", 100, 812.90, 818.61),
    ("SGD", 100, 553.38, 557.27),
)
_CITIES: Final = (
    # area code, city, in English, districts
    ("010", "北京", "Beijing", (("朝阳", "Chaoyang"), ("海淀", "Haidian"), ("西城", "Xicheng"))),
    ("021", "上海", "Shanghai", (("浦东", "Pudong"), ("静安", "Jing'an"), ("徐汇", "Xuhui"))),
    ("0755", "深圳", "Shenzhen", (("福田", "Futian"), ("南山", "Nanshan"))),
    ("020", "广州", "Guangzhou", (("天河", "Tianhe"), ("越秀", "Yuexiu"))),
    ("0571", "杭州", "Hangzhou", (("西湖", "Xihu"), ("滨江", "Binjiang"))),
    ("028", "成都", "Chengdu", (("锦江", "Jinjiang"), ("武侯", "Wuhou"))),
    ("025", "南京", "Nanjing", (("鼓楼", "Gulou"), ("玄武", "Xuanwu"))),
    ("027", "武汉", "Wuhan", (("江汉", "Jianghan"), ("武昌", "Wuchang"))),
)

_DAY: Final = 86_400.0
_FAILURES: Final = (
    ("国家电网电费", "funds"),
    ("京东商城", "limit"),
    ("携程旅行", "limit"),
    ("市自来水", "funds"),
    ("当当网", "technical"),
    ("滴滴出行", "card_blocked"),
)
_CALLS: Final = (
    # topic, menu path, what the timeline says in both languages
    (
        "card_bill",
        "welcome>language>main_menu>cards.bill_identity.card_number",
        "来电：信用卡账单，坐席已接听",
        "Called about card bill: talked with an agent",
    ),
    (
        "transfers",
        "welcome>language>main_menu>loans.limit_identity.card_number",
        "来电：转账，坐席已接听",
        "Called about transfers: talked with an agent",
    ),
    (
        "card_order",
        "welcome>language>main_menu>cards.order_identity.card_number",
        "来电：办卡进度，自助服务",
        "Called about card on its way: self-service",
    ),
    (
        "balance",
        "welcome>language>main_menu>balance_identity.card_number>balance",
        "来电：账户余额，自助服务",
        "Called about account balance: self-service",
    ),
)

Row = dict[str, Any]
Rows = dict[str, list[Row]]


class ServiceMaker:
    """Adds to each customer's rows what the bank's services tell of them."""

    def __init__(self, *, seed: int, key: DataKey, today: date, now: float) -> None:
        self._rng = Random(f"services {seed}")  # noqa: S311 - invented people, not secrets
        self._work_rng = Random(f"work {seed}")  # noqa: S311 - the same
        self._now = now
        self._key = key
        self._today = today
        self._deposits = self._orders = 0

    def add(self, rows: Rows) -> None:
        """Add the rows that belong to the customers in ``rows``."""
        loaned = {h["customer_id"]: h for h in rows["holdings"] if h["product"] == "mortgage"}
        for account in rows["accounts"]:
            if account["kind"] == "credit_card":
                rows["card_bills"].extend(self._bills(account))
            elif account["kind"] == "loan" and account["customer_id"] in loaned:
                rows["loans"].append(self._loan(account))
        for holding in rows["holdings"]:
            if holding["product"] == "term_deposit":
                rows["deposits"].extend(self._deposits_of(holding["customer_id"]))
        current = {a["customer_id"]: a for a in rows["accounts"] if a["kind"] == "current"}
        for customer in rows["customers"]:
            rows["transfer_limits"].extend(_limits(customer))
            known = customer["customer_id"] in _CAST
            if customer["kind"] == "person" and (known or self._rng.random() < 0.03):
                self._new_cards(rows, current[customer["customer_id"]], known=known)
            if customer["kind"] == "person":
                self._work(rows, customer["customer_id"], known=known)

    def public(self, now: float) -> Rows:
        """Return rates and branches; ``now`` is the epoch second that the rates are of."""
        since = self._today - timedelta(days=40)
        return {
            "exchange_rates": [
                {
                    "currency": currency,
                    "units": units,
                    "home": "CNY",
                    "buy": round(buy * _YUAN),
                    "sell": round(sell * _YUAN),
                    "at": now,
                }
                for currency, units, buy, sell in _CURRENCIES
            ],
            "deposit_rates": [
                {"currency": currency, "months": months, "rate": rate, "since": since.isoformat()}
                for currency, months, rate in (
                    ("CNY", 0, 500),
                    *(("CNY", months, rate) for months, rate in _TERMS),
                    *(("USD", months, rate + 18_000) for months, rate in _TERMS[:4]),
                )
            ],
            "branches": list(_branches()),
        }

    def _bills(self, account: Row) -> Iterator[Row]:
        """The last three bills; only the newest may be open."""
        rng, owed = self._rng, max(0, -account["balance"])
        statement = _last(self._today, rng.randrange(2, 26))
        opened = date.fromisoformat(account["opened"])
        for age in range(3):
            amount = int(owed * rng.uniform(0.5, 1.0)) if age == 0 else rng.randrange(9_000_00)
            minimum = -(-amount // 10)
            paid = amount if age else rng.choice((0, 0, minimum, amount))
            if statement >= opened:
                yield {
                    "account_id": account["account_id"],
                    "statement_on": statement.isoformat(),
                    "due_on": (statement + timedelta(days=20)).isoformat(),
                    "amount": amount,
                    "minimum": minimum,
                    "paid": paid,
                }
            statement = _last(statement - timedelta(days=1), statement.day)

    def _loan(self, account: Row) -> Row:
        rng, owed = self._rng, -account["balance"]
        years = rng.randrange(5, 28)
        due = _next(self._today, rng.randrange(1, 29))
        amount = owed // (years * 12) + owed * 30 // 12_000  # 3 % a year
        late = rng.random() < 0.02 and account["customer_id"] not in _CAST
        return {
            "account_id": account["account_id"],
            "product": "mortgage",
            "due_on": due.isoformat(),
            "due_amount": amount,
            "overdue": amount if late else 0,
            "ends_on": due.replace(year=due.year + years).isoformat(),
        }

    def _deposits_of(self, customer_id: str) -> Iterator[Row]:
        rng = self._rng
        for _ in range(rng.randrange(1, 4)):
            self._deposits += 1
            months, rate = rng.choice(_TERMS)
            opened = self._today - timedelta(days=rng.randrange(1, months * 30))
            year, month = divmod(opened.month - 1 + months, 12)
            matures = date(opened.year + year, month + 1, min(opened.day, 28))
            yield {
                "deposit_id": f"D{self._deposits:09}",
                "customer_id": customer_id,
                "tail": f"{rng.randrange(10_000):04}",
                "currency": "CNY",
                "principal": rng.randrange(1, 60) * 5_000 * _YUAN,
                "rate": rate,
                "months": months,
                "opened_on": opened.isoformat(),
                "matures_on": matures.isoformat(),
                "at_maturity": rng.choice(("renew", "pay_out")),
            }

    def _new_cards(self, rows: Rows, account: Row, *, known: bool) -> None:
        """A card that is on its way; the known people have one to activate besides."""
        stages = ("delivered", "in_production") if known else (self._rng.choice(_STAGES),)
        for age, stage in zip((12, 3), stages, strict=False):
            self._orders += 1
            ordered = self._today - timedelta(days=age)
            card_id = f"K9{self._orders:08}" if stage == "delivered" else None
            if card_id is not None:
                rows["cards"].append(self._card(card_id, account))
            rows["card_orders"].append(
                {
                    "order_id": f"O{self._orders:09}",
                    "customer_id": account["customer_id"],
                    "card_id": card_id,
                    "kind": "debit",
                    "stage": stage,
                    "ordered_on": ordered.isoformat(),
                    "expected_on": (ordered + timedelta(days=10)).isoformat(),
                }
            )

    def _work(self, rows: Rows, customer_id: str, *, known: bool) -> None:
        """Payments that failed, and calls of the last days."""
        rng = self._work_rng
        if known or rng.random() < 0.06:
            payee, cause = rng.choice(_FAILURES)
            rows["payment_failures"].append(
                {
                    "customer_id": customer_id,
                    "at": self._now - rng.uniform(0.2, 6.5) * _DAY,
                    "amount": rng.randrange(30, 900) * _YUAN,
                    "currency": "CNY",
                    "payee": payee,
                    "cause": cause,
                }
            )
        if known or rng.random() < 0.08:
            topic, path, zh, en = rng.choice(_CALLS)
            for _ in range(rng.choice((1, 1, 2, 3))):
                rows["calls"].append(
                    {
                        "customer_id": customer_id,
                        "at": self._now - rng.uniform(0.1, 6.0) * _DAY,
                        "channel": "phone",
                        "topic": topic,
                        "summary_zh": zh,
                        "summary_en": en,
                        "menu_path": path,
                        "satisfaction": rng.choice((None, 2, 4, 5, 5)),
                    }
                )

    def _card(self, card_id: str, account: Row) -> Row:
        digits = f"622203{self._orders:09}"
        number = digits + cast.luhn_digit(digits)
        return {
            "card_id": card_id,
            "customer_id": account["customer_id"],
            "account_id": account["account_id"],
            "number_hash": self._key.card_hash(number),
            "tail": number[-4:],
            "kind": "debit",
            "status": "inactive",
            "expires": date(self._today.year + 8, 12, 31).isoformat(),
        }


def _limits(customer: Row) -> Iterator[Row]:
    single = _LIMITS[customer["segment"]] * _YUAN
    for channel, share, days in (("app", 1, 4), ("atm", 5, 1), ("phone", 10, 2), ("web", 1, 5)):
        yield {
            "customer_id": customer["customer_id"],
            "channel": channel,
            "currency": "CNY",
            "single": single // share,
            "daily": single // share * days,
        }


def _branches() -> Iterator[Row]:
    for place, (area, city, city_en, districts) in enumerate(_CITIES, start=1):
        for number, (name, name_en) in enumerate(districts, start=1):
            is_main = number == 1
            yield {
                "branch_code": f"{place}{number:03}",
                "city_code": area,
                "name_zh": f"{city}{name}支行",
                "name_en": f"{city_en} {name_en} branch",
                "address_zh": f"{city}市{name}区人民路 {number * 18} 号",
                "address_en": f"{number * 18} Renmin Road, {name_en}, {city_en}",
                "phone": f"+86{area[1:]}6266{place}{number:03}",
                "weekdays_open": "09:00",
                "weekdays_close": "17:30" if is_main else "17:00",
                "saturday_open": "09:30" if number < 3 else None,
                "saturday_close": "16:00" if number < 3 else None,
                "sunday_open": "09:30" if is_main else None,
                "sunday_close": "16:00" if is_main else None,
            }


def _last(today: date, day: int) -> date:
    """Return the last day of a month's ``day`` that is not after ``today``."""
    if today.day >= day:
        return today.replace(day=day)
    return (today.replace(day=1) - timedelta(days=1)).replace(day=day)


def _next(today: date, day: int) -> date:
    """Return the next day of a month's ``day`` after ``today``."""
    if today.day < day:
        return today.replace(day=day)
    return (today.replace(day=1) + timedelta(days=32)).replace(day=day)


_CAST: Final = frozenset(known.customer_id for known in cast.DEMO_CUSTOMERS)
