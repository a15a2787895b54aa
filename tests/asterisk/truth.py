"""Asterisk's own account of its queues, read with pyst2, beside ours, folded from the journal.

The reader shares no line with the product's: another library, another connection.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from asterisk.manager import Manager

from cti.core.events import DomainEvent
from cti.core.world import Rules, World


@dataclass(frozen=True)
class Member:
    """One agent in one queue, in Asterisk's words."""

    paused: str
    """The reason, or ``""``."""
    in_call: bool
    ringing: bool


@dataclass(frozen=True)
class Truth:
    """Who waits where, and what each member does."""

    waiting: Mapping[str, int] = field(default_factory=dict)
    members: Mapping[str, Mapping[str, Member]] = field(default_factory=dict)
    """By agent and queue."""


def read(host: str, port: int, secret: str, username: str = "hotline") -> Truth:
    """Ask Asterisk.  Blocks; raises what pyst2 raises when nobody answers.

    Without events: pyst2 fails at the channel variables in them on Python 3.  It hands the whole
    list over as the raw lines of one answer ("status will follow").
    """
    manager = Manager()
    manager.connect(host, port)
    try:
        login = {"Username": username, "Secret": secret, "Events": "off"}
        answer = manager.send_action({"Action": "Login", **login})
        assert answer.get_header("Response") == "Success", answer.headers
        raw = "".join(manager.send_action({"Action": "QueueStatus"}).response)
    finally:
        manager.close()
    assert "QueueStatusComplete" in raw, "QueueStatus did not end"
    blocks = (block.split("\r\n") for block in raw.split("\r\n\r\n"))
    items = [dict(line.split(": ", 1) for line in lines if ": " in line) for lines in blocks]
    waiting: dict[str, int] = {}
    members: dict[str, dict[str, Member]] = {}
    for item in items:
        if item.get("Event") == "QueueEntry":
            waiting[item["Queue"]] = waiting.get(item["Queue"], 0) + 1
        elif item.get("Event") == "QueueMember":
            members.setdefault(item["Name"], {})[item["Queue"]] = Member(
                paused=(item["PausedReason"] or "paused") if item["Paused"] == "1" else "",
                in_call=item["InCall"] == "1",
                ringing=item["Status"] == "6",
            )
    return Truth(waiting, members)


def folded(events: Iterable[DomainEvent]) -> World:
    """Our state, as far as the journal tells it."""
    world = World(Rules(pseudonym_key=b"irrelevant for a fold"))
    world.restore(events)
    return world


def differences(truth: Truth, ours: World) -> list[str]:
    """Return a sentence for every field in which the two differ."""
    waiting: dict[str, int] = {}
    for call in ours.calls.values():
        if call.state in ("queued", "ringing") and call.queue:
            waiting[call.queue] = waiting.get(call.queue, 0) + 1
    found = [
        f"queue {queue}: {truth.waiting.get(queue, 0)} wait, {waiting.get(queue, 0)} for us"
        for queue in sorted({*truth.waiting, *waiting})
        if truth.waiting.get(queue, 0) != waiting.get(queue, 0)
    ]
    talking = {
        call.agent_id for call in ours.calls.values() if call.state in ("connected", "on_hold")
    }
    states = {agent.agent_id: (agent.state, agent.pause_reason) for agent in ours.agents.values()}
    for agent_id in sorted({*truth.members, *states, *filter(None, talking)}):
        queues = truth.members.get(agent_id, {})
        state, reason = states.get(agent_id, ("logged_out", ""))
        in_call = any(member.in_call for member in queues.values())
        paused = {member.paused for member in queues.values()}
        expected = _state(queues)
        if len(paused) > 1:
            found.append(f"agent {agent_id}: paused for {paused} at once")
        if state not in expected:
            found.append(f"agent {agent_id}: {' or '.join(expected)}, {state} for us")
        if (agent_id in talking) != in_call:
            found.append(f"agent {agent_id}: in a call {in_call}, {agent_id in talking} for us")
        if state == "paused" and reason not in paused:
            found.append(f"agent {agent_id}: paused for {paused}, {reason} for us")
    return found


def _state(queues: Mapping[str, Member]) -> tuple[str, ...]:
    """The states in which we may rightly see an agent with these memberships."""
    if not queues:
        return ("logged_out",)
    if any(member.in_call for member in queues.values()):
        return ("on_call", "on_hold")
    paused = next((member.paused for member in queues.values() if member.paused), "")
    if any(member.ringing for member in queues.values()):
        return ("ringing",)
    if paused:
        return ("wrap_up",) if paused == "wrap-up" else ("paused",)
    return ("available",)
