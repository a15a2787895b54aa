"""Which offers fit a customer, ranked and explained: the catalogue's rules, no model.

Pure.  Rank = propensity × value − fatigue, in yuan a year.  The propensity comes from the
analysis where it knows the customer, else from the catalogue.  Nobody is offered anything without
consent to marketing or while a complaint or a fraud case is open; nobody in collections is
offered credit; a refused offer rests, and none is presented more often than its cap allows.
"""

from typing import Final, NamedTuple

from crm_lookup.catalogue import balance_band
from crm_lookup.model import Offer, Text
from crm_lookup.offer_catalogue import OfferRule, load_catalogue
from crm_lookup.records import CustomerRecord

HISTORY_SECONDS: Final = 400 * 86400.0
"""How far back responses count."""

_LIMIT: Final = 3
_DAY: Final = 86400.0
_FATIGUE_DAYS: Final = 30
_FATIGUE_OWN, _FATIGUE_OTHER, _FATIGUE_MOST = 0.2, 0.05, 0.9
"""Share of the expected value that a presentation in the last days costs: of this offer, of
another, all together at most."""
_HELD_DAYS: Final = 365
"""How long an offer that was accepted is not made again, though no holding shows it yet."""


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


def ranked_offers(
    facts: Facts, *, now: float, catalogue: tuple[OfferRule, ...] | None = None
) -> tuple[Offer, ...]:
    """Return at most three offers, the best first; the same facts give the same answer."""
    rules = load_catalogue() if catalogue is None else catalogue
    if not may_be_asked(facts.record):
        return ()
    fitting = [(expected(rule, facts, now=now), rule) for rule in rules if fits(rule, facts, now)]
    fitting.sort(key=lambda pair: (-pair[0], pair[1].id))
    return tuple(_offer(rule, facts, worth) for worth, rule in fitting[:_LIMIT])


def may_be_asked(record: CustomerRecord) -> bool:
    """Say whether the customer may be offered anything at all."""
    return record.marketing_consent and not {"complaint", "fraud"} & set(record.flags)


def fits(rule: OfferRule, facts: Facts, now: float) -> bool:
    """Say whether the offer may be made to the customer at this moment."""
    when, record = rule.when, facts.record
    risk = record.scores.credit_risk if record.scores else 0
    return (
        not (rule.credit and "collections" in record.flags)
        and rule.product not in facts.held
        and when.kind in ("", record.kind)
        and (not when.segment or record.segment in when.segment)
        and (when.age is None or (facts.age is not None and _within(facts.age, when.age)))
        and facts.held.issuperset(when.holds)
        and facts.held.isdisjoint(when.lacks)
        and (when.liquid is None or facts.liquid >= when.liquid * 100)
        and (when.card_debt is None or facts.card_debt >= when.card_debt * 100)
        and (when.credit_risk is None or risk <= when.credit_risk)
        and not (when.manager == "none" and record.relationship_manager is not None)
        and not _lately(record.declined, rule.id, rule.quiet_days, now)
        and not _lately(record.accepted, rule.id, _HELD_DAYS, now)
        and _lately(record.presented, rule.id, rule.cap.days, now) < rule.cap.times
    )


def expected(rule: OfferRule, facts: Facts, *, now: float) -> float:
    """Return what the offer is worth with this customer now, in yuan a year."""
    chance = propensity(rule, facts)
    own = _lately(facts.record.presented, rule.id, _FATIGUE_DAYS, now)
    all_of_them = sum(now - at < _FATIGUE_DAYS * _DAY for _, at in facts.record.presented)
    fatigue = min(_FATIGUE_MOST, own * _FATIGUE_OWN + (all_of_them - own) * _FATIGUE_OTHER)
    return chance * rule.value * (1 - fatigue)


def propensity(rule: OfferRule, facts: Facts) -> float:
    """Return how likely the offer is taken, 0 to 1."""
    scores = facts.record.scores
    found = scores.propensity.get(rule.product) if scores else None
    return rule.chance if found is None else found


def _offer(rule: OfferRule, facts: Facts, worth: float) -> Offer:
    zh = rule.reason.zh.format(band=facts.band.zh)
    en = rule.reason.en.format(band=facts.band.en)
    scores = facts.record.scores
    if scores and rule.product in scores.propensity:
        share = scores.propensity[rule.product]
        zh += f"；相似客户中 {share:.0%} 持有"
        en += f"; {share:.0%} of similar customers hold one"
    return Offer(
        offer_id=rule.id,
        title=rule.title,
        reason=Text(zh, en),
        script=rule.script,
        chance=propensity(rule, facts),
        worth=round(worth, 2),
    )


def _within(value: int, borders: tuple[int, int]) -> bool:
    return borders[0] <= value <= borders[1]


def _lately(said: tuple[tuple[str, float], ...], offer_id: str, days: int, now: float) -> int:
    return sum(name == offer_id and now - at < days * _DAY for name, at in said)
