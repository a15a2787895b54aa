"""The board's alarms over the engine: where the rules are, and what they may name."""

import time
from pathlib import Path

from agent_console.alarms import AlarmDesk
from agent_console.config import PAUSE_REASONS, PAUSES_OF_THE_ENGINE
from agent_console.ports import AlarmStore, UserStore
from cti.board import Board
from cti.errors import JournalError
from hotline.alarm_rules import Known, RuleBook
from hotline.asterisk.render import DIALPLANS
from hotline.roster import BankEngine
from hotline.settings import Settings


def alarms_file(settings: Settings) -> Path:
    """The file with the rules."""
    return settings.console.alarms or DIALPLANS / "alarms.yaml"


def known_to_alarms(settings: Settings) -> Known:
    """What rules may name."""
    return Known(
        queues=tuple(queue.name for queue in settings.queues),
        reasons=(*(reason.code for reason in PAUSE_REASONS), *PAUSES_OF_THE_ENGINE),
    )


def make_alarms(
    settings: Settings, engine: BankEngine, users: UserStore, store: AlarmStore
) -> AlarmDesk:
    """Return the alarms of this engine; the caller starts and stops them.

    Raises :class:`hotline.alarm_rules.AlarmFileError`.
    """
    book = RuleBook(alarms_file(settings), known_to_alarms(settings))

    async def board() -> Board | None:
        if engine.health().ami != "in_step":
            return None
        try:
            return await engine.board()
        except JournalError:
            return None

    return AlarmDesk(board, book.rules, users, store, engine.record_alarm, time.time)
