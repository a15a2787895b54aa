"""Value segments as data: a YAML file, checked when read, and who belongs where.  Pure.

Its head explains every key.  :mod:`crm_lookup.segment_moves` moves the customers.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import yaml

from crm_lookup.errors import CrmError
from crm_lookup.model import Text
from crm_lookup.records import Segment

SHIPPED: Final = Path(__file__).parent / "segments.yaml"
NAMES: Final[tuple[str, ...]] = get_args(Segment)
_MONEY: Final = ("assets", "profit", "potential")
_AT_MOST: Final = ("credit_risk", "conduct_risk")

_WORDS: Final = {
    "assets": ("资产 {} 元以上", "assets of CNY {} or more"),
    "profit": ("年利润 {} 元以上", "profit of CNY {} a year or more"),
    "potential": ("潜在年利润 {} 元以上", "potential of CNY {} a year or more"),
    "loyalty": ("忠诚度 {} 分以上", "loyalty of {} or more"),
    "credit_risk": ("信用风险不高于 {} 分", "credit risk of {} or less"),
    "conduct_risk": ("行为风险不高于 {} 分", "conduct risk of {} or less"),
}


class SegmentsError(CrmError):
    """The definitions have a fault; the message names file, segment and key."""


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is given must hold."""

    assets: int | None = None
    profit: int | None = None
    potential: int | None = None
    loyalty: int | None = None
    credit_risk: int | None = None
    conduct_risk: int | None = None
    kind: str = ""

    def holds(self, customer: dict[str, Any]) -> bool:
        """Look at ``kind`` and the scores; money in fen."""
        if self.kind not in ("", customer["kind"]):
            return False
        for name in _WORDS:
            border = getattr(self, name)
            if border is None:
                continue
            value = customer[name]
            if (
                value > border
                if name in _AT_MOST
                else value < border * (100 if name in _MONEY else 1)
            ):
                return False
        return True

    def told(self) -> Text:
        """Return the condition in words."""
        parts = [
            (zh.format(f"{border:,}"), en.format(f"{border:,}"))
            for name, (zh, en) in _WORDS.items()
            if (border := getattr(self, name)) is not None
        ]
        return Text("，".join(zh for zh, _ in parts), ", ".join(en for _, en in parts))


class SegmentRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    segment: Segment
    cost: int = 0
    any: tuple[Condition, ...] = ()
    services: tuple[Text, ...] = ()


@lru_cache(maxsize=8)
def load_segments(path: Path = SHIPPED) -> tuple[SegmentRule, ...]:
    """Read and check the definitions.  Raises :class:`SegmentsError`."""
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        rules = msgspec.convert(entries, tuple[SegmentRule, ...])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise SegmentsError(f"{path}: {error}") from error
    names = [rule.segment for rule in rules]
    if sorted(names) != sorted(NAMES):
        raise SegmentsError(f"{path}: define each of {', '.join(NAMES)} once; found {names}")
    if rules[-1].any:
        raise SegmentsError(f"{path}: the last segment takes everybody; take its `any` away")
    for rule in rules:
        if rule.cost < 0:
            raise SegmentsError(f"{path}: {rule.segment}: cost must not be below 0")
        if rule is not rules[-1] and not rule.any:
            raise SegmentsError(f"{path}: {rule.segment}: without `any` nobody comes further down")
        if any(condition == Condition() for condition in rule.any):
            raise SegmentsError(f"{path}: {rule.segment}: a line of `any` has no condition")
        if any(condition.kind not in ("", "person", "company") for condition in rule.any):
            raise SegmentsError(f"{path}: {rule.segment}: kind is person or company")
    return rules


def segment_of(rules: tuple[SegmentRule, ...], customer: dict[str, Any]) -> tuple[str, Text]:
    """Return the segment of somebody, and why."""
    for rule in rules:
        for condition in rule.any:
            if condition.holds(customer):
                return rule.segment, condition.told()
    return rules[-1].segment, Text("未达到更高等级的标准", "reaches no higher segment")


def services_of(segment: str, rules: tuple[SegmentRule, ...] | None = None) -> tuple[Text, ...]:
    """Return what an agent may propose to a customer of that segment."""
    chosen = load_segments() if rules is None else rules
    return next((rule.services for rule in chosen if rule.segment == segment), ())
