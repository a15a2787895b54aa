"""Every number of the board against the books of others, on calls of every kind: a small run."""

import json
import os
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import pytest

from agent_console.board_messages import picture_of
from bench import board_verdict
from bench.board_load import planted
from bench.board_load.hall import Run, traffic
from cti.board import BoardRules, board
from cti.core.ids import QueueName
from cti.history.fold import HistoryFold
from cti.history.keeper import Live
from hotline.asterisk.locate import Install
from hotline.journal_reader import JournalReader

pytestmark = pytest.mark.timeout(240)
CALLS: Final = 26


@pytest.mark.skipif(os.geteuid() != 0, reason="SIPp's play_dtmf needs a raw socket, thus root")
async def test_the_board_tells_what_others_wrote_down(state_dir: Path, install: Install) -> None:
    del install
    folder = state_dir / "run"
    await traffic(folder, Run(calls=CALLS, rate=3, base_port=40600))
    assert list(board_verdict.verdict(folder, least=1)) == []
    assert board_verdict.compare(folder).compared > 800
    # The same calls, folded rightly and in each of the wrong ways.
    assert board_verdict.compare(folder, folded_anew(folder)).faults == []
    for fault in planted.FAULTS:
        undo = planted.plant(fault)
        try:
            assert board_verdict.compare(folder, folded_anew(folder)).faults, fault
        finally:
            undo()


def folded_anew(folder: Path) -> dict[str, Any]:
    """Return the board that was looked at, with the figures that the journal gives now."""
    seen = json.loads((folder / "board.json").read_text(encoding="utf-8"))
    legend = json.loads((folder / "legend.json").read_text(encoding="utf-8"))
    fold = HistoryFold(ZoneInfo("Asia/Shanghai"))
    journal = JournalReader(folder / "state" / "hotline.db").refresh()
    for seq, event in enumerate((e for e in journal.events if e.at <= seen["at"]), 1):
        fold.feed(seq, event)
    figures = fold.pending.together()
    rules = BoardRules(limits={QueueName(t["queue"]): t["seconds"] for t in legend["targets"]})
    live = Live(0.0, figures, figures, figures)
    made = msgspec.to_builtins(picture_of(board(fold.world, live, seen["at"], rules)))
    windows = {row["queue"]: row["windows"] for row in made["queues"]}
    seen["total"]["windows"] = made["total"]["windows"]
    for row in seen["queues"]:
        row["windows"] = windows[row["queue"]]
    return dict(seen)
