"""``survey``: ask for a score from 1 to 5; the engine keeps it with the call."""

from typing import ClassVar, Final

from cti.core import user_events
from ivr.flow.call import Call
from ivr.flow.effects import Collect, Tell
from ivr.flow.model import Flow, Goto, NodeId, Prompts, Question, Script, do, register
from ivr.secret import Secret

SCORES: Final = "12345"


@register
class SurveyNode(Question, frozen=True, kw_only=True, tag="survey"):
    targets: ClassVar[tuple[str, ...]] = ("next", "failed")

    next: NodeId

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        score: str | Goto = yield from self.ask(flow, call, self._collect, self._accept)
        if isinstance(score, Goto):
            return score
        answered = user_events.SurveyAnswered(call_id=call.call_id, score=int(score))
        yield from do(Tell(event=answered))
        return Goto(self.next)

    def _accept(self, digits: Secret) -> str | None:
        score = digits.reveal()
        return score if score in [*SCORES] else None

    def _collect(self, prompts: Prompts, typed: Secret) -> Collect:
        return Collect(
            prompts=prompts,
            most=1,
            wait=self.wait,
            between=self.between,
            finish="",
            clear="",
            typed=typed,
        )
