"""What can go wrong when the bank's services are asked; messages name no card and no PIN.

Two kinds matter to a menu: :class:`BankRefusedError` (the bank said no, and why) and
:class:`BankUnavailableError` (nobody knows: apologise and give the caller a person).
"""

from typing import Literal, TypeAlias

from crm_lookup.errors import CrmError

Reason: TypeAlias = Literal[
    "not_verified",  # the caller has not shown the PIN, which this demands
    "no_such_card",  # not one of this customer's cards
    "no_such_account",  # not one of this customer's accounts
    "card_not_inactive",  # only a new card can be activated
    "card_not_usable",  # expired
    "weak_pin",  # too easy to guess
    "bad_cursor",  # not a cursor of this list
    "bad_request",  # a field has a value that cannot be
    "key_reused",  # the same key came before with other contents
    "too_many",  # more orders of this kind in one call than is sensible
]
"""Why the bank said no."""


class BankError(CrmError):
    """Base of what the bank's services raise."""


class BankRefusedError(BankError):
    """The bank said no, and would say it again; nothing was changed."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


class BankUnavailableError(BankError):
    """The bank's core gave no usable answer; an order may or may not have been carried out.

    Asking again with the same key is safe.
    """


class BankTooSlowError(BankUnavailableError):
    """No answer within the deadline."""


class BankBrokenError(BankUnavailableError):
    """The core answered something that is not in its description; its maker must repair it."""


class BankRestingError(BankUnavailableError):
    """The core failed so often that it is left alone for a while."""


class BankLoginError(BankUnavailableError):
    """The core does not accept our token or certificate; the operator must set them right."""


class AuditError(BankUnavailableError):
    """The order was not passed on, because it could not be written into the audit."""
