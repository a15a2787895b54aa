"""The judgement after fault rounds: it must see a lost customer and a different book."""

import random
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from bench.fault_rounds import verdict
from bench.fault_rounds.injectors import FAULTS
from bench.fault_rounds.people import STORIES, Placed
from bench.fault_rounds.rounds import Result, Round
from bench.faults import few, late, pooled, schedule, table
from cti.core import events as ev
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.pseudonym import pseudonym
from tests.asterisk import books

KEY = b"0123456789abcdef"
WANTS, _, LEAVES, _ = STORIES
CALLER = "+8613912345678"
QUEUE, AGENT = QueueName("service"), AgentId("1001")


def history(caller: str = CALLER, *, answered: bool, ended: bool = True) -> list[ev.DomainEvent]:
    call_id = CallId(caller)
    events: list[ev.DomainEvent] = [
        ev.CallArrived(
            at=100.0,
            call_id=call_id,
            uniqueid="1.1",
            linkedid="1.1",
            dnis="95500",
            trunk="carrier",
            caller_pseudonym=pseudonym(caller, KEY),
        )
    ]
    if answered:
        events.append(
            ev.CallConnected(
                at=110.0,
                call_id=call_id,
                agent_id=AGENT,
                queue=QUEUE,
                wait_time=5.0,
                ring_time=1.0,
            )
        )
    if ended:
        events.append(ev.CallEnded(at=120.0, call_id=call_id, cause=16, ended_by="caller"))
    return events


def test_a_customer_who_was_answered_was_served() -> None:
    told = verdict.served([Placed(CALLER, WANTS, 99.0)], history(answered=True), KEY, [])
    assert (told.faults, told.counts) == ([], Counter({"served by an agent": 1}))


def test_who_wanted_to_leave_may() -> None:
    told = verdict.served([Placed(CALLER, LEAVES, 99.0)], history(answered=False), KEY, [])
    assert told.faults == []


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], "is not in the journal"),
        (history(answered=False), "was not served"),
        (history(answered=True, ended=False), "has no end"),
        ([*history(answered=True), *history(answered=True)[1:]], ""),
    ],
)
def test_a_lost_customer_is_a_fault(events: list[ev.DomainEvent], words: str) -> None:
    told = verdict.served([Placed(CALLER, WANTS, 99.0)], events, KEY, [])
    assert (words in " ".join(told.faults)) if words else told.faults == []
    assert bool(told.faults) == bool(words)


def test_a_call_may_die_with_asterisk_only_while_it_was_dead() -> None:
    placed, events = [Placed(CALLER, WANTS, 99.0)], history(answered=False)
    assert verdict.served(placed, events, KEY, [(118.0, 121.0)]).faults == []
    assert verdict.served(placed, events, KEY, [(200.0, 201.0)]).faults
    assert verdict.served(placed, [], KEY, [(98.0, 99.5)]).faults == []


LOG = """\
100|1.1|service|NONE|ENTERQUEUE|||1
105|1.1|service|1001|RINGNOANSWER|3000
110|1.1|service|1001|CONNECT|10||1
120|1.1|service|1001|COMPLETEAGENT|10|10|1
"""


def lines(text: str) -> list[books.QueueLine]:
    return books.read_queue_log(text)


def test_equal_books_do_not_differ() -> None:
    assert verdict.books_differ(lines(LOG), lines(LOG), []) == []
    assert verdict.misses_differ(lines(LOG), lines(LOG)) == []


@pytest.mark.parametrize("number", range(4))
def test_a_line_that_is_missing_in_either_book_is_told(number: int) -> None:
    whole = LOG.splitlines()
    less = lines("\n".join(whole[:number] + whole[number + 1 :]))
    for one, other in ((less, lines(LOG)), (lines(LOG), less)):
        assert [*verdict.books_differ(one, other, []), *verdict.misses_differ(one, other)]


def test_another_agent_or_another_moment_is_told() -> None:
    for old, new in (("1001|CONNECT", "1002|CONNECT"), ("110|1.1", "115|1.1")):
        assert verdict.books_differ(lines(LOG.replace(old, new)), lines(LOG), [])


def test_a_call_that_died_with_asterisk_has_an_end_in_our_book_alone() -> None:
    theirs = lines("".join(LOG.splitlines(keepends=True)[:3]))
    assert verdict.books_differ(lines(LOG), theirs, [(119.0, 122.0)]) == []
    assert verdict.books_differ(lines(LOG), theirs, [(150.0, 152.0)])
    assert verdict.books_differ(theirs, lines(LOG), [(119.0, 122.0)])


SENT_ON = """\
100|1.1|service|NONE|ENTERQUEUE|||1
110|1.1|service|1001|CONNECT|10||1
112|1.1|service|1001|COMPLETEAGENT|10|2|1
113|1.1|service|NONE|ENTERQUEUE|||1
115|1.1|service|1002|CONNECT|10||1
140|1.1|service|1002|COMPLETECALLER|10|2|1
"""


def test_the_end_of_a_conversation_that_was_sent_on_is_compared_without_its_moment() -> None:
    late = SENT_ON.splitlines(keepends=True)
    late.append(late.pop(2).replace("112|", "140|").replace("AGENT|", "CALLER|"))
    one, other, moved = lines(SENT_ON), lines("".join(late)), {"1.1": 140.0}
    assert verdict.books_differ(one, other, [])
    assert verdict.books_differ(one, other, [], moved) == []
    assert verdict.books_differ(one, other[:-1], [], moved)
    assert verdict.books_differ(one, other[:-1], [(139.0, 141.0)], moved) == []
    assert verdict.books_differ(one, other[:-2], [(139.0, 141.0)], moved) == []
    assert verdict.books_differ(one, other[1:], [(139.0, 141.0)], moved)
    began = ev.ConsultStarted(
        at=111.0, call_id=CallId(CALLER), agent_id=AGENT, target=AgentId("1002")
    )
    assert verdict.sent_on(history(answered=True)) == {}
    assert verdict.sent_on([*history(answered=True), began]) == {"1.1": 120.0}


def test_an_end_that_a_masquerade_renamed_belongs_to_the_call_that_lacks_it() -> None:
    renamed = SENT_ON.replace("140|1.1|", "140|1.9|")
    one, other, moved = lines(SENT_ON), lines(renamed), {"1.1": 140.0}
    assert verdict.books_differ(one, other, [], moved) == []
    assert verdict.books_differ(one, other, [])  # nobody sent it on
    assert verdict.books_differ(one, other, [], {"1.1": 130.0})  # it was over before
    assert verdict.books_differ(one, [*other, *other[-1:]], [], moved)  # one too many
    assert verdict.books_differ(one, lines(renamed.replace("1002|COMP", "1003|COMP")), [], moved)
    joined = "139|1.9|service|NONE|ENTERQUEUE|||1\n"
    assert verdict.books_differ(one, lines(renamed + joined), [], moved)  # a call of its own


def test_of_two_ends_with_one_agent_asterisk_may_have_written_one() -> None:
    again = SENT_ON.replace("|1002|", "|1001|")
    one, other, moved = lines(again), lines(again)[:-1], {"1.1": 140.0}
    assert verdict.books_differ(one, other, [(139.0, 141.0)], moved) == []
    assert verdict.books_differ(one, other, [], moved)
    assert verdict.books_differ(other, one, [(139.0, 141.0)], moved)


def test_a_call_that_was_sent_on_and_died_while_it_waited_anew_has_no_end_in_queue_log() -> None:
    waited = "".join(SENT_ON.splitlines(keepends=True)[:4])
    theirs, moved = lines(waited), {"1.1": 140.0}
    ours = lines(waited + "140|1.1|service|NONE|ABANDON|1|1|27\n")
    assert verdict.books_differ(ours, theirs, [(139.0, 141.0)], moved) == []
    assert verdict.books_differ(ours, theirs, [], moved)
    assert verdict.books_differ(theirs, ours, [(139.0, 141.0)], moved)


def test_a_seed_gives_the_same_rounds_and_every_fault_its_turn() -> None:
    def order(seed: int) -> list[str]:
        return schedule(list(FAULTS), 40, random.Random(seed))  # noqa: S311 - reproducible

    assert order(1) == order(1) != order(2)
    counts = Counter(order(1))
    assert max(counts.values()) - min(counts.values()) <= 1


def test_the_table_names_what_was_met(tmp_path: Path) -> None:
    one = Round(
        number=0,
        fault="cut_ami",
        phases={"menu": 2, "queued": 1},
        lasted=0.2,
        agreed=0.6,
        in_step=0.1,
        after_boot=0.5,
        differences=["call a: gone, queued for us"],
    )
    late_one = replace(one, after_boot=1.5, differences=())
    result = Result(rounds=[one, late_one], served={}, faults=[], settled=[0.3, 2.5])
    assert len(late(result)) == 2
    assert few(result, 2, 2)[0] == "only 0 rounds met a call in ringing"
    assert few(result, 3, 0) == ["only 2 rounds"]
    file = tmp_path / "runs"
    file.write_bytes(msgspec.json.encode(result) + b"\n" + msgspec.json.encode(result) + b"\n")
    both = pooled(file)
    assert (len(both.rounds), both.planted) == (4, "0 of 2 runs")
    words = table(Result(rounds=[one], served={"served by an agent": 3}, faults=[]))
    assert "menu 1, queued 1" in words
    assert "1 of 1 within 1 s" in words
    assert "call a: gone, queued for us" in one.words()
