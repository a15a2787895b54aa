"""Asterisk's own account of its calls and queues, read with pyst2, beside ours from the journal.

The reader shares no line with the product's: another library, another connection.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from asterisk.manager import Manager

from cti.core.calls import Call
from cti.core.events import DomainEvent
from cti.core.world import Rules, World

CALL_ID = "HOTLINE_CALL_ID"
_WITH_AGENT = ("connected", "on_hold", "consulting", "conference")
SLACK = 2.5
"""Seconds by which the beginnings of a wait may differ: Asterisk tells whole seconds."""


@dataclass(frozen=True)
class Member:
    """One agent in one queue, in Asterisk's words."""

    paused: str
    """The reason, or ``""``."""
    in_call: bool
    ringing: bool


@dataclass(frozen=True)
class Living:
    """One call whose customer is on the line."""

    queue: str = ""
    """Where the customer waits; empty: in no queue."""
    since: float = 0.0
    """When the wait there began."""
    priority: int = 0
    ringing: frozenset[str] = frozenset()
    """The agents whose phones ring for it."""
    agents: frozenset[str] = frozenset()
    """The agents who share a bridge with the customer."""
    apart: frozenset[str] = frozenset()
    """The agents who talk about the call while the customer does not hear them."""
    held: bool = False
    """Whether the agent's phone holds the customer."""


@dataclass(frozen=True)
class Truth:
    """Which calls live, and what each member does."""

    calls: Mapping[str, Living] = field(default_factory=dict)
    """By call id."""
    members: Mapping[str, Mapping[str, Member]] = field(default_factory=dict)
    """By agent and queue."""
    engaged: frozenset[str] = frozenset()
    """The agents whose phones are off the hook for one of the calls."""


def read(host: str, port: int, secret: str, username: str = "hotline") -> Truth:
    """Ask Asterisk.  Blocks; raises what pyst2 raises when nobody answers.

    Without events: pyst2 fails at the channel variables in them on Python 3.  It hands the whole
    list over as the raw lines of one answer ("status will follow").
    """
    with _signed_in(host, port, secret, username) as manager:
        asked = time.time()
        queues = manager.send_action({"Action": "QueueStatus"}).response
        onhold = {"Variables": "CHANNEL(onhold)"}
        channels = manager.send_action({"Action": "Status", **onhold}).response
    items = _items(queues, "QueueStatusComplete")
    return told(items, _items(channels, "StatusComplete"), asked)


def clock(host: str, port: int, secret: str, username: str = "hotline") -> float:
    """Ask Asterisk what time it is, in seconds since the epoch."""
    with _signed_in(host, port, secret, username) as manager:
        return float(manager.send_action({"Action": "Ping"}).get_header("Timestamp"))


@contextlib.contextmanager
def _signed_in(host: str, port: int, secret: str, username: str) -> Iterator[Manager]:
    manager = Manager()
    manager.connect(host, port)
    try:
        login = {"Username": username, "Secret": secret, "Events": "off"}
        answer = manager.send_action({"Action": "Login", **login})
        assert answer.get_header("Response") == "Success", answer.headers
        yield manager
    finally:
        with contextlib.suppress(Exception):  # what was read counts, however pyst2 takes leave
            manager.close()


Item = Mapping[str, Sequence[str]]


def _items(lines: Sequence[str], end: str) -> list[Item]:
    raw = "".join(lines)
    assert end in raw, f"{end} did not come"
    items = []
    for block in raw.split("\r\n\r\n"):
        item: dict[str, list[str]] = {}
        for line in block.split("\r\n"):
            key, colon, value = line.partition(":")
            if colon:
                item.setdefault(key, []).append(value.strip())
        items.append(item)
    return items


def told(queues: Iterable[Item], channels: Iterable[Item], now: float) -> Truth:
    """Return what the items of ``QueueStatus``, asked for at ``now``, and of ``Status`` mean."""
    members: dict[str, dict[str, Member]] = {}
    waiting: dict[str, Item] = {}
    interfaces: dict[str, str] = {}
    for item in queues:
        if item.get("Event") == ["QueueEntry"]:
            waiting[item["Uniqueid"][0]] = item
        elif item.get("Event") == ["QueueMember"]:
            name, queue = item["Name"][0], item["Queue"][0]
            interfaces[item["Location"][0]] = name
            members.setdefault(name, {})[queue] = Member(
                paused=(item["PausedReason"][0] or "paused") if item["Paused"] == ["1"] else "",
                in_call=item["InCall"] == ["1"],
                ringing=item["Status"] == ["6"],
            )
    legs: dict[str, list[Item]] = {}
    for item in channels:
        variables = dict(
            text.split("=", 1) for text in item.get("ChanVariable", ()) if "=" in text
        )
        if item.get("Event") == ["Status"] and variables.get(CALL_ID):
            legs.setdefault(variables[CALL_ID], []).append(item)
    calls = {}
    engaged: set[str] = set()
    for call_id, found in legs.items():
        own = next((leg for leg in found if _interface(leg) not in interfaces), None)
        if own is None:
            continue  # the customer has gone, the agent's leg follows
        phones = [leg for leg in found if leg is not own and _interface(leg) in interfaces]
        bridge = own.get("BridgeID", [""])[0]
        talking = [leg for leg in phones if leg.get("BridgeID", [""])[0]]
        beside = [leg for leg in talking if leg["BridgeID"] == [bridge]]
        apart = [leg for leg in talking if leg["BridgeID"] != [bridge]]
        engaged |= {interfaces[_interface(leg)] for leg in phones if leg["ChannelState"] == ["6"]}
        place = waiting.get(own["Uniqueid"][0])
        calls[call_id] = Living(
            queue=place["Queue"][0] if place else "",
            since=now - float(place["Wait"][0]) if place else 0.0,
            priority=int(place.get("Priority", ["0"])[0]) if place else 0,
            ringing=frozenset(
                interfaces[_interface(leg)] for leg in phones if leg["ChannelState"] != ["6"]
            ),
            agents=frozenset(interfaces[_interface(leg)] for leg in beside),
            apart=frozenset(interfaces[_interface(leg)] for leg in apart),
            held=bool(beside) and "CHANNEL(onhold)=1" in own.get("Variable", ()),
        )
    return Truth(calls, members, frozenset(engaged))


def _interface(leg: Item) -> str:
    return leg["Channel"][0].rpartition("-")[0]


def folded(events: Iterable[DomainEvent]) -> World:
    """Our state, as far as the journal tells it."""
    world = World(Rules(pseudonym_key=b"irrelevant for a fold"))
    world.restore(events)
    return world


def differences(truth: Truth, ours: World) -> list[str]:
    """Return a sentence for every field in which the two differ."""
    found = []
    living = {str(call.call_id): call for call in ours.calls.values() if not call.over}
    for call_id in sorted({*truth.calls, *living}):
        name = f"call {call_id[:8]}"
        theirs, own = truth.calls.get(call_id), living.get(call_id)
        if theirs is None:
            found.append(f"{name}: gone, {own.state if own else ''} for us")
        elif own is None:
            found.append(f"{name}: lives, over or unknown for us")
        else:
            found += [f"{name}: {words}" for words in _of_call(theirs, own)]
    talking = set().union(*(_talking(call) for call in living.values()))
    # app_queue learns late that a call which it gave out was sent on: its flag says nothing then.
    told = not any(
        call.transfers or call.state in ("consulting", "conference") for call in living.values()
    )
    states = {agent.agent_id: (agent.state, agent.pause_reason) for agent in ours.agents.values()}
    for agent_id in sorted({*truth.members, *truth.engaged, *states, *talking}):
        queues = truth.members.get(agent_id, {})
        state, reason = states.get(agent_id, ("logged_out", ""))
        in_call = agent_id in truth.engaged
        flagged = any(member.in_call for member in queues.values())
        paused = {member.paused for member in queues.values()}
        # A phone that was called has no state of its own until it says that it rings.
        called = any(agent_id in call.ringing for call in truth.calls.values())
        if in_call:
            expected: tuple[str, ...] = ("on_call", "on_hold")
        else:
            expected = ("ringing",) if called and queues else _state(queues)
        if len(paused) > 1:
            found.append(f"agent {agent_id}: paused for {paused} at once")
        if state not in expected:
            found.append(f"agent {agent_id}: {' or '.join(expected)}, {state} for us")
        if (agent_id in talking) != in_call:
            found.append(f"agent {agent_id}: in a call {in_call}, {agent_id in talking} for us")
        if told and flagged != (agent_id in talking):
            found.append(f"agent {agent_id}: busy {flagged} by its queue, not for us")
        if state == "paused" and reason not in paused:
            found.append(f"agent {agent_id}: paused for {paused}, {reason} for us")
    return found


def _of_call(theirs: Living, own: Call) -> Iterable[str]:
    queue = (own.queue or "") if own.state in ("queued", "ringing") else ""
    if theirs.queue != queue:
        yield f"waits in {theirs.queue or 'no queue'}, {queue or own.state} for us"
    elif queue:
        if abs(theirs.since - (own.queued_at or 0.0)) > SLACK:
            yield "waits since another moment for us"
        if theirs.priority != own.priority:
            yield f"priority {theirs.priority}, {own.priority} for us"
    ringing = {str(agent_id) for agent_id, _ in own.ringing}
    if theirs.ringing != ringing:
        yield f"rings at {sorted(theirs.ringing)}, {sorted(ringing)} for us"
    agents = _talking(own) if own.state != "consulting" else set()
    if theirs.agents != agents:
        yield f"talks to {sorted(theirs.agents) or 'nobody'}, {sorted(agents) or own.state} for us"
    elif theirs.held != (own.state == "on_hold"):
        yield f"on hold {theirs.held}, {own.state} for us"
    apart = _talking(own) if own.state == "consulting" and own.consult_answered else set()
    if theirs.apart != apart:
        yield f"{sorted(theirs.apart) or 'nobody'} consult, {sorted(apart) or own.state} for us"


def _talking(own: Call) -> set[str]:
    """Return the agents who are off the hook for the call, as we see it."""
    agents = {str(own.agent_id)} if own.state in _WITH_AGENT and own.agent_id else set()
    joined = own.state == "conference" or (own.state == "consulting" and own.consult_answered)
    return agents | ({str(own.consulted)} if joined and own.consulted else set())


def _state(queues: Mapping[str, Member]) -> tuple[str, ...]:
    """The states in which we may rightly see an agent with these memberships."""
    if not queues:
        return ("logged_out",)
    paused = next((member.paused for member in queues.values() if member.paused), "")
    if any(member.ringing for member in queues.values()):
        return ("ringing",)
    if paused:
        return ("wrap_up",) if paused == "wrap-up" else ("paused",)
    return ("available",)
