"""The catalogue of offers: a YAML file, checked when it is read.  Its head explains every key."""

from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import msgspec
import yaml

from crm_lookup.catalogue import PRODUCTS
from crm_lookup.errors import CrmError
from crm_lookup.model import Text
from crm_lookup.records import Segment

SHIPPED: Final = Path(__file__).parent / "offers.yaml"


class CatalogueError(CrmError):
    """The catalogue has a fault; the message names file, offer and key."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: Literal["person", "company", ""] = ""
    segment: tuple[Segment, ...] = ()
    age: tuple[int, int] | None = None
    holds: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    liquid: int | None = None
    card_debt: int | None = None
    credit_risk: int | None = None
    manager: Literal["none", ""] = ""


class Cap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    times: int
    days: int


class OfferRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One offer; the head of ``offers.yaml`` explains the fields."""

    id: str
    product: str = ""
    credit: bool = False
    value: int
    chance: float
    when: Conditions = Conditions()
    quiet_days: int = 90
    cap: Cap
    title: Text
    reason: Text
    script: Text


@lru_cache(maxsize=8)
def load_catalogue(path: Path = SHIPPED) -> tuple[OfferRule, ...]:
    """Read and check a catalogue.  Raises :class:`CatalogueError`."""
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CatalogueError(f"{path} cannot be read: {error}") from error
    if not isinstance(entries, list):
        raise CatalogueError(f"{path}: write a list of offers, each beginning with '- id:'")
    rules: list[OfferRule] = []
    for place, entry in enumerate(entries, start=1):
        name = entry.get("id") if isinstance(entry, dict) else None
        try:
            rule = msgspec.convert(entry, OfferRule)
        except msgspec.ValidationError as error:
            raise CatalogueError(f"{path}: offer {name or place}: {error}") from error
        if fault := _fault(rule, {known.id for known in rules}):
            raise CatalogueError(f"{path}: offer {rule.id}: {fault}")
        rules.append(rule)
    return tuple(rules)


def _fault(rule: OfferRule, known: set[str]) -> str:
    strange = {*rule.when.holds, *rule.when.lacks, rule.product} - PRODUCTS.keys() - {""}
    if rule.id in known:
        return "the id stands there twice; give each offer one of its own"
    if not 1 <= len(rule.id) <= 24:
        return "the id must have 1 to 24 characters"
    if strange:
        return f"no product {', '.join(sorted(strange))}; there are {', '.join(PRODUCTS)}"
    if not 0 < rule.chance <= 1:
        return "chance must be above 0 and at most 1"
    if rule.value <= 0 or rule.quiet_days < 0 or rule.cap.times < 1 or rule.cap.days < 1:
        return "value, cap.times and cap.days must be above 0, quiet_days not below"
    for text in (rule.title, rule.reason, rule.script):
        if not text.zh.strip() or not text.en.strip():
            return "title, reason and script need words in zh and en"
        try:
            text.zh.format(band="")
            text.en.format(band="")
        except (KeyError, IndexError, ValueError):
            return "only {band} may stand in braces"
    return ""
