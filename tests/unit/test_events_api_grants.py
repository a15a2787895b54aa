"""A program sees its own queues and agents, and no personal data that it was not given."""

from typing import Any, get_args

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agent_console.events_api import grants
from agent_console.events_api import messages as m
from agent_console.events_api.feed import Feed
from agent_console.store.integration_model import Grant, Scope
from crm_lookup.numbers import NumberReader
from cti import pops
from cti.core import events as ev
from cti.core.ids import AgentId, CallId, QueueName
from tests.unit.events_api_kit import NUMBER, START, queued, raised

QUEUES = ("service", "vip")
AGENTS = ("1001", "1002")
some_grants = st.builds(
    Grant,
    scopes=st.frozensets(st.sampled_from(get_args(Scope))),
    queues=st.none() | st.frozensets(st.sampled_from(QUEUES)),
    agents=st.none() | st.frozensets(st.sampled_from(AGENTS)),
)


def alarms(queue: str, agent: str) -> list[object]:
    """What happens to an alarm about the queue, and to one about the agent."""
    told: list[object] = []
    for kind, subject in (("wait", queue), ("call", agent)):
        about: dict[str, Any] = {
            "at": START,
            "alarm_id": f"r:{subject}:1",
            "rule": "r",
            "kind": kind,
            "severity": "warning",
            "subject": subject,
        }
        told += [
            ev.AlarmRaised(**about, value=130.0, limit=120.0),
            ev.AlarmAcknowledged(**about, by="boss"),
            ev.AlarmCleared(**about, stood=9.0, why="good"),
        ]
    return told


def floor(queue: QueueName) -> list[object]:
    """What supervisors do to all."""
    return [
        ev.QueueClosed(at=START, queue=queue, reason="fire drill", by="boss"),
        ev.QueueOpened(at=START, queue=queue, by="boss"),
        ev.AnnouncementSwitchedOn(at=START, announcement_id="a1", reason="storm", by="boss"),
        ev.AnnouncementSwitchedOff(at=START, announcement_id="a1", by="boss"),
    ]


def everything() -> list[m.ApiEvent]:
    """Every kind of event, for each queue and agent."""
    feed = Feed("run", NumberReader("CN"), lambda call_id: call_id.split("-")[0])
    found: list[m.ApiEvent] = []
    for queue in QUEUES:
        for agent in AGENTS:
            call = CallId(f"{queue}-{agent}")
            who = {"call_id": call, "agent_id": AgentId(agent)}
            named = {"pop_id": f"{call}/{agent}/1", **who}
            told: list[object] = [
                queued(call, queue),
                raised(call, agent, queue, brief=None, brief_status="pending"),
                pops.PopCompleted(**named, brief=raised().brief),
                pops.PopConnected(**named, at=START),
                ev.CallConnected(
                    at=START, queue=QueueName(queue), wait_time=1, ring_time=1, **who
                ),
                ev.CallCompleted(
                    at=START, queue=QueueName(queue), talk_time=1, ended_by="agent", **who
                ),
                ev.CallDisposed(at=START, disposition="solved", **who),
                ev.CallEnded(at=START, call_id=call, cause=16, ended_by="agent"),
                ev.CallAbandoned(
                    at=START, call_id=call, queue=QueueName(queue), position=1, wait_time=1
                ),
                ev.AgentStateChanged(at=START, agent_id=AgentId(agent), state="available"),
                ev.CallTurnedAway(at=START, call_id=call, queue=QueueName(queue)),
                *alarms(queue, agent),
                *floor(QueueName(queue)),
                raised(call, agent, queue),
                pops.PopWithdrawn(**named, at=START, cause="missed"),
            ]
            found += [event for item in told for event in feed.take(item)]
    return found


ALL = everything()


def test_every_kind_is_tried() -> None:
    assert {m.kind_of(event) for event in ALL} == set(m.SCOPE_OF)
    assert len({event.id for event in ALL}) == len(ALL)


@given(some_grants)
def test_nothing_outside_the_grant_is_seen(grant: Grant) -> None:
    for event in ALL:
        if not grants.allowed(grant, event):
            continue
        assert m.SCOPE_OF[m.kind_of(event)] in grant.scopes
        text = m.ENCODER.encode(grants.redacted(event, grant.scopes)).decode()
        if grant.queues is not None:
            assert all(queue in grant.queues for queue in QUEUES if queue in text)
        if grant.agents is not None:
            assert all(agent in grant.agents for agent in AGENTS if f'"{agent}"' in text)
        if "customer" not in grant.scopes:
            assert "王**" not in text
            assert "gold" not in text
            assert "o1" not in text
        if "numbers" not in grant.scopes:
            assert NUMBER not in text


@given(some_grants)
def test_a_reset_shows_no_more_than_the_events(grant: Grant) -> None:
    for event in ALL:
        if isinstance(event, m.PopRaised):
            shown = grants.pop_allowed(grant, event.pop)
            assert shown == grants.allowed(grant, event)
            redacted = grants.redacted_pop(event.pop, grant.scopes)
            assert redacted == grants.redacted(event, grant.scopes).pop


def test_by_default_there_are_ids_and_masked_data_only() -> None:
    event = next(e for e in ALL if isinstance(e, m.PopRaised) and e.pop.customer is not None)
    pop = grants.redacted(event, frozenset({"pops"})).pop
    assert pop.number == "+86 138****8000"
    assert pop.customer_id == "C0001"
    assert pop.customer is None
    assert pop.caller_number is None
    seen = grants.redacted(event, frozenset({"pops", "customer", "numbers"})).pop
    assert seen.caller_number == NUMBER
    assert seen.customer is not None
    assert seen.customer.name == "王**"


def test_what_is_sent_fits_the_published_types() -> None:
    for event in ALL:
        assert m.EVENT_DECODER.decode(msgspec.json.encode(event)) == event
