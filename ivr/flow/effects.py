"""What a flow wants done, and what it is told in return.

The engine yields one effect after the other; a driver (telephone, simulator, test) carries it out
and answers with the effect's result.  An effect whose result is ``None`` needs no answer.
"""

from typing import Generic, Literal, TypeAlias, TypeVar

import msgspec

from crm_lookup.model import AccountBalance, CustomerId
from cti.core.events import VerifiedLevel
from cti.core.routing import Decision
from cti.core.user_events import UserEvent
from ivr.flow.calendar import Moment
from ivr.ports import Answer, Facts, MenuPlace, PinOutcome
from ivr.prompt_ids import Language, PromptId
from ivr.secret import Secret

ResultT_co = TypeVar("ResultT_co", covariant=True)

BARGE_IN: str = "0123456789*"
"""Keys that end a prompt.  ``#`` only ends an input: many press it after their PIN by habit."""


class Keyed(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller keyed.

    ``full``: as many keys as were asked for; ``finished``: ended by ``#``; ``cleared``: ended by
    ``*``, begin again; ``timeout``: nothing more came.
    """

    digits: Secret = Secret()
    ended: Literal["full", "finished", "cleared", "timeout"] = "timeout"


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A PIN check ended; the customer is named only when the PIN was right."""

    outcome: PinOutcome
    customer_id: CustomerId | None = None
    segment: str = ""


class Balances(msgspec.Struct, frozen=True, kw_only=True):
    accounts: tuple[AccountBalance, ...]


class ServiceFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A service raised or was too slow; the driver has logged why."""

    service: str


class Claim(msgspec.Struct, frozen=True):
    """Whom the caller claims to be: one of the following three."""


class CardClaim(Claim, frozen=True):
    """The caller keyed a card number."""

    digits: Secret


class TailClaim(Claim, frozen=True):
    """The caller keyed the last four digits of a card, of somebody with the calling number."""

    tail: Secret
    number: str
    """E.164; empty if the number names nobody, or was not sent."""


class CallerClaim(Claim, frozen=True):
    """The caller says that the calling number is theirs; ``None`` if it names nobody."""

    customer_id: CustomerId | None


class Effect(msgspec.Struct, Generic[ResultT_co], frozen=True, kw_only=True):
    """Base of all effects; the parameter is the type of the result."""


class Play(Effect[str | None], frozen=True, kw_only=True):
    """Play prompts; one of ``keys`` ends them and is the result."""

    prompts: tuple[PromptId, ...]
    keys: str = BARGE_IN


class Collect(Effect[Keyed], frozen=True, kw_only=True):
    """Play prompts and take keys; the first key ends the prompts.

    ``wait`` and ``between`` are the seconds for the first and for each further key.  ``typed`` was
    keyed before: with it no prompt is played.  Keys outside ``keys`` are ignored; ``finish`` and
    ``clear`` end the input and are not part of it.
    """

    prompts: tuple[PromptId, ...]
    most: int
    wait: float
    between: float
    keys: str = "0123456789"
    finish: str = "#"
    clear: str = "*"
    typed: Secret = Secret()


class KnowCaller(Effect[None], frozen=True, kw_only=True):
    """The flow now needs what the look-up of the number found; wait for its deadline at most."""


class CheckPin(Effect[Checked | ServiceFailed], frozen=True, kw_only=True):
    """Find whom the caller claims to be and check the PIN, in a time that tells nothing."""

    claim: Claim
    pin: Secret


class ReadBalances(Effect[Balances | ServiceFailed], frozen=True, kw_only=True):
    customer_id: CustomerId


class AskBank(Effect[Answer | ServiceFailed], frozen=True, kw_only=True):
    """Ask a service of :mod:`ivr.bank_services` by its name."""

    service: str
    facts: Facts


class FindPlace(Effect[MenuPlace | None], frozen=True, kw_only=True):
    """Where did the customer's last call break off, if it did lately?"""

    customer_id: CustomerId


class ForgetPlace(Effect[None], frozen=True, kw_only=True):
    """The customer was asked about that place; do not ask again."""

    customer_id: CustomerId


class Route(Effect[Decision], frozen=True, kw_only=True):
    """Decide by the bank's rules, and the time, where this caller waits."""

    segment: str
    topic: str
    verified: VerifiedLevel
    language: Language
    dnis: str
    default_queue: str
    forced_queue: str | None = None
    closed: frozenset[str] = frozenset()
    """Queues that take no new callers; the driver knows."""
    customer_id: CustomerId | None = None
    """Whose last agent a rule may prefer."""


class AskTime(Effect[Moment], frozen=True, kw_only=True):
    """What time is it for the bank, and what kind of day?"""


class SetVariables(Effect[None], frozen=True, kw_only=True):
    """Set channel variables; names as in :mod:`cti.core.channel_vars`."""

    values: tuple[tuple[str, str], ...]


class SetLanguage(Effect[None], frozen=True, kw_only=True):
    language: Language


class Tell(Effect[None], frozen=True, kw_only=True):
    """Tell the CTI engine."""

    event: UserEvent


NextAct: TypeAlias = Literal["queue", "hangup", "voicemail", "transfer"]
"""What the dialplan does after the menu."""


class End(Effect[None], frozen=True, kw_only=True):
    """The flow is over: set the variables, then ``HOTLINE_NEXT`` as the very last act."""

    next: NextAct
    values: tuple[tuple[str, str], ...] = ()


AnyEffect: TypeAlias = (
    Play
    | Collect
    | KnowCaller
    | CheckPin
    | ReadBalances
    | AskBank
    | FindPlace
    | ForgetPlace
    | Route
    | AskTime
    | SetVariables
    | SetLanguage
    | Tell
    | End
)
Result: TypeAlias = (
    str
    | Keyed
    | Checked
    | Balances
    | Answer
    | ServiceFailed
    | MenuPlace
    | Decision
    | Moment
    | None
)
