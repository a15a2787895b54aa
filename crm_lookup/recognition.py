"""From a read number and the customers who have it to a :class:`Recognition`.

Pure.  Several customers on one number are never guessed apart: all of them are given.
"""

from collections.abc import Iterable

from crm_lookup.model import CustomerId, Recognition
from crm_lookup.numbers import CallerNumber


def recognition(number: CallerNumber, customers: Iterable[CustomerId] = ()) -> Recognition:
    """Return who ``number`` says is calling, given the customers known under it.

    Internal telephones and short service numbers belong to nobody and are ``unknown``.
    """
    if number.kind in ("withheld", "invalid"):
        return Recognition(status="withheld" if number.kind == "withheld" else "invalid")
    candidates = tuple(sorted(set(customers)))
    if not candidates:
        return Recognition(status="unknown", number=number.e164)
    return Recognition(
        status="recognised" if len(candidates) == 1 else "ambiguous",
        number=number.e164,
        candidates=candidates,
    )
