"""The ranking of offers: rules are never broken, figures explain it, answers change it."""

from pathlib import Path

import msgspec
import pytest

from bench.offers import NOW, YEAR, _account, _scores, check
from crm_lookup.model import CustomerId, Offer, Text
from crm_lookup.offer_catalogue import SHIPPED, CatalogueError, load_catalogue
from crm_lookup.offers import facts_of, ranked_offers
from crm_lookup.records import CustomerRecord

DAY = 86_400.0
WANG = CustomerRecord(
    customer_id=CustomerId("C1"),
    name="王芳",
    family_name="王",
    segment="standard",
    segment_reason=Text("", ""),
    birth_year=1985,
    since="2015-01-01",
    accounts=(_account("current", 50_000_000),),
    marketing_consent=True,
)


def ranked(**changes: object) -> tuple[Offer, ...]:
    customer = msgspec.structs.replace(WANG, **changes)
    return ranked_offers(facts_of(customer, year=YEAR, currency="CNY"), now=NOW)


def names(**changes: object) -> list[str]:
    return [offer.offer_id for offer in ranked(**changes)]


def test_no_rule_is_broken_for_random_customers() -> None:
    first = check(2_500, seed=20260701)
    assert first[""] > 100


def test_the_analysis_decides_and_is_quoted() -> None:
    assert names() == ["wealth", "term_deposit", "mobile_banking"]
    scored = ranked(scores=_scores(0, {"term_deposit": 0.62, "wealth": 0.1}))
    assert [offer.offer_id for offer in scored][:2] == ["term_deposit", "wealth"]
    assert "相似客户中 62% 持有" in scored[0].reason.zh
    assert "62% of similar customers hold one" in scored[0].reason.en
    assert (scored[0].chance, scored[0].worth) == (0.62, 248.0)
    assert scored[0].script.zh


def test_presenting_tires_and_refusing_rests() -> None:
    shown = tuple(("wealth", NOW - day * DAY) for day in (1, 2))
    tired = ranked(presented=shown)
    assert tired[0].offer_id == "wealth"
    assert next(o for o in tired if o.offer_id == "wealth").worth == pytest.approx(81.0)
    assert next(o for o in tired if o.offer_id == "term_deposit").worth == pytest.approx(79.2)
    assert "wealth" not in names(presented=(*shown, ("wealth", NOW - 3 * DAY)))
    assert "wealth" not in names(declined=(("wealth", NOW - 89 * DAY),))
    assert "wealth" in names(declined=(("wealth", NOW - 91 * DAY),))
    assert "wealth" not in names(accepted=(("wealth", NOW - 300 * DAY),))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("value: 900", "value: 0", "wealth: value, cap.times"),
        ("lacks: [wealth]", "lacks: [welth]", "no product welth"),
        ("- id: wealth\n", "- id: fund\n", "twice"),
        ("quiet_days: 90", "quite_days: 90", "quite_days"),
        ("未持有理财产品", "{amount}", "only {band}"),
        ("segment: [diamond, gold]", "segment: [platinum]", "platinum"),
    ],
)
def test_a_fault_in_the_catalogue_is_named(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "offers.yaml"
    path.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(CatalogueError, match=message):
        load_catalogue(path)
