"""The names of all requests, and the type of each one's answer: one table for all adapters."""

from typing import Any, Final, get_args

import msgspec

from crm_lookup.bank import requests as q
from crm_lookup.bank.requests import Order, Request


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """In URLs, the audit and metrics."""
    request: type[Request[Any]]
    reply: type[Any]
    local: bool = False
    """Never passed to a core."""

    @property
    def is_order(self) -> bool:
        return issubclass(self.request, Order)


def _operation(name: str, request: type[Request[Any]], *, local: bool = False) -> Operation:
    base = request.__orig_bases__[0]  # type: ignore[attr-defined] # what Generic leaves behind
    return Operation(name=name, request=request, reply=get_args(base)[0], local=local)


OPERATIONS: Final = (
    _operation("accounts", q.AccountInquiry),
    _operation("transactions", q.TransactionInquiry),
    _operation("card-bills", q.CardBillInquiry),
    _operation("loans", q.LoanInquiry),
    _operation("deposits", q.DepositInquiry),
    _operation("transfer-limits", q.TransferLimitInquiry),
    _operation("cards", q.CardInquiry),
    _operation("card-orders", q.CardOrderInquiry),
    _operation("exchange-rates", q.ExchangeRateInquiry),
    _operation("deposit-rates", q.DepositRateInquiry),
    _operation("branches", q.BranchInquiry),
    _operation("block-card", q.BlockCard),
    _operation("activate-card", q.ActivateCard),
    _operation("change-pin", q.ChangePin, local=True),
    _operation("request-statement", q.RequestStatement),
    _operation("register-complaint", q.RegisterComplaint),
)

_BY_TYPE: Final = {operation.request: operation for operation in OPERATIONS}


def operation_of(request: Request[Any]) -> Operation:
    """Return the operation that ``request`` belongs to."""
    return _BY_TYPE[type(request)]
