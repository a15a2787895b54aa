"""What the voice menu and the dialplan tell the engine through Asterisk's ``UserEvent``.

The menu encodes a record as the argument of the ``UserEvent`` application, the engine decodes the
headers of the AMI event.  Values are percent-encoded: a comma, a colon or a line break in a value
could otherwise forge another header.
"""

from typing import Final, Literal, TypeVar
from urllib.parse import quote, unquote

import msgspec

_PREFIX: Final = "Hotline"


class UserEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all records; the class name without more is the event's name."""

    call_id: str


class Recognised(UserEvent, frozen=True, kw_only=True):
    """The caller's number was looked up; ``status`` as in ``crm_lookup.model.Recognition``."""

    status: str
    customer_id: str = ""
    segment: str = ""


class Verified(UserEvent, frozen=True, kw_only=True):
    """A PIN check ended; ``outcome`` is ``ok``, ``wrong`` or ``locked``."""

    outcome: str
    customer_id: str = ""
    level: str = "none"
    segment: str = ""


class NodeEntered(UserEvent, frozen=True, kw_only=True):
    """The caller reached a node of a flow."""

    flow: str
    node: str
    language: str


class ServiceDone(UserEvent, frozen=True, kw_only=True):
    """A self-service request ended; ``outcome`` is ``ok``, ``refused`` or ``failed``."""

    service: str
    outcome: str


class SurveyAnswered(UserEvent, frozen=True, kw_only=True):
    """The caller gave a score from 1 (bad) to 5 (good) after the call."""

    score: int


class VoicemailLeft(UserEvent, frozen=True, kw_only=True):
    """The caller left a message; it is kept under the call's id."""

    seconds: int


class TurnedAway(UserEvent, frozen=True, kw_only=True):
    """The caller wanted a person, and that queue is closed."""

    queue: str


class Routed(UserEvent, frozen=True, kw_only=True):
    """The routing rules sent the caller to a queue.

    ``reasons`` are codes joined by commas, ``steps`` as in :func:`cti.core.routing.encode_steps`.
    """

    rule: str
    queue: str
    priority: int
    reasons: str = ""
    steps: str = ""


class MenuEnded(UserEvent, frozen=True, kw_only=True):
    """The menu set its last variable; ``next`` as in :data:`channel_vars.NEXT`."""

    next: str


class MenuLost(UserEvent, frozen=True, kw_only=True):
    """The dialplan noticed a dead, frozen or unreachable menu; ``cause`` is AGISTATUS or T."""

    cause: str


class QueueLeft(UserEvent, frozen=True, kw_only=True):
    """``Queue()`` returned with the caller still there; ``status`` is QUEUESTATUS.

    Without it a time-out cannot be told from an abandoned call: ``app_queue`` publishes
    ``QueueCallerAbandon`` for both.
    """

    queue: str
    status: str


class Transferred(UserEvent, frozen=True, kw_only=True):
    """The customer leaves the agent; ``kind`` as in :class:`cti.core.events.CallTransferred`."""

    kind: Literal["queue", "agent", "attended"]
    target: str


class TransferFailed(UserEvent, frozen=True, kw_only=True):
    """The target of a transfer did not answer; ``status`` is DIALSTATUS."""

    target: str
    status: str


class AgentCalled(UserEvent, frozen=True, kw_only=True):
    """The phone of a transfer's or consultation's target is being called; on that leg."""

    target: str


class AgentAnswered(UserEvent, frozen=True, kw_only=True):
    """That phone was answered; on that leg."""

    target: str


class ConsultStarted(UserEvent, frozen=True, kw_only=True):
    """The agent calls a colleague while the customer waits; on the agent's leg."""

    target: str


class ConsultEnded(UserEvent, frozen=True, kw_only=True):
    """The agent goes back to the customer; on the agent's leg."""

    target: str
    status: str


class ConferenceStarted(UserEvent, frozen=True, kw_only=True):
    """The customer joins the two agents."""


class CallbackAsked(UserEvent, frozen=True, kw_only=True):
    """The caller has left the queue and confirmed a number; waits to hear that it is noted."""

    number: str
    """In E.164.  Direct personal data: it never becomes part of a domain event."""


class CallbackDeclined(UserEvent, frozen=True, kw_only=True):
    """The caller goes back to the queue, and should get the old place there."""


class CallbackMissed(UserEvent, frozen=True, kw_only=True):
    """A try was not answered; ``call_id`` is the key that its call would have had."""

    status: str


class CallbackAnswered(UserEvent, frozen=True, kw_only=True):
    """The customer answered; on the customer's own leg."""


KINDS: Final[dict[str, type[UserEvent]]] = {
    _PREFIX + kind.__name__: kind
    for kind in (
        Recognised,
        Verified,
        NodeEntered,
        ServiceDone,
        SurveyAnswered,
        VoicemailLeft,
        Routed,
        TurnedAway,
        MenuEnded,
        MenuLost,
        QueueLeft,
        Transferred,
        TransferFailed,
        AgentCalled,
        AgentAnswered,
        ConsultStarted,
        ConsultEnded,
        ConferenceStarted,
        CallbackAsked,
        CallbackDeclined,
        CallbackMissed,
        CallbackAnswered,
    )
}

_T = TypeVar("_T", bound=UserEvent)


def encode(event: UserEvent) -> str:
    """Return the argument for ``EXEC UserEvent``: ``HotlineServiceDone,service:balance,…``."""
    fields = msgspec.structs.asdict(event)
    pairs = (f"{name}:{quote(str(value), safe='>')}" for name, value in fields.items())
    return ",".join((_PREFIX + type(event).__name__, *pairs))


def decode(name: str, headers: dict[str, str]) -> UserEvent | None:
    """Return the record that AMI headers (names in lower case) hold.

    ``None`` means that the user event is not one of ours.  A record with a missing or mistyped
    field raises :class:`msgspec.ValidationError`.
    """
    kind = KINDS.get(name)
    if kind is None:
        return None
    fields = {}
    for name in kind.__struct_fields__:
        value = headers.get(name)
        if value is not None:
            fields[name] = unquote(value) if "%" in value else value
    return msgspec.convert(fields, kind, strict=False)
