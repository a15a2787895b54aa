"""From the engine's messages to events: each offer is raised once and ends once."""

from agent_console.events_api import messages as m
from agent_console.events_api.feed import Feed
from crm_lookup.numbers import NumberReader
from cti import pops
from cti.core import events as ev
from cti.core.ids import AgentId, CallId, QueueName
from tests.unit.events_api_kit import START, raised

CALL, AGENT = CallId("c1"), AgentId("1001")
CONNECTED = pops.PopConnected(pop_id="c1/1001/1", call_id=CALL, agent_id=AGENT, at=START + 2)
COMPLETED = ev.CallCompleted(
    at=START + 9,
    call_id=CALL,
    agent_id=AGENT,
    queue=QueueName("service"),
    talk_time=7.0,
    ended_by="caller",
)


def state(call: str | None, name: str = "wrap_up") -> ev.AgentStateChanged:
    call_id = None if call is None else CallId(call)
    return ev.AgentStateChanged(at=START + 9, agent_id=AGENT, state=name, call_id=call_id)  # type: ignore[arg-type]


def feed() -> Feed:
    return Feed("run", NumberReader("CN"), lambda _: "service")


def kinds(events: list[m.ApiEvent]) -> list[str]:
    return [m.kind_of(event) for event in events]


def test_an_answered_pop_ends_once_whichever_news_comes_first() -> None:
    for order in ([COMPLETED, state(None)], [state(None), COMPLETED]):
        made = feed()
        assert kinds(made.take(raised())) == ["pop_raised"]
        assert kinds(made.take(CONNECTED)) == ["pop_connected"]
        assert [p.phase for p in made.standing()] == ["connected"]
        told = [kind for item in order for kind in kinds(made.take(item))]
        assert sorted(told) == ["agent_state", "pop_ended"]
        assert made.standing() == ()


def test_the_agents_own_wrap_up_of_the_call_is_no_end() -> None:
    made = feed()
    made.take(raised())
    made.take(CONNECTED)
    assert kinds(made.take(state("c1", "on_call"))) == ["agent_state"]
    (ended,) = made.take(COMPLETED)
    assert isinstance(ended, m.PopEnded)
    assert ended.talk_time_s == 7.0


def test_a_withdrawn_pop_is_gone_and_news_of_it_means_nothing() -> None:
    made = feed()
    made.take(raised())
    gone = pops.PopWithdrawn(
        pop_id="c1/1001/1", call_id=CALL, agent_id=AGENT, at=START, cause="missed"
    )
    (event,) = made.take(gone)
    assert isinstance(event, m.PopWithdrawn)
    assert event.reason == "missed"
    assert (event.queue, event.agent_id, event.call_id) == ("service", "1001", "c1")
    assert made.take(gone) == []
    assert made.take(CONNECTED) == []
    assert made.take(COMPLETED) == []


def test_a_late_brief_completes_the_pop() -> None:
    made = feed()
    made.take(raised(brief=None, brief_status="pending"))
    late = pops.PopCompleted(
        pop_id="c1/1001/1", call_id=CALL, agent_id=AGENT, brief=raised().brief
    )
    (event,) = made.take(late)
    assert isinstance(event, m.PopCompleted)
    assert event.pop == made.standing()[0]
    assert event.pop.brief == "ready"
    assert event.pop.customer is not None


def test_a_pop_says_why_the_call_was_sent_here() -> None:
    reasons = ("segment=gold", "last-agent=1001", "waited=90", "overflow", "supervisor=chen")
    (event,) = feed().take(raised(route_reasons=reasons, callback=True))
    assert isinstance(event, m.PopRaised)
    assert event.pop.route == (*reasons[:4], "supervisor")
    assert event.pop.callback
    (other,) = feed().take(raised(route_reasons=("last-agent=1002",)))
    assert isinstance(other, m.PopRaised)
    assert other.pop.route == ("last-agent",)


def test_a_withheld_number_is_nowhere() -> None:
    (event,) = feed().take(raised(caller_number="anonymous"))
    assert isinstance(event, m.PopRaised)
    assert (event.pop.number, event.pop.caller_number) == ("", None)


def test_ids_differ_over_restarts_and_strangers_are_passed_over() -> None:
    (one,) = feed().take(raised())
    (other,) = Feed("later", NumberReader("CN"), lambda _: None).take(raised())
    assert one.id != other.id
    assert feed().take(object()) == []
    assert feed().take(ev.EngineResynchronised(at=START, calls=0, members=0)) == []


def test_what_supervisors_do_to_all_and_who_met_it() -> None:
    made, queue = feed(), QueueName("service")
    told = [
        *made.take(ev.QueueClosed(at=START, queue=queue, reason="fire drill", by="2001")),
        *made.take(ev.CallTurnedAway(at=START + 1, call_id=CALL, queue=queue)),
        *made.take(ev.QueueOpened(at=START + 2, queue=queue, by="2001")),
        *made.take(
            ev.AnnouncementSwitchedOn(at=START, announcement_id="a1", reason="storm", by="2001")
        ),
        *made.take(ev.AnnouncementSwitchedOff(at=START, announcement_id="a1", by="2002")),
    ]
    closed, turned, opened, on, off = told
    assert isinstance(closed, m.QueueClosed)
    assert (closed.queue, closed.reason, closed.by) == ("service", "fire drill", "2001")
    assert isinstance(turned, m.CallTurnedAway)
    assert (turned.call_id, turned.queue) == ("c1", "service")
    assert isinstance(opened, m.QueueOpened)
    assert (opened.queue, opened.at) == ("service", START + 2)
    assert isinstance(on, m.AnnouncementOn)
    assert isinstance(off, m.AnnouncementOff)
    assert (on.announcement_id, on.reason, off.by) == ("a1", "storm", "2002")
    assert {m.SCOPE_OF[m.kind_of(event)] for event in told} == {"floor", "calls"}
