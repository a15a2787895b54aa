"""How requests, answers and refusals travel over HTTP; shared by adapter and reference server.

``POST /v1/NAME`` with a :class:`Question` as JSON; 200 with the operation's answer, 4xx with a
:class:`Problem`.  Nothing personal stands in an address, because addresses are logged.
"""

from typing import Any, Final

import msgspec

from crm_lookup.bank.errors import Reason
from crm_lookup.bank.operations import OPERATIONS, Operation
from crm_lookup.bank.requests import Asker

PREFIX: Final = "/v1/"
HEALTH: Final = "/v1/health"
KEY_HEADER: Final = "Idempotency-Key"
MOST_BYTES: Final = 1_000_000
"""An answer or a question that is longer is not read."""

REMOTE: Final = tuple(operation for operation in OPERATIONS if not operation.local)
"""What a core must serve."""

STATUS: Final[dict[Reason, int]] = {
    "not_verified": 403,
    "no_such_card": 404,
    "no_such_account": 404,
    "key_reused": 409,
    "card_not_inactive": 422,
    "card_not_usable": 422,
    "weak_pin": 422,
    "bad_cursor": 422,
    "bad_request": 422,
    "too_many": 422,
}
"""Refusal → HTTP status; the reason in the body is what counts."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent for one operation; ``request`` is that operation's record."""

    asker: Asker
    request: Any


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why the bank said no."""

    reason: Reason
    message: str = ""
    """For the log; never read to a customer."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of ``GET /v1/health``."""

    ok: bool
    detail: str = ""


def question_type(operation: Operation) -> Any:
    """Return the type of the body that asks for ``operation``."""
    return _QUESTIONS[operation.name]


_QUESTIONS: Final[dict[str, Any]] = {
    operation.name: msgspec.defstruct(
        f"{operation.request.__name__}Question",
        [("asker", Asker), ("request", operation.request)],
        frozen=True,
        kw_only=True,
    )
    for operation in REMOTE
}
