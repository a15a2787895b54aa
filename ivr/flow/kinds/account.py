"""``account_action``: do something with the accounts of the customer who showed the PIN."""

from collections.abc import Iterator
from typing import ClassVar, Final, Literal

from crm_lookup.model import AccountBalance
from cti.core import user_events
from ivr.flow.call import Call
from ivr.flow.effects import ReadBalances, ServiceFailed, Tell
from ivr.flow.model import Flow, Goto, Node, NodeId, Prompts, Script, do, register, say
from ivr.prompt_ids import PromptId

NO_ACCOUNTS: Final = PromptId("no_accounts")


@register
class AccountNode(Node, frozen=True, kw_only=True, tag="account_action"):
    targets: ClassVar[tuple[str, ...]] = ("next", "failed")
    texts: ClassVar[tuple[str, ...]] = ("prompts", "unavailable")

    action: Literal["balance"]
    next: NodeId
    failed: NodeId
    unavailable: Prompts
    """The apology when the accounts cannot be read now."""

    def ways(self, pin: bool) -> Iterator[tuple[str, NodeId, bool]]:
        if pin:
            yield "next", self.next, True
        yield "failed", self.failed, pin

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        if call.verified != "pin" or call.customer_id is None:
            return Goto(self.failed)  # a flow that leaves the PIN out must not open an account
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
