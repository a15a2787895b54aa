"""``account_action``: have the bank do something, e.g. block a card or change the PIN."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from crm_lookup.bank.errors import Reason
from crm_lookup.model import AccountBalance
from cti.core import user_events
from ivr.bank_services import ACTIONS, Action
from ivr.flow.call import Call
from ivr.flow.effects import ReadBalances, ServiceFailed, Tell
from ivr.flow.kinds.bank import ask_bank
from ivr.flow.model import Flow, Goto, Node, NodeId, Prompts, Script, do, register, say
from ivr.ports import Answer
from ivr.prompt_ids import PromptId

NO_ACCOUNTS: Final = PromptId("no_accounts")


@register
class AccountNode(Node, frozen=True, kw_only=True, tag="account_action"):
    targets: ClassVar[tuple[str, ...]] = ("next", "refused", "failed")
    target_maps: ClassVar[tuple[str, ...]] = ("refusals",)
    texts: ClassVar[tuple[str, ...]] = ("prompts", "unavailable")

    action: Action
    next: NodeId
    refused: NodeId = ""
    """Where the caller goes if the bank does not do that; default: as if it failed."""
    refusals: Mapping[Reason, NodeId] = {}
    """Where the caller goes instead, by the bank's reason."""
    failed: NodeId
    unavailable: Prompts
    """The apology when the service fails."""

    @property
    def needs_pin(self) -> bool:
        """Whether only callers who showed the PIN may have it done."""
        return ACTIONS[self.action].needs_pin

    @property
    def gives(self) -> frozenset[str]:
        """Names of the values that are known afterwards."""
        return ACTIONS[self.action].gives

    def ways(self, pin: bool) -> Iterator[tuple[str, NodeId, bool]]:
        if pin or not self.needs_pin:
            yield "next", self.next, pin
            if self.refused:
                yield "refused", self.refused, pin
            for reason, target in self.refusals.items():
                yield reason, target, pin
        yield "failed", self.failed, pin

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        if self.needs_pin and (call.verified != "pin" or call.customer_id is None):
            return Goto(self.failed)  # a flow that leaves the PIN out must not open an account
        if self.action == "balance":
            return (yield from self._balance(flow, call))
        if goto := (yield from say(flow, call, self.prompts)):
            return goto
        answer = yield from ask_bank(call, self.action)
        if isinstance(answer, Answer) and answer.outcome == "ok":
            return Goto(self.next)
        if isinstance(answer, Answer):
            reason = answer.reason or "bad_request"
            if target := self.refusals.get(reason, self.refused):
                return Goto(target)
        return (yield from say(flow, call, self.unavailable)) or Goto(self.failed)

    def _balance(self, flow: Flow, call: Call) -> Script[Goto | None]:
        if call.customer_id is None:
            return Goto(self.failed)
        found = yield from do(ReadBalances(customer_id=call.customer_id))
        outcome = "failed" if isinstance(found, ServiceFailed) else "ok"
        yield from do(
            Tell(
                event=user_events.ServiceDone(
                    call_id=call.call_id, service=self.action, outcome=outcome
                )
            )
        )
        if isinstance(found, ServiceFailed):
            return (yield from say(flow, call, self.unavailable)) or Goto(self.failed)
        prompts = self.prompts + (
            tuple(piece for account in found.accounts for piece in sentence(call, account))
            or (NO_ACCOUNTS,)
        )
        return (yield from say(flow, call, prompts)) or Goto(self.next)


def sentence(call: Call, account: AccountBalance) -> Prompts:
    """Return what is said of one account."""
    return call.reader.balance(
        kind=account.kind,
        tail=account.tail,
        minor=account.balance,
        currency=account.currency,
        language=call.language,
    )
