"""Writes what customers said to offers where the next ranking and the reports find it."""

import structlog

from crm_lookup.model import CustomerId
from crm_lookup.ports import OfferAnswers
from cti.core import events as ev
from cti.tasks import Tasks

log = structlog.get_logger(__name__)

_RESPONSES = {
    ev.OfferPresented: "presented",
    ev.OfferAccepted: "accepted",
    ev.OfferDeclined: "declined",
}


class OfferAnswerKeeper:
    """Listens to the engine's events, off their way to the pages."""

    def __init__(self, store: OfferAnswers) -> None:
        self._store = store
        self._tasks = Tasks()

    def take(self, message: object) -> None:
        """Note that an offer was presented, accepted or declined."""
        if isinstance(message, ev.OfferEvent):
            self._tasks.spawn(self._note(message, _RESPONSES[type(message)]), "offer-answer")

    async def stop(self) -> None:
        """Forget what is not written yet."""
        await self._tasks.stop()

    async def _note(self, said: ev.OfferEvent, response: str) -> None:
        try:
            await self._store.note_offer(
                CustomerId(said.customer_id),
                said.offer_id,
                response,
                at=said.at,
                agent_id=said.agent_id,
                call_id=said.call_id,
            )
        except Exception as error:  # noqa: BLE001 -- the journal has it; no call may suffer
            log.warning("offer_answer_not_noted", error=type(error).__name__)
