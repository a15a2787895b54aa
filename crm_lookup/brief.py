"""From a customer's record to the masked brief that an agent sees.  Pure; ``now`` is given."""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from crm_lookup.catalogue import product_name
from crm_lookup.masking import masked_name, masked_phone
from crm_lookup.model import CustomerBrief, Held, Interaction, MenuPath, OpenCase, Satisfaction
from crm_lookup.needs import probable_needs
from crm_lookup.offers import facts_of, ranked_offers
from crm_lookup.records import CustomerRecord
from crm_lookup.scores import score_lines
from crm_lookup.segments import services_of

INTERACTIONS: Final = 5
"""How many of the last interactions a brief shows."""
LOOKED_AT: Final = 20
"""How many of the last interactions are read: for paths, scores and repeated calls."""
PATHS: Final = 3
"""How many menu paths a brief shows."""
CASES: Final = 5
"""How many open cases a brief shows."""
HOME: Final = ZoneInfo("Asia/Shanghai")
"""Where the bank is, unless the settings say otherwise."""


def make_brief(
    record: CustomerRecord, *, now: float, currency: str = "CNY", zone: tzinfo = HOME
) -> CustomerBrief:
    """Return the brief of ``record``; ``now`` is epoch seconds, ``zone`` the bank's.

    The balance band counts current and savings accounts in ``currency`` only.
    """
    facts = facts_of(record, year=datetime.fromtimestamp(now, zone).year, currency=currency)
    primary = next((n.number for n in record.numbers if n.is_primary), "")
    return CustomerBrief(
        customer_id=record.customer_id,
        name=masked_name(record.name, record.family_name),
        phone=masked_phone(primary or next((n.number for n in record.numbers), "")),
        segment=record.segment,
        segment_reason=record.segment_reason,
        language=record.language,
        customer_since=record.since,
        products=tuple(product_name(code) for code in record.holdings),
        balance_band=facts.band,
        flags=record.flags,
        relationship_manager=record.relationship_manager,
        interactions=record.interactions[:INTERACTIONS],
        offers=ranked_offers(facts, now=now),
        needs=probable_needs(record, now=now, zone=zone),
        cases=tuple(sorted(record.cases, key=_urgency))[:CASES],
        menu_paths=tuple(
            MenuPath(at=said.at, path=said.menu_path)
            for said in record.interactions
            if said.menu_path
        )[:PATHS],
        satisfaction=_satisfaction(record.interactions),
        scores=score_lines(record.scores),
        services=services_of(record.segment),
        held=Held(
            name=record.name,
            family_name=record.family_name,
            phone=primary or next((n.number for n in record.numbers), ""),
            id_number=record.id_number,
            address=record.address,
            email=record.email,
            birth_year=str(record.birth_year or ""),
        ),
    )


def _urgency(case: OpenCase) -> tuple[float, float, str]:
    """What was promised first comes first, then what is the oldest."""
    due = case.due_at if case.due_at is not None else float("inf")
    return due, case.opened_at, case.case_id


def _satisfaction(interactions: Iterable[Interaction]) -> Satisfaction | None:
    given = [(said.satisfaction, said.at) for said in interactions if said.satisfaction]
    if not given:
        return None
    mean = round(sum(score for score, _ in given) / len(given), 1)
    return Satisfaction(last=given[0][0], last_at=given[0][1], mean=mean, count=len(given))
