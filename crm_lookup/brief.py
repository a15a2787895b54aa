"""From a customer's record to the masked brief that an agent sees.  Pure; ``now`` is given."""

from datetime import UTC, datetime
from typing import Final

from crm_lookup.catalogue import product_name
from crm_lookup.masking import masked_name, masked_phone
from crm_lookup.model import CustomerBrief
from crm_lookup.offers import facts_of, ranked_offers
from crm_lookup.records import CustomerRecord
from crm_lookup.scores import score_lines
from crm_lookup.segments import services_of

INTERACTIONS: Final = 5
"""How many of the last interactions a brief shows."""
CASES: Final = 5
"""How many open cases it shows."""


def make_brief(record: CustomerRecord, *, now: float, currency: str = "CNY") -> CustomerBrief:
    """Return the brief of ``record``; ``now`` is epoch seconds.

    The balance band counts current and savings accounts in ``currency`` only.
    """
    facts = facts_of(record, year=datetime.fromtimestamp(now, UTC).year, currency=currency)
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
        cases=record.cases[:CASES],
        offers=ranked_offers(facts, now=now),
        scores=score_lines(record.scores),
        services=services_of(record.segment),
    )
