"""What the bank can be asked for, as data: one record each, with the type of its answer.

An :class:`Inquiry` changes nothing; an :class:`Order` does, is idempotent and audited.  Requests
print only their names, because they may carry a card number or a PIN.
"""

import re
from typing import Annotated, ClassVar, Final, Generic, Literal, TypeAlias, TypeVar

import msgspec

from crm_lookup.bank import records as r
from crm_lookup.model import CustomerId

ReplyT_co = TypeVar("ReplyT_co", covariant=True)

Level: TypeAlias = Literal["none", "number", "pin"]
"""How surely it is known who asks; the telephone number alone never opens anything."""
Day: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
CARD_NUMBER: Final = r"^[0-9]{12,19}$"
Topic: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,23}$")]


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """On whose behalf the bank is asked; goes into the audit."""

    customer_id: CustomerId | None
    """``None``: not known, or not to be believed."""
    level: Level
    channel: Literal["phone", "agent"] = "phone"
    call_id: str


class Request(msgspec.Struct, Generic[ReplyT_co], frozen=True, kw_only=True):
    """Base of everything that can be asked; the parameter is the type of the answer."""

    needs: ClassVar[Level] = "pin"
    """The least level at which it is answered."""

    def level(self) -> Level:
        """Return the least level that this very request demands."""
        return self.needs

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Inquiry(Request[ReplyT_co], Generic[ReplyT_co], frozen=True, kw_only=True):
    """Changes nothing; may be asked again at will."""


class Order(Request[ReplyT_co], Generic[ReplyT_co], frozen=True, kw_only=True):
    """Changes something: carried out once for each key, whatever is sent again."""

    def subject(self) -> str:
        """Return what it is about, for the key; may be secret, so it is only ever hashed."""
        raise NotImplementedError

    def shown(self) -> str:
        """Return what it is about for the audit, without secrets."""
        return self.subject()


# Inquiries -------------------------------------------------------------------------------------


class AccountInquiry(Inquiry[r.Accounts], frozen=True, kw_only=True):
    """The balance of each account."""


class TransactionInquiry(Inquiry[r.TransactionPage], frozen=True, kw_only=True):
    """The last transactions, page by page, the newest first."""

    account_id: str | None = None
    """``None``: all accounts of the customer together."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 5
    after: str | None = None
    """``next`` of the page before."""


class CardBillInquiry(Inquiry[r.CardBills], frozen=True, kw_only=True):
    """The last bill of each credit card."""


class LoanInquiry(Inquiry[r.Loans], frozen=True, kw_only=True):
    """Loans and when the next instalment is due."""


class DepositInquiry(Inquiry[r.Deposits], frozen=True, kw_only=True):
    """Term deposits and when they mature."""


class TransferLimitInquiry(Inquiry[r.TransferLimits], frozen=True, kw_only=True):
    """How much the customer may transfer, by channel."""


class CardInquiry(Inquiry[r.Cards], frozen=True, kw_only=True):
    """The customer's cards, to choose one for blocking or activation."""


class CardOrderInquiry(Inquiry[r.CardOrders], frozen=True, kw_only=True):
    """How far new cards are."""


class ExchangeRateInquiry(Inquiry[r.ExchangeRates], frozen=True, kw_only=True):
    """Today's exchange rates; public."""

    needs: ClassVar[Level] = "none"

    currency: str | None = None
    """ISO 4217; ``None``: all."""


class DepositRateInquiry(Inquiry[r.DepositRates], frozen=True, kw_only=True):
    """Today's deposit rates by term; public."""

    needs: ClassVar[Level] = "none"

    currency: str = "CNY"


class BranchInquiry(Inquiry[r.Branches], frozen=True, kw_only=True):
    """Branches with their hours; public.  Give one of the two codes, or none for all."""

    needs: ClassVar[Level] = "none"

    city_code: str | None = None
    branch_code: str | None = None

    def __post_init__(self) -> None:
        if self.city_code and self.branch_code:
            message = "give city_code or branch_code, not both"
            raise ValueError(message)


# Orders ----------------------------------------------------------------------------------------


class BlockCard(Order[r.Receipt], frozen=True, kw_only=True):
    """Block a lost or stolen card at once.  Give one of the two.

    By ``card_id`` after the PIN: the card counts as lost and is replaced.  By ``card_number``
    without any proof: an emergency block, which a branch can lift again.  The answer to a number
    that is no card of the bank looks the same, so that nobody can try numbers.
    """

    card_id: str | None = None
    card_number: Annotated[str, msgspec.Meta(pattern=CARD_NUMBER)] | None = None
    reason: Literal["lost", "stolen", "fraud"] = "lost"

    def __post_init__(self) -> None:
        if (self.card_id is None) == (self.card_number is None):
            message = "give card_id or card_number, exactly one"
            raise ValueError(message)

    def level(self) -> Level:
        return "none" if self.card_id is None else "pin"

    def subject(self) -> str:
        return self.card_id or self.card_number or ""

    def shown(self) -> str:
        return self.card_id or f"card number …{(self.card_number or '')[-4:]}"


def is_block_subject(order: BlockCard) -> bool:
    """Tell whether a card number, if one is given, can be one, whatever core will be asked."""
    number = order.card_number
    return number is None or re.fullmatch(CARD_NUMBER, number) is not None


class ActivateCard(Order[r.Receipt], frozen=True, kw_only=True):
    """Make a new card work."""

    card_id: str

    def subject(self) -> str:
        return self.card_id


class ChangePin(Order[r.Receipt], frozen=True, kw_only=True):
    """Give the customer a new telephone PIN; weak ones are refused (``weak_pin``).

    Never leaves this program: the PIN is ours, not the core's.
    """

    new_pin: str

    def subject(self) -> str:
        return ""  # a hash of six digits would be as good as the PIN itself


class RequestStatement(Order[r.Receipt], frozen=True, kw_only=True):
    """Send a statement of an account."""

    account_id: str
    first_day: Day
    last_day: Day
    delivery: Literal["email", "post", "app"] = "app"

    def subject(self) -> str:
        return f"{self.account_id} {self.first_day}…{self.last_day} {self.delivery}"


class RegisterComplaint(Order[r.Receipt], frozen=True, kw_only=True):
    """Note a complaint; everybody may complain, known or not."""

    needs: ClassVar[Level] = "none"

    topic: Topic
    wants_call: bool = True
    """Whether the bank shall phone back."""

    def subject(self) -> str:
        return self.topic
