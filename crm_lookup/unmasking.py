"""Looking at what is masked: who may, with which reason, and the line that stays of it.

Every try leaves a line in the audit before the value leaves, refused ones as well; if the line
cannot be written, nothing is shown.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal, Protocol, TypeAlias

import msgspec

from crm_lookup.errors import CrmError
from crm_lookup.masking import FIELDS, LEVELS, VIEWERS, may_ask, view
from crm_lookup.model import CustomerId, Held, PersonalLine

LEAST_REASON: Final = 4
"""Characters of a reason; in Chinese they say something."""
MOST_REASON: Final = 200

Action: TypeAlias = Literal["unmask", "export", "erase"]
Outcome: TypeAlias = Literal["shown", "refused", "done"]
Why: TypeAlias = Literal["not_allowed", "no_reason", "nothing_there"]

OnPage: TypeAlias = Literal["name", "phone", "id_number", "birth_year", "address", "email"]
_ON_PAGE: Final[tuple[OnPage, ...]] = (
    *("name", "phone", "id_number", "birth_year", "address", "email"),
)


class LookRefusedError(CrmError):
    """The value is not shown; ``why`` tells the page what to say."""

    def __init__(self, why: Why) -> None:
        said = {
            "not_allowed": "the role may not see this field at this level of verification",
            "no_reason": f"give a reason of at least {LEAST_REASON} characters",
            "nothing_there": "the bank holds no such value",
        }
        super().__init__(said[why])
        self.why: Why = why


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit; holds no personal data."""

    at: float
    """Epoch seconds."""
    actor: str
    """Login, or the system's user."""
    role: str
    action: Action
    customer_id: str
    field: str
    level: str
    reason: str
    call_id: str
    outcome: Outcome


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants to see one field of a customer."""

    actor: str
    role: str
    level: str
    """What the call is verified by."""
    customer_id: str
    field: str
    reason: str
    call_id: str


class PersonalData(Protocol):
    """Where the values are."""

    async def held(self, customer_id: CustomerId) -> Held | None:
        """Return the personal data in clear; ``None`` if there is no such customer."""


class LookAudit(Protocol):
    """Where the lines go; nothing is ever changed or taken out."""

    async def note_look(self, look: Look) -> None:
        """Store durably before returning; raise whatever prevents it."""


class MemoryLooks:
    """The audit in a list, for tests."""

    def __init__(self) -> None:
        self.looks: list[Look] = []

    async def note_look(self, look: Look) -> None:
        self.looks.append(look)

    def newest(self) -> Sequence[Look]:
        return self.looks[::-1]


class Unmasker:
    """Gives one value for a reason, or refuses."""

    def __init__(self, data: PersonalData, audit: LookAudit, clock: Callable[[], float]) -> None:
        self._data = data
        self._audit = audit
        self._clock = clock

    async def show(self, wish: Wish) -> str:
        """Return the whole value; raises :class:`LookRefusedError`, noted as well."""
        reason = " ".join(wish.reason.split())[:MOST_REASON]
        field = next((known for known in FIELDS if known == wish.field), None)
        why: Why | None = None
        value = ""
        if field is None or not may_ask(field, wish.role, wish.level):
            why = "not_allowed"
        elif sum(letter.isalnum() for letter in reason) < LEAST_REASON:
            why = "no_reason"
        else:
            held = await self._data.held(CustomerId(wish.customer_id))
            value = getattr(held, field, "")
            why = None if value else "nothing_there"
        await self._audit.note_look(
            Look(
                at=self._clock(),
                actor=wish.actor,
                role=wish.role if wish.role in VIEWERS else "none",
                action="unmask",
                customer_id=wish.customer_id[:32],
                field=field or "unknown",
                level=wish.level if wish.level in LEVELS else "none",
                reason=reason,
                call_id=wish.call_id[:64],
                outcome="refused" if why else "shown",
            )
        )
        if why is not None:
            raise LookRefusedError(why)
        return value


def personal_lines(held: object, *, viewer: str, level: str) -> tuple[PersonalLine, ...]:
    """Return what of a customer's personal data one viewer sees at once."""
    if not isinstance(held, Held):
        return ()
    lines = []
    for field in _ON_PAGE:
        value = getattr(held, field)
        shown = view(field, value, viewer=viewer, level=level, family_name=held.family_name)
        if value:
            asks = shown != value and may_ask(field, viewer, level)
            lines.append(PersonalLine(field=field, shown=shown, on_request=asks))
    return tuple(lines)
