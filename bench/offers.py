"""Whether the ranking of offers ever breaks a rule, over 100,000 random customers; and its pace.

    python -m bench.offers [--customers N] [--seed N]

Each ranking is made twice and must be equal.  A rule that is broken, or a run in which nobody is
offered anything, fails.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator

from crm_lookup.catalogue import PRODUCTS
from crm_lookup.model import AccountBalance, CustomerId, Offer, Text
from crm_lookup.offer_catalogue import OfferRule, load_catalogue
from crm_lookup.offers import facts_of, ranked_offers
from crm_lookup.records import CustomerRecord
from crm_lookup.scores import Scores

NOW = 1_782_000_000.0
YEAR = 2026
_DAY = 86_400.0
_SEGMENTS = ("diamond", "gold", "silver", "standard")


def random_customer(rng: random.Random) -> CustomerRecord:
    """Return somebody who may well be at a border: flags, refusals, products, sums."""

    def said(most: int) -> tuple[tuple[str, float], ...]:
        ids = [rule.id for rule in load_catalogue()]
        times = rng.choices((0.5, 5, 29, 31, 59, 61, 89, 91, 121, 200), k=rng.randrange(most))
        return tuple((rng.choice(ids), NOW - days * _DAY) for days in times)

    balances = (0, 4_999_999, 5_000_000, 19_999_999, 20_000_000, 900_000_000)
    debts = (0, 499_999, 500_000, 3_000_000)
    flags = ("complaint", "fraud", "collections")
    chances = {p: rng.random() for p in rng.sample(sorted(PRODUCTS), rng.randrange(8))}
    return CustomerRecord(
        customer_id=CustomerId("C1"),
        kind=rng.choice(("person", "person", "company")),
        name="王芳",
        family_name="王",
        segment=rng.choice(_SEGMENTS),  # type: ignore[arg-type] # one of them
        segment_reason=Text("", ""),
        birth_year=rng.choice((None, 1940, 1966, 1971, 1990, 2004, 2006, 2012)),
        since="2020-01-01",
        relationship_manager=rng.choice((None, "李雷")),
        accounts=(
            _account("current", rng.choice(balances)),
            _account("credit_card", -rng.choice(debts)),
        ),
        holdings=tuple(rng.sample(sorted(PRODUCTS), rng.randrange(7))),
        flags=tuple(f for f in flags if rng.random() < 0.12),  # type: ignore[misc] # flags
        marketing_consent=rng.random() < 0.85,
        declined=said(3),
        accepted=said(2),
        presented=said(6),
        scores=_scores(rng.randrange(101), chances) if rng.random() < 0.7 else None,
    )


def broken(customer: CustomerRecord, offers: tuple[Offer, ...]) -> Iterator[str]:
    """Yield each rule that the offers break, read from the catalogue, not from the ranking."""
    rules = {rule.id: rule for rule in load_catalogue()}
    if offers and not customer.marketing_consent:
        yield "marketing without consent"
    if offers and {"complaint", "fraud"} & set(customer.flags):
        yield "marketing during a complaint or fraud case"
    if len({offer.offer_id for offer in offers}) < len(offers) or len(offers) > 3:
        yield "an offer twice, or more than three"
    if sorted((-o.worth, o.offer_id) for o in offers) != [(-o.worth, o.offer_id) for o in offers]:
        yield "not ranked by worth"
    for offer in offers:
        rule = rules[offer.offer_id]
        for what in _broken_by(rule, customer):
            yield f"{rule.id}: {what}"
        if not offer.reason.zh or not offer.reason.en or "{" in offer.reason.zh + offer.reason.en:
            yield f"{rule.id}: no reason"


def _broken_by(rule: OfferRule, customer: CustomerRecord) -> Iterator[str]:
    when, held = rule.when, set(customer.holdings)
    liquid = sum(a.balance for a in customer.accounts if a.kind == "current")
    debt = -sum(a.balance for a in customer.accounts if a.kind == "credit_card")
    if rule.credit and "collections" in customer.flags:
        yield "credit in collections"
    if rule.product in held or held & set(when.lacks) or set(when.holds) - held:
        yield "products"
    if (when.kind or customer.kind) != customer.kind:
        yield "kind"
    if when.segment and customer.segment not in when.segment:
        yield "segment"
    if when.manager and customer.relationship_manager:
        yield "has a manager"
    if liquid < (when.liquid or 0) * 100 or debt < (when.card_debt or 0) * 100:
        yield "sums"
    if customer.scores and customer.scores.credit_risk > (when.credit_risk or 100):
        yield "credit risk"
    if when.age:
        least, most = when.age
        if customer.birth_year is None or not least <= YEAR - customer.birth_year <= most:
            yield "age"
    rests = [at for name, at in customer.declined if name == rule.id]
    if any(NOW - at < rule.quiet_days * _DAY for at in rests):
        yield "quiet period"
    shown = [at for name, at in customer.presented if name == rule.id]
    if sum(NOW - at < rule.cap.days * _DAY for at in shown) >= rule.cap.times:
        yield "cap"
    if any(name == rule.id for name, _ in customer.accepted):
        yield "accepted already"


def check(customers: int, seed: int) -> Counter[str]:
    """Rank for so many; returns how often each offer came first.  Fails on a broken rule."""
    rng = random.Random(seed)  # noqa: S311 - invented people
    first: Counter[str] = Counter()
    for _ in range(customers):
        customer = random_customer(rng)
        facts = facts_of(customer, year=YEAR, currency="CNY")
        offers = ranked_offers(facts, now=NOW)
        assert offers == ranked_offers(facts, now=NOW), f"two rankings of {customer}"
        faults = list(broken(customer, offers))
        assert not faults, f"{faults} for {customer}"
        first[offers[0].offer_id if offers else ""] += 1
    assert set(first) >= {rule.id for rule in load_catalogue()}, f"never first: {first}"
    return first


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.offers")
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    begun = time.perf_counter()
    first = check(chosen.customers, chosen.seed)
    each = (time.perf_counter() - begun) / chosen.customers
    print(
        f"seed {chosen.seed}: {chosen.customers:,} customers, no rule broken, {each * 1e6:.0f} µs"
    )
    print("best offer: " + ", ".join(f"{name or 'none'} {n}" for name, n in first.most_common()))
    return 0


def _account(kind: str, balance: int) -> AccountBalance:
    return AccountBalance(
        account_id=kind,
        kind=kind,  # type: ignore[arg-type] # one of them
        tail="0001",
        currency="CNY",
        balance=balance,
    )


def _scores(credit_risk: int, propensity: dict[str, float]) -> Scores:
    return Scores(
        as_of=NOW, profit=0, potential=0, cost_to_serve=0, loyalty=50, credit_risk=credit_risk,
        conduct_risk=0, attrition=0.1, recency_days=1, frequency=1.0, monetary=0, rfm="333",
        tenure_years=1.0, assets=0, products=1, contact_preference="phone", pattern="app",
        rhythm=(), value_class="keep", propensity=propensity, reasons={},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
