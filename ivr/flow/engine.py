"""Walks one call through one flow: results in, effects out.  No I/O, no clock.

``start()`` and ``answer(result)`` return the next effect; after :class:`End` the engine is done.
``recognised()`` may come at any time in between and returns effects of its own.
"""

from typing import Final

import msgspec

from crm_lookup.model import Recognition
from cti.core import channel_vars, user_events
from ivr.errors import FlowEngineError, FlowLoopError
from ivr.flow.call import Call
from ivr.flow.effects import AnyEffect, Collect, End, Result, SetVariables, Tell
from ivr.flow.model import Flow, Script, do

MOST_SILENT_NODES: Final = 50
"""Nodes that may follow each other without a question to the caller."""

MOST_NODES: Final = 1000
"""Nodes that one call may visit; a caller with a stuck key gets a person then."""


class FlowEngine:
    """One call in one flow."""

    def __init__(self, flow: Flow, call: Call) -> None:
        self.flow: Final = flow
        self.call: Final = call
        self.node = flow.start
        self.ended = False
        self._silent = 0
        self._visited = 0
        self._script: Script[None] = self._walk()
        self._waiting: AnyEffect | None = None

    def start(self) -> AnyEffect:
        """Return the first effect."""
        if self._waiting is not None or self.ended:
            raise FlowEngineError("start() was called twice; make an engine for each call")
        return self._take(next(self._script, None))

    def answer(self, result: Result) -> AnyEffect:
        """Take the result of the last effect and return the next one.

        Raises :class:`FlowEngineError` after the end or before the start, and
        :class:`FlowLoopError` when the flow runs in circles.
        """
        if self._waiting is None:
            raise FlowEngineError("no effect waits for an answer; call start() first, once")
        if isinstance(self._waiting, Collect):
            self._silent = 0
        self._waiting = None
        try:
            return self._take(self._script.send(result))
        except StopIteration:
            return self._take(None)

    def recognised(self, recognition: Recognition, segment: str) -> tuple[AnyEffect, ...]:
        """Take what the look-up of the caller's number found (``segment`` empty if unknown)."""
        call = self.call
        call.recognition = recognition
        customer = recognition.customer_id
        told = Tell(
            event=user_events.Recognised(
                call_id=call.call_id,
                status=recognition.status,
                customer_id=customer or "",
                segment=segment,
            )
        )
        if customer is None or call.verified == "pin":
            return (told,)
        call.customer_id, call.verified, call.segment = customer, "number", segment
        values = ((channel_vars.CUSTOMER, str(customer)), (channel_vars.VERIFIED, "number"))
        return (SetVariables(values=values), told)

    def _take(self, effect: AnyEffect | None) -> AnyEffect:
        if effect is None:
            raise FlowEngineError("the flow ended without saying what comes next")
        self.ended = isinstance(effect, End)
        if isinstance(
            effect, End
        ):  # before it, the CTI engine builds the path from what it is told
            path = (channel_vars.MENU_PATH, self.call.menu_path)
            effect = msgspec.structs.replace(effect, values=(*effect.values, path))
        self._waiting = None if self.ended else effect
        return effect

    def _walk(self) -> Script[None]:
        while True:
            self._count()
            node = self.flow.nodes[self.node]
            if node.topic:
                self.call.topic = node.topic
            self.call.enter(self.node, self.flow.name, is_item=bool(node.resume))
            yield from do(
                Tell(
                    event=user_events.NodeEntered(
                        call_id=self.call.call_id,
                        flow=self.flow.name,
                        node=self.node,
                        language=self.call.language,
                    )
                )
            )
            goto = yield from node.run(self.flow, self.call)
            if goto is None:
                return
            self.node = goto.target

    def _count(self) -> None:
        self._silent += 1
        self._visited += 1
        if self._silent > MOST_SILENT_NODES or self._visited > MOST_NODES:
            raise FlowLoopError(
                f"flow {self.flow.name!r} goes round at node {self.node!r} "
                f"({self._visited} nodes visited); put a question into the circle"
            )
