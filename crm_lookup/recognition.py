"""From a read number and the customers who have it to a :class:`Recognition`.

Pure.  Several customers on one number are never guessed apart: all of them are given, the
likeliest first, each with the reasons in words.
"""

from collections.abc import Iterable
from typing import Final

from crm_lookup.model import Candidate, Recognition, Text
from crm_lookup.numbers import CallerNumber
from crm_lookup.records import NumberMatch

_DAY: Final = 86_400.0
_RANK: Final = {"own": 0, "household": 1, "company": 2}
_WHOSE: Final[dict[tuple[str, str], Text]] = {
    ("own", "mobile"): Text("本人手机", "own mobile"),
    ("own", "home"): Text("本人固定电话", "own home line"),
    ("own", "work"): Text("本人办公电话", "own line at work"),
    ("household", "mobile"): Text("家人手机", "a mobile of the household"),
    ("household", "home"): Text("家庭电话", "household line"),
    ("household", "work"): Text("家人办公电话", "a line at work of the household"),
    ("company", "mobile"): Text("单位手机", "a mobile of the company"),
    ("company", "home"): Text("单位电话", "company line"),
    ("company", "work"): Text("单位总机", "company switchboard"),
}
_THE_COMPANY: Final = Text("该号码属于此公司", "the company itself")
_PRIMARY: Final = Text("首选号码", "primary number")


def recognition(
    number: CallerNumber, matches: Iterable[NumberMatch] = (), *, now: float = 0.0
) -> Recognition:
    """Return who ``number`` says is calling, given the customers known under it.

    Internal telephones and short service numbers belong to nobody and are ``unknown``.  ``now`` is
    epoch seconds.
    """
    if number.kind in ("withheld", "invalid"):
        return Recognition(status="withheld" if number.kind == "withheld" else "invalid")
    known = {match.customer_id: match for match in sorted(matches, key=_order, reverse=True)}
    if not known:
        return Recognition(status="unknown", number=number.e164)
    return Recognition(
        status="recognised" if len(known) == 1 else "ambiguous",
        number=number.e164,
        candidates=tuple(
            Candidate(customer_id=match.customer_id, reasons=_reasons(match, now))
            for match in sorted(known.values(), key=_order)
        ),
    )


def _order(match: NumberMatch) -> tuple[int, bool, float, str]:
    """Own before shared, primary before others, who called last before who did long ago."""
    called = -match.called_at if match.called_at is not None else 0.0
    return _RANK[match.relation], not match.is_primary, called, match.customer_id


def _reasons(match: NumberMatch, now: float) -> tuple[Text, ...]:
    is_company = match.customer_kind == "company" and match.relation == "own"
    found = [_THE_COMPANY if is_company else _WHOSE[match.relation, match.kind]]
    if match.is_primary:
        found.append(_PRIMARY)
    if match.called_at is not None:
        found.append(_called(int((now - match.called_at) // _DAY)))
    return tuple(found)


def _called(days: int) -> Text:
    if days <= 0:
        return Text("24 小时内来过电话", "called within the last 24 hours")
    if days == 1:
        return Text("1 天前来过电话", "called 1 day ago")
    return Text(f"{days} 天前来过电话", f"called {days} days ago")
