"""Makes the demo bank's customers with all their rows.  Pure: the same seed, the same bank."""

from collections import defaultdict
from datetime import date
from typing import Any, Final, TypeAlias

import crm_lookup.bank.tables
import crm_lookup.contact_tables  # noqa: F401 - both add their tables to those of crm_lookup
from crm_lookup import tables
from crm_lookup.keys import DataKey
from hotline.demo_bank import cast, dealings, lists
from hotline.demo_bank.services import ServiceMaker
from hotline.demo_bank.values import Values, segment_of, segment_reason

_WAN: Final = 1_000_000
_PRODUCT_ODDS: Final = (
    # product, odds for standard, silver, gold, diamond
    ("mobile_banking", (0.70, 0.85, 0.90, 0.85)),
    ("term_deposit", (0.05, 0.25, 0.45, 0.60)),
    ("wealth", (0.02, 0.20, 0.55, 0.80)),
    ("fund", (0.03, 0.12, 0.30, 0.45)),
    ("insurance", (0.08, 0.18, 0.30, 0.40)),
    ("mortgage", (0.10, 0.22, 0.25, 0.10)),
    ("consumer_loan", (0.08, 0.06, 0.03, 0.01)),
)
_RANK: Final = {"standard": 0, "silver": 1, "gold": 2, "diamond": 3}

Rows: TypeAlias = dict[str, list[dict[str, Any]]]


class BankMaker:
    """Makes one customer after the other; :meth:`take` hands out the rows made since."""

    def __init__(self, *, seed: int, key: DataKey, now: float, today: date) -> None:
        self._values = Values(seed, today)
        self._services = ServiceMaker(seed=seed, key=key, today=today, now=now)
        self._rng = self._values.rng
        self._key = key
        self._now = now
        self._day = today
        self._midnight = now - now % 86_400.0
        self._made = 0
        self._accounts = 0
        self._rows: Rows = defaultdict(list)
        self._family_number: str | None = None

    def take(self) -> Rows:
        """Return the rows made since the last call, by table."""
        rows, self._rows = self._rows, defaultdict(list)
        self._services.add(rows)
        _merge_calls(rows)
        return rows

    def public(self) -> Rows:
        """Return what belongs to nobody: rates and branches."""
        return self._services.public(self._now)

    def add_cast(self) -> None:
        """Make the known people: they come first and are the same for every seed."""
        for known in cast.DEMO_CUSTOMERS:
            self._person(known=known, numbers=[known.number])
        # A couple with one home line, and mobiles of their own.
        for given in ("浩然", "雨欣"):
            self._person(
                family="陈",
                name=f"陈{given}",
                numbers=[self._values.mobile(), cast.AMBIGUOUS_NUMBER],
                shared="household",
            )

    def add_random(self) -> None:
        """Make one more customer: a person mostly, sometimes of the same family, or a company."""
        rng, kind = self._rng, self._rng.random()
        if kind < 0.05:
            self._company()
        elif kind < 0.075:
            given, family = rng.choice(lists.FOREIGN)
            self._person(
                family=family,
                name=f"{given} {family}",
                numbers=[self._values.mobile()],
                language="en",
            )
        else:
            numbers, shared = [self._values.mobile()], "own"
            if self._family_number and rng.random() < 0.06:
                # a spouse or parent who gave the same number
                numbers, shared = [self._family_number], "household"
            elif rng.random() < 0.08:
                numbers.append(self._values.fixed())
            family, name = self._values.chinese_name()
            self._person(family=family, name=name, numbers=numbers, shared=shared)
            self._family_number = numbers[0]

    # People --------------------------------------------------------------------------------

    def _person(
        self,
        *,
        numbers: list[str],
        known: cast.DemoCustomer | None = None,
        family: str = "",
        name: str = "",
        language: str = "zh",
        shared: str = "own",
    ) -> None:
        """``shared`` says whose the last of the numbers is."""
        rng = self._rng
        customer_id = self._next_id()
        age = rng.randrange(28, 60) if known else int(rng.triangular(18, 82, 38))
        payroll = known is not None or (age < 60 and rng.random() < 0.55)
        assets = self._values.assets()
        if known:
            family, name, language = known.family_name, known.name, known.language
            assets = known.balance * (1 if known.segment == "standard" else 5)
        income = max(3_000_00, int(assets * 0.02 + rng.gauss(9_000_00, 3_000_00)))
        income = known.balance // 8 if known else income  # so that the known balance can stand
        since = self._values.past_day(1, min(25, age - 17))
        self._rows["customers"].append({})  # its place: the segment is known only at the end
        customer = self._rows["customers"][-1]

        life = dealings.daily_life(
            rng,
            self._midnight,
            income=income,
            payroll=payroll,
            rent=income // 4 if rng.random() < 0.35 else 0,
        )
        current = known.balance if known else int(assets * rng.uniform(0.1, 0.5))
        liquid = self._account(
            customer_id, "current", current, since, life, card=known.card if known else None
        )
        products = {"current": since}
        if (known and assets > current) or (not known and rng.random() < 0.6):
            liquid += self._account(customer_id, "savings", assets - current, since, [])
            products["savings"] = since
        segment = known.segment if known else segment_of(liquid)
        if age < 65 and rng.random() < (0.25, 0.5, 0.7, 0.6)[_RANK[segment]]:
            products["credit_card"] = self._credit_card(customer_id, income, since)
        if rng.random() < 0.02:
            self._account(
                customer_id, "savings", rng.randrange(100_00, 90_000_00), since, [], "USD"
            )
        if payroll:
            products["payroll"] = since
        for product, odds in _PRODUCT_ODDS:
            if rng.random() < odds[_RANK[segment]]:
                products[product] = self._values.past_day(0, 5, after=since)
        if "mortgage" in products:
            owed = -rng.randrange(20 * _WAN, 300 * _WAN)
            self._account(customer_id, "loan", owed, products["mortgage"], [])

        customer.update(
            self._customer(customer_id, "person", name, family, segment, liquid, since)
            | {"language": language, "birth_year": self._day.year - age}
        )
        self._numbers_of(customer_id, numbers, shared=shared)
        self._holdings(customer_id, products)
        self._contacts(customer_id, lively=known is not None)
        self._consents(customer_id, known is not None or rng.random() < 0.72)

    def _company(self) -> None:
        rng = self._rng
        customer_id = self._next_id()
        area, start, city = rng.choice(lists.AREAS)
        word, trade = rng.choice(lists.COMPANY_WORDS), rng.choice(lists.COMPANY_TRADES)
        since = self._values.past_day(1, 15)
        assets = self._values.assets() * 4
        self._rows["customers"].append({})
        customer = self._rows["customers"][-1]
        life = dealings.company_life(rng, self._midnight, turnover=max(assets, 10 * _WAN))
        liquid = self._account(customer_id, "current", assets, since, life)
        customer.update(
            self._customer(
                customer_id,
                "company",
                f"{city}{word}{trade}有限公司",
                "",
                segment_of(liquid),
                liquid,
                since,
            )
        )
        line = self._values.fixed(area, start)
        self._numbers_of(customer_id, [line], kind="work")
        products = {"current": since}
        for product, odds in (
            ("payroll_service", 0.4),
            ("merchant", 0.5),
            ("mobile_banking", 0.6),
        ):
            if rng.random() < odds:
                products[product] = self._values.past_day(0, 5, after=since)
        self._holdings(customer_id, products)
        self._contacts(customer_id)
        self._consents(customer_id, rng.random() < 0.8)
        if rng.random() < 0.5:  # the director banks with us too and calls from the company's line
            family, name = self._values.chinese_name()
            self._person(
                family=family,
                name=name,
                numbers=[self._values.mobile(), line],
                shared="company",
            )

    # Rows ----------------------------------------------------------------------------------

    def _next_id(self) -> str:
        self._made += 1
        return f"C{10_000_000 + self._made}"

    def _customer(
        self,
        customer_id: str,
        kind: str,
        name: str,
        family: str,
        segment: str,
        liquid: int,
        since: date,
    ) -> dict[str, Any]:
        reason = segment_reason(segment, liquid)
        managed = segment == "diamond" or (segment == "gold" and self._rng.random() < 0.6)
        return {
            "customer_id": customer_id,
            "kind": kind,
            "status": "customer",
            "name": name,
            "family_name": family,
            "segment": segment,
            "segment_reason_zh": reason.zh,
            "segment_reason_en": reason.en,
            "language": "zh",
            "birth_year": None,
            "since": since.isoformat(),
            "relationship_manager": self._rng.choice(lists.MANAGERS) if managed else None,
            "updated_at": self._now,
        }

    def _account(
        self,
        customer_id: str,
        kind: str,
        balance: int,
        opened: date,
        life: list[dealings.Dealing],
        currency: str = "CNY",
        *,
        limit: int | None = None,
        card: str | None = None,
    ) -> int:
        """Add an account with its card and dealings; return the balance that it ends with."""
        self._accounts += 1
        account_id = f"A{self._accounts:09}"
        floor = -(limit or 0) if life else balance
        balance, after = dealings.with_balances(life, balance, floor=floor)
        if kind in ("current", "credit_card"):
            card = card or self._values.card_number()
            self._card(customer_id, account_id, card, "credit" if limit else "debit")
        self._rows["accounts"].append(
            {
                "account_id": account_id,
                "customer_id": customer_id,
                "kind": kind,
                "tail": card[-4:] if card else f"{self._rng.randrange(10_000):04}",
                "currency": currency,
                "balance": balance,
                "credit_limit": limit,
                "status": "open",
                "opened": opened.isoformat(),
            }
        )
        self._rows["transactions"].extend(
            {
                "account_id": account_id,
                "booked_at": dealing.at,
                "amount": dealing.amount,
                "balance_after": left,
                "kind": dealing.kind,
                "counterparty": dealing.counterparty,
            }
            for dealing, left in zip(life, after, strict=True)
        )
        return balance

    def _credit_card(self, customer_id: str, income: int, since: date) -> date:
        rng = self._rng
        limit = income * rng.randrange(1, 5)
        opened = self._values.past_day(0, 6, after=since)
        life = dealings.card_life(
            rng, self._midnight, limit=limit, instalments=rng.random() < 0.25
        )
        owed = -int(limit * rng.random() ** 2 * 0.8)
        self._account(customer_id, "credit_card", owed, opened, life, limit=limit)
        if rng.random() < 0.03:
            self._flag(customer_id, "collections")
        return opened

    def _card(self, customer_id: str, account_id: str, number: str, kind: str) -> None:
        lost = number not in _CAST_CARDS and self._rng.random() < 0.01
        self._rows["cards"].append(
            {
                "card_id": f"K{account_id[1:]}",
                "customer_id": customer_id,
                "account_id": account_id,
                "number_hash": self._key.card_hash(number),
                "tail": number[-4:],
                "kind": kind,
                "status": "lost" if lost else "active",
                "expires": date(self._day.year + self._rng.randrange(1, 8), 12, 31).isoformat(),
            }
        )

    def _numbers_of(
        self, customer_id: str, numbers: list[str], kind: str = "home", shared: str = "own"
    ) -> None:
        kind = "work" if shared == "company" else kind
        for place, number in enumerate(numbers):
            mobile = number.startswith("+861") and len(number) == 14
            self._rows["customer_numbers"].append(
                {
                    "number": number,
                    "customer_id": customer_id,
                    "kind": "mobile" if mobile else kind,
                    "is_primary": place == 0,
                    "relation": shared if place == len(numbers) - 1 else "own",
                }
            )

    def _holdings(self, customer_id: str, products: dict[str, date]) -> None:
        self._rows["holdings"].extend(
            {"customer_id": customer_id, "product": product, "opened": opened.isoformat()}
            for product, opened in products.items()
        )

    def _contacts(self, customer_id: str, *, lively: bool = False) -> None:
        rng = self._rng
        talks = rng.choices(lists.TALKS, k=rng.randrange(4, 7) if lively else rng.randrange(5))
        if not lively and rng.random() < 0.015:
            talks.append(lists.COMPLAINT)
            self._flag(customer_id, "complaint")
            self._case(customer_id, "complaint", *lists.COMPLAINT[2:])
        if not lively and rng.random() < 0.003:
            self._flag(customer_id, "fraud")
        self._rows["interactions"].extend(
            {
                "customer_id": customer_id,
                "at": self._midnight - rng.random() * 180 * 86_400.0,
                "channel": channel,
                "topic": topic,
                "summary_zh": zh,
                "summary_en": en,
                "satisfaction": _SCORES_SAID[place % 4] if channel == "phone" else None,
            }
            for place, (channel, topic, zh, en) in enumerate(talks)
        )
        if lively:
            self._case(customer_id, "request", *lists.REQUEST)

    def _case(self, customer_id: str, kind: str, zh: str, en: str) -> None:
        self._rows["service_cases"].append(
            {
                **{"case_id": f"S-{customer_id}", "customer_id": customer_id},
                **{"kind": kind, "status": "open", "channel": "phone"},
                **{"subject_zh": zh, "subject_en": en},
                "opened_at": self._midnight - 3 * 86_400.0,
                "due_at": self._midnight + 2 * 86_400.0,
            }
        )

    def _flag(self, customer_id: str, flag: str) -> None:
        since = self._midnight - self._rng.randrange(1, 60) * 86_400.0
        self._rows["customer_flags"].append(
            {"customer_id": customer_id, "flag": flag, "since": since}
        )

    def _consents(self, customer_id: str, marketing: bool) -> None:
        granted = self._midnight - 400 * 86_400.0
        row: dict[str, Any] = {"customer_id": customer_id, "granted_at": granted}
        self._rows["consents"].append(row | {"purpose": "recording", "withdrawn_at": None})
        if marketing:
            self._rows["consents"].append(row | {"purpose": "marketing", "withdrawn_at": None})
        elif self._rng.random() < 0.3:
            withdrawn = {"purpose": "marketing", "withdrawn_at": granted + 86_400.0}
            self._rows["consents"].append(row | withdrawn)


_SCORES_SAID: Final = (5, None, 4, 3)
"""What is said of the first, second, … talk when the caller is asked."""


def _merge_calls(rows: Rows) -> None:
    """Put the calls of the last days among the other contacts, which have no menu path."""
    others = [said | {"menu_path": None} for said in rows["interactions"]]
    rows["interactions"] = others + rows.pop("calls", [])


_CAST_CARDS: Final = frozenset(known.card for known in cast.DEMO_CUSTOMERS)


_NOT_MADE: Final = ("crm_meta", "bank_cases", "bank_answers", "bank_audit")
TABLES: Final = tuple(
    table.name for table in tables.metadata.sorted_tables if table.name not in _NOT_MADE
)
"""Tables in an order in which their rows can be written."""
