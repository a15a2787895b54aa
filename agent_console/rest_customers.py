"""HTTP requests about a caller whom nobody knows: search, link the call's number, new prospect.

Agents search for the caller whom they have; leaders and above also without a call.  What is found
is masked, searches are limited for each person, and each leaves a line in the audit.
"""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from agent_console.errors import CommandRefusedError
from agent_console.guard import Endpoint, body_of, json_answer, refuse
from agent_console.hub import Hub
from agent_console.messages import CandidateCard, Pop
from agent_console.ports import Clock, CustomerDesk, EnginePort, LookupAudit
from agent_console.rest_messages import CallerChoice, CustomerQuery, NewProspect
from agent_console.security import RateLimit
from agent_console.sign_in import Visitor
from agent_console.store.lookups import Action, Lookup

SEARCHES: Final = 20
"""Searches of one person at once; one more comes every :data:`SEARCH_REFILL_S`."""
SEARCH_REFILL_S: Final = 6.0
_SHORTEST_NAME: Final = 2


class Customers:
    """The handlers and their endpoints."""

    def __init__(
        self, engine: EnginePort, hub: Hub, desk: CustomerDesk, audit: LookupAudit, clock: Clock
    ) -> None:
        self._engine = engine
        self._hub = hub
        self._desk = desk
        self._audit = audit
        self._clock = clock
        self._limit = RateLimit(SEARCHES, SEARCH_REFILL_S)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the routes."""
        return (
            Endpoint(
                method="POST",
                path="/api/customers/search",
                handler=self._search,
                summary="Customers with this name, number or both, and card tail; masked, at most "
                "20. Agents name a call that they have. Written to the audit.",
                body=CustomerQuery,
                answer=list[CandidateCard],
                problems=(HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS),
            ),
            Endpoint(
                method="POST",
                path="/api/calls/{call_id}/customer",
                handler=self._link,
                summary="Say that this customer is calling: the call's number is remembered for "
                "them, and the pop gets their brief. No proof of identity.",
                body=CallerChoice,
                answer=CandidateCard,
                problems=(HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE),
            ),
            Endpoint(
                method="POST",
                path="/api/calls/{call_id}/prospect",
                handler=self._create,
                summary="Make a prospect of a caller who is no customer, with the call's number.",
                body=NewProspect,
                answer=CandidateCard,
                problems=(HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE),
            ),
        )

    async def _search(self, request: Request, visitor: Visitor) -> Response:
        query = await body_of(request, CustomerQuery)
        name, number = query.name.strip(), query.number.strip()
        if not number and len(name) < _SHORTEST_NAME:
            refuse(HTTPStatus.BAD_REQUEST, "bad_request")
        has_call = self._hub.call(visitor.me, query.call_id) is not None
        if visitor.user.role == "agent" and not has_call:
            refuse(HTTPStatus.FORBIDDEN, "not_allowed")
        if not self._limit.spend(visitor.user.login, self._clock()):
            refuse(HTTPStatus.TOO_MANY_REQUESTS, "too_many_searches")
        given = {"name": name, "card_tail": query.card_tail, "number": number}
        fields = ",".join(field for field, value in given.items() if value)
        found = await self._desk.search(name=name, card_tail=query.card_tail, number=number)
        await self._note(visitor, "search", query.call_id, fields=fields, found=len(found))
        return json_answer(found)

    async def _link(self, request: Request, visitor: Visitor) -> Response:
        call_id = request.path_params["call_id"]
        choice = await body_of(request, CallerChoice)
        agent_id, pop = self._own_call(visitor, call_id)
        number = self._engine.caller_number(agent_id, call_id)
        # Nothing is remembered for a call that does not take the choice.
        await self._note(visitor, "link", call_id, customer_id=choice.customer_id)
        card = await self._desk.card(choice.customer_id)
        if card is None:
            refuse(HTTPStatus.NOT_FOUND, "unknown_customer")
        await self._choose(agent_id, pop, choice.customer_id)
        if choice.remember:
            await self._desk.link_number(choice.customer_id, number)
        return json_answer(card)

    async def _create(self, request: Request, visitor: Visitor) -> Response:
        call_id = request.path_params["call_id"]
        new = await body_of(request, NewProspect)
        agent_id, pop = self._own_call(visitor, call_id)
        if not new.name.strip():
            refuse(HTTPStatus.BAD_REQUEST, "bad_request")
        number = self._engine.caller_number(agent_id, call_id)
        customer_id = await self._desk.add_prospect(new.name.strip(), new.language, number)
        await self._note(visitor, "prospect", call_id, customer_id=customer_id)
        await self._choose(agent_id, pop, customer_id)
        card = await self._desk.card(customer_id)
        if card is None:
            refuse(HTTPStatus.NOT_FOUND, "unknown_customer")
        return json_answer(card)

    def _own_call(self, visitor: Visitor, call_id: str) -> tuple[str, Pop]:
        pop = self._hub.call(visitor.me, call_id)
        if pop is None or visitor.user.agent_id is None:
            refuse(HTTPStatus.NOT_FOUND, "unknown_call")
        if pop.verified != "none":
            refuse(HTTPStatus.CONFLICT, "not_now")  # it is known who is calling
        return visitor.user.agent_id, pop

    async def _choose(self, agent_id: str, pop: Pop, customer_id: str) -> None:
        try:
            await self._engine.choose_customer(
                agent_id, pop.call_id, customer_id, len(pop.candidates)
            )
        except CommandRefusedError as refused:
            status = {
                "unknown_call": HTTPStatus.NOT_FOUND,
                "engine_away": HTTPStatus.SERVICE_UNAVAILABLE,
            }.get(refused.code, HTTPStatus.CONFLICT)
            refuse(status, refused.code)

    async def _note(
        self,
        visitor: Visitor,
        action: Action,
        call_id: str,
        *,
        fields: str = "",
        customer_id: str | None = None,
        found: int = 0,
    ) -> None:
        await self._audit.note(
            Lookup(
                at=self._clock(),
                login=visitor.user.login,
                role=visitor.user.role,
                action=action,
                fields=fields,
                call_id=call_id[:64],
                customer_id=customer_id,
                found=found,
            )
        )
