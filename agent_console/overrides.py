"""Carries out what supervisors order; who may do so, and in which words."""

from collections.abc import Collection
from typing import Final

import structlog

from agent_console.messages import (
    ErrorCode,
    Me,
    MoveCall,
    Order,
    OrderSkills,
    OrderState,
    OrderWrapUpEnd,
    Role,
)
from agent_console.ports import OrdersPort

log = structlog.get_logger(__name__)

MAY_ORDER: Final[frozenset[Role]] = frozenset({"supervisor", "admin"})


class Overrides:
    """Checks the role and the words, then gives the order to the engine."""

    def __init__(self, engine: OrdersPort, pause_reasons: Collection[str]) -> None:
        self._engine = engine
        self._pause_reasons = frozenset(pause_reasons)

    async def execute(self, me: Me, order: Order) -> ErrorCode | None:
        """Carry out the order; return the code of a refusal.

        Raises :class:`agent_console.errors.CommandRefusedError` when the engine refuses.
        """
        if me.role not in MAY_ORDER:
            return "not_allowed"
        match order:
            case OrderState(state="paused", reason=reason) if reason not in self._pause_reasons:
                return "unknown_code"
            case OrderState():
                await self._engine.order_state(order.agent_id, order.state, order.reason, me.login)
            case OrderWrapUpEnd():
                await self._engine.order_wrap_up_end(order.agent_id, me.login)
            case OrderSkills():
                await self._engine.order_skills(order.agent_id, order.skills, me.login)
            case MoveCall(queue=None, priority=None):
                return "bad_message"
            case MoveCall():
                await self._engine.move_call(order.call_id, order.queue, order.priority, me.login)
        log.info("order_given", kind=type(order).__name__, by=me.login)
        return None
