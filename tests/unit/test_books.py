"""The checker of the load test finds what it is there to find."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.asterisk.books import (
    CallRecord,
    Placed,
    disagreements,
    read_call_records,
    read_queue_log,
    read_sipp,
)

QUEUE_LOG = """\
1795476300|NONE|NONE|NONE|QUEUESTART|
1795476301|hotline-1795476301.1|service|1006|ADDMEMBER|
1795476364|hotline-1795476360.32|service|NONE|ENTERQUEUE||+8613246233541|10
1795476380|hotline-1795476360.32|service|1003|RINGNOANSWER|5000
1795476384|hotline-1795476360.32|service|1006|CONNECT|20|hotline-1795476384.239|0
1795476387|hotline-1795476360.32|service|1006|COMPLETEAGENT|20|3|10
1795476364|hotline-1795476361.33|vip|NONE|ENTERQUEUE||+8613246233542|1
1795476367|hotline-1795476361.33|vip|NONE|ABANDON|1|1|3
"""

RECORDS = """\
"a","1795476360.392139","1795476360.393655","1795476387.365531","26.97","26.97","ANSWERED",\
"PJSIP/trunk-load-00000020","PJSIP/1006-00000095","queue","Queue","hotline-1795476360.32","x"
"a","1795476387.366237","1795476387.366237","1795476387.366807","0.0","0.0","ANSWERED",\
"PJSIP/trunk-load-00000020","","bye","Hangup","hotline-1795476360.32","x"
"b","1795476361.0","1795476361.1","1795476367.4","6.4","6.3","ANSWERED",\
"PJSIP/trunk-load-00000021","","queue","Queue","hotline-1795476361.33","x"
"""

SIPP = """\
TotalCallCreated;SuccessfulCall(C);FailedCall(C);CallLength(C);
1;0;0;00:00:00:000000;
2;2;0;00:00:16:700000;
"""


def journal() -> dict[str, list[dict[str, Any]]]:
    def event(kind: str, at: float, **more: Any) -> dict[str, Any]:
        return {"type": kind, "at": at, **more}

    return {
        "a": [
            event("CallArrived", 1795476360.39, uniqueid="hotline-1795476360.32", trunk="load"),
            event("CallQueued", 1795476364.54, queue="service"),
            event("AgentMissed", 1795476380.1, queue="service", agent_id="1003"),
            event(
                "CallConnected", 1795476384.87, queue="service", agent_id="1006", wait_time=20.3
            ),
            event("CallCompleted", 1795476387.37, talk_time=2.5, ended_by="agent"),
            event("CallEnded", 1795476387.37),
        ],
        "b": [
            event("CallArrived", 1795476361.0, uniqueid="hotline-1795476361.33", trunk="load"),
            event("CallQueued", 1795476364.1, queue="vip"),
            event("CallAbandoned", 1795476367.4, queue="vip"),
            event("CallEnded", 1795476367.4),
        ],
    }


def faults(
    *,
    queue_log: str = QUEUE_LOG,
    records: str = RECORDS,
    told: Any = None,
    placed: Placed | None = None,
) -> list[str]:
    return disagreements(
        journal() if told is None else told,
        read_queue_log(queue_log),
        read_call_records(records.splitlines()),
        placed or read_sipp([SIPP]),
        "load",
    )


def test_books_that_agree_give_no_fault() -> None:
    assert faults() == []
    assert read_sipp([SIPP, SIPP]) == Placed(4, 4, 0, 16.7)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("|1006|CONNECT|20|", "|1005|CONNECT|20|", "1005 of service answered"),
        ("|service|1006|CONNECT", "|vip|1006|CONNECT", "1006 of vip answered"),
        ("|CONNECT|20|", "|CONNECT|22|", "wait is 20.3"),
        ("1795476384|hotline-1795476360", "1795476390|hotline-1795476360", "answer is"),
        ("|COMPLETEAGENT|20|3|", "|COMPLETEAGENT|20|5|", "talk is 2.5"),
        ("COMPLETEAGENT", "COMPLETECALLER", "ended by agent in the journal, caller"),
        ("|1003|RINGNOANSWER|5000\n", "|1003|CONFIGRELOAD|\n", "1 AgentMissed in the journal, 0"),
        ("ABANDON|1|1|3", "EXITWITHTIMEOUT|1|1|3", "EXITWITHTIMEOUT in queue_log"),
        ("ABANDON|1|1|3\n", "ABANDON|1|1|3\n1795476399|z.9|vip|NONE|ABANDON|1|1|1\n", "z.9"),
    ],
)
def test_a_wrong_line_in_queue_log_is_found(old: str, new: str, words: str) -> None:
    assert old in QUEUE_LOG
    assert words in " ".join(faults(queue_log=QUEUE_LOG.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("PJSIP/1006-00000095", "PJSIP/1002-00000095", "1002 answered in the call records"),
        ("PJSIP/1006-00000095", "", "answered by 0 agents"),
        ('"b",', '"c",', "c: in the call records alone"),
        ("1795476367.4", "1795476369.4", "b: end is"),
        ("1795476360.392139", "1795476350.392139", "a: start is"),
        ("1795476387.365531", "1795476380.365531", "agent's end is"),
        ("hotline-1795476361.33", "hotline-1795476361.34", "another uniqueid"),
    ],
)
def test_a_wrong_call_record_is_found(old: str, new: str, words: str) -> None:
    assert old in RECORDS
    assert words in " ".join(faults(records=RECORDS.replace(old, new)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda told: told.pop("b"), "journal has 1 calls, SIPp placed 2"),
        (lambda told: told["a"].pop(), "not exactly one arrival and one end"),
        (lambda told: told["a"].pop(3), "0 CallConnected in the journal, 1"),
        (lambda told: told["a"].append(told["a"][3]), "2 CallConnected in the journal, 1"),
        (lambda told: told["a"][0].update(at=1795476340.0), "calls lasted"),
    ],
)
def test_a_wrong_event_is_found(change: Callable[[Any], object], words: str) -> None:
    told = journal()
    change(told)
    assert words in " ".join(faults(told=told))


def test_a_lost_call_is_found() -> None:
    placed = replace(read_sipp([SIPP]), created=3, failed=1)
    found = " ".join(faults(placed=placed))
    assert "1 of 3 calls failed" in found
    assert "SIPp placed 3" in found


def test_a_record_keeps_its_columns() -> None:
    assert read_call_records(RECORDS.splitlines())[2] == CallRecord(
        "b",
        1795476361.0,
        1795476361.1,
        1795476367.4,
        "ANSWERED",
        "PJSIP/trunk-load-00000021",
        "",
        "hotline-1795476361.33",
    )
