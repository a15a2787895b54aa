"""Supervisors who hear calls: what is ordered of Asterisk, what the journal holds, who may."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec.structs import replace

from agent_console.errors import CommandRefusedError, MonitorRefusedError
from agent_console.messages import Monitored, MonitorMode, MonitorProblem
from agent_console.messages import Snapshot as Picture
from cti.ami.framing import Message
from cti.ami_actions import Action
from cti.core import events as ev
from cti.core.calls import Call, Monitor
from cti.core.ids import AgentId, CallId
from cti.core.records import Leg, Snapshot
from cti.core.resync import apply_snapshot
from cti.core.world import Rules, World
from cti.errors import CommandError
from cti.monitoring import MonitorRules, NotMonitoredError
from hotline import monitoring
from hotline.settings.centre import MonitoringSettings
from tests.unit.console_kit import Kit
from tests.unit.test_engine import Bench, _stream, _until, settle

ONE = AgentId("1001")


def leg_event(name: str, uniqueid: str, state: str, at: float, **more: str) -> Message:
    headers = {
        "Event": name,
        "Timestamp": str(at),
        "Channel": "PJSIP/2001-00000007",
        "ChannelState": state,
        "Context": "hotline-monitor",
        "Exten": "listen",
        "Uniqueid": uniqueid,
        "Linkedid": uniqueid,
        **more,
    }
    return Message(headers, {})


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """An engine in which agent 1001 talks."""
    made = Bench()
    config = replace(made.engine._config, monitoring=MonitorRules(enabled=True))
    made.engine = type(made.engine)(
        config,
        briefs=made.briefs,
        journal=made.journal,
        clock=lambda: made.now,
        link=type(made.link),
    )
    await made.boot()
    talking, made.rest = _until(_stream("answered_caller_ends"), "AgentConnect")  # type: ignore[attr-defined]
    await made.say(talking)
    yield made
    await made.engine.stop()


async def told(bench: Bench) -> list[Any]:
    await bench.engine.flush()
    return [e for _, e in await bench.journal.read(limit=10_000) if isinstance(e, ev.MonitorEvent)]


def sent(bench: Bench, name: str) -> list[dict[str, str]]:
    return [dict(action.fields) for action in bench.link.sent if action.name == name]


async def test_a_supervisor_listens_whispers_and_barges_in(bench: Bench) -> None:
    found = await bench.engine.monitoring.start(ONE, "2001", "boss", "listen")
    [ring] = sent(bench, "Originate")
    leg = bench.engine.world.agents[ONE].leg_uniqueid
    assert (ring["Channel"], ring["Context"], ring["Exten"]) == (
        "PJSIP/2001",
        "hotline-monitor",
        "listen",
    )
    assert ring["Variable"] == f"HOTLINE_HEARD={leg}"
    assert (found.state, await told(bench)) == ("ringing", [])
    with pytest.raises(NotMonitoredError, match="one at a time"):
        await bench.engine.monitoring.start(ONE, "2001", "boss", "listen")

    before = len(bench.engine.world.living())
    monitor_id = ring["ChannelId"]
    start = bench.now + 2
    await bench.say([leg_event("Newstate", monitor_id, "5", start - 1)])
    await bench.say([leg_event("Newstate", monitor_id, "6", start)])
    assert len(bench.engine.world.living()) == before  # a supervisor is no caller
    [view] = bench.engine.monitoring.views()
    assert (view.by, view.mode, view.state, view.since) == ("boss", "listen", "running", start)
    assert (await bench.engine.board()).monitors == (view,)

    changed = await bench.engine.monitoring.change("boss", "barge")
    assert changed.mode == "barge"
    [redirect] = sent(bench, "Redirect")
    assert (redirect["Channel"], redirect["Exten"]) == (monitor_id, "barge")
    end = start + 30
    await bench.say([leg_event("Hangup", monitor_id, "6", end, Cause="16")])
    kinds = [(type(e).__name__, e.by, e.agent_id, e.mode) for e in await told(bench)]
    assert kinds == [
        ("MonitorStarted", "boss", ONE, "listen"),
        ("MonitorChanged", "boss", ONE, "barge"),
        ("MonitorEnded", "boss", ONE, "barge"),
    ]
    assert (await told(bench))[-1].seconds == pytest.approx(30.0)
    assert bench.engine.monitoring.views() == []
    assert bench.engine.health().rejected == 0


async def test_the_end_of_the_conversation_ends_what_hears_it(bench: Bench) -> None:
    await bench.engine.monitoring.start(ONE, "2001", "boss", "whisper")
    [ring] = sent(bench, "Originate")
    await bench.say(bench.rest)  # type: ignore[attr-defined]
    assert {"Channel": ring["ChannelId"], "Cause": "16"} in sent(bench, "Hangup")
    await bench.say([leg_event("Hangup", ring["ChannelId"], "5", bench.now, Cause="16")])
    assert (bench.engine.monitoring.views(), await told(bench)) == ([], [])


async def test_what_is_not_possible_is_said_and_rings_nowhere(bench: Bench) -> None:
    orders = bench.engine.monitoring
    for agent, extension, why in (
        (ONE, "", "no_phone"),
        (ONE, "20\r\nX: 1", "no_phone"),
        (ONE, "1001", "own_phone"),
        (AgentId("1009"), "2001", "nobody"),
    ):
        with pytest.raises(NotMonitoredError) as refused:
            await orders.start(agent, extension, "boss", "listen")
        assert refused.value.why == why
    with pytest.raises(NotMonitoredError, match="you hear no call"):
        await orders.change("boss", "barge")
    await orders.stop("boss")
    assert [a.name for a in bench.link.sent if a.name in ("Originate", "Redirect", "Hangup")] == []
    bench.link.refusals["Originate"] = "Permission denied"
    with pytest.raises(CommandError, match="Permission denied"):
        await orders.start(ONE, "2001", "boss", "listen")
    assert orders.views() == []
    bench.engine.monitoring._rules = MonitorRules()
    with pytest.raises(NotMonitoredError, match="switched off"):
        await orders.start(ONE, "2001", "boss", "listen")


async def test_who_hears_is_known_again_after_a_restart_and_strangers_are_ended(
    bench: Bench,
) -> None:
    await bench.engine.monitoring.start(ONE, "2001", "boss", "listen")
    [ring] = sent(bench, "Originate")
    await bench.say([leg_event("Newstate", ring["ChannelId"], "6", bench.now + 1)])
    events = [e for _, e in await bench.journal.read(limit=10_000)]
    world = World(Rules(pseudonym_key=b"k" * 16))
    world.restore(events)
    world.take()
    own = Leg(channel="PJSIP/2001-7", uniqueid=ring["ChannelId"], linkedid="x", up=True)
    stray = Leg(
        channel="PJSIP/2002-8", uniqueid="monitor-9", linkedid="x", context="hotline-monitor"
    )
    nothing: Any = ()
    picture = Snapshot(
        at=bench.now + 5, queues=nothing, members=nothing, waiting=nothing, legs=(own, stray)
    )
    apply_snapshot(world, picture)
    [call_id] = world.monitor_legs.values()
    assert [one.by for one in world.calls[call_id].monitors] == ["boss"]
    bench.engine.monitoring.reconcile(picture)
    await settle()
    assert sent(bench, "Hangup") == [{"Channel": "monitor-9", "Cause": "16"}]
    ended = apply_snapshot(world, replace(picture, at=bench.now + 9, legs=()))
    assert [type(e).__name__ for e in ended if isinstance(e, ev.MonitorEvent)] == ["MonitorEnded"]


def test_the_agent_is_told_as_the_settings_say() -> None:
    def heard(*modes: MonitorMode) -> Call:
        return Call(
            call_id=CallId("c"),
            since=1.0,
            arrived_at=1.0,
            monitors=tuple(
                Monitor(monitor_id=m, agent_id=ONE, by="boss", mode=m, since=2.0) for m in modes
            ),
        )

    def shown(tell: Any, *modes: MonitorMode) -> str | None:
        said = monitoring.told(MonitoringSettings(tell_agent=tell), heard(*modes), ONE)
        return said.mode if said is not None else None

    assert [shown("barge", m) for m in ("listen", "whisper", "barge")] == [None, None, "barge"]
    assert [shown("always", m) for m in ("listen", "whisper")] == ["listen", "whisper"]
    assert shown("always", "listen", "barge", "whisper") == "barge"
    assert (shown("never", "barge"), shown("always")) == (None, None)
    assert monitoring.told(MonitoringSettings(), None, ONE) is None


# --- over HTTP -----------------------------------------------------------------------------------


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path / "dist")
    for login, role in (("boss", "supervisor"), ("lead", "leader")):
        await kit.add(login, None, role=role)
    await kit.add("wang", "1001")
    async with kit.running():
        yield kit


async def test_only_the_roles_of_the_settings_may(kit: Kit) -> None:
    order = {"agent_id": "1001", "mode": "listen"}
    for login, status in (("wang", 403), ("lead", 403), ("boss", 200)):
        browser = kit.browser()
        await browser.sign_in(login)
        answer = await browser.http.post("/api/monitor", json=order)
        assert answer.status_code == status, login
    assert (await kit.browser().http.delete("/api/monitor")).status_code == 401
    assert kit.monitoring.orders == [("start", "1001", "listen", "boss")]
    assert (await browser.http.put("/api/monitor", json={"mode": "barge"})).json()[
        "mode"
    ] == "barge"
    assert (await browser.http.put("/api/monitor", json={"mode": "record"})).status_code == 400
    assert (await browser.http.delete("/api/monitor")).status_code == 204


async def test_refusals_come_with_their_words(kit: Kit) -> None:
    browser = kit.browser()
    await browser.sign_in("boss")
    words = (Path(__file__).parents[2] / "agent_console/web/src/i18n/zh.ts").read_text()
    for code in get_args(MonitorProblem):
        kit.monitoring.refusal = MonitorRefusedError(code)
        answer = await browser.http.post("/api/monitor", json={"agent_id": "1", "mode": "listen"})
        assert (answer.status_code, answer.json()["code"]) == (409, code)
        assert f"'error.{code}'" in words
    kit.monitoring.refusal = CommandRefusedError("engine_away")
    answer = await browser.http.delete("/api/monitor")
    assert (answer.status_code, answer.json()["code"]) == (503, "engine_away")


async def test_the_agents_page_hears_of_it_and_a_late_page_too(kit: Kit) -> None:
    wang = kit.browser()
    await wang.sign_in("wang")
    said = Monitored(call_id="c", mode="barge")
    async with wang.page() as page:
        await page.read_all(2)
        kit.engine.tell("1001", said)
        assert await page.read_all(1) == [said]
        async with wang.page() as late:
            _, snapshot = await late.read_all(2)
            assert isinstance(snapshot, Picture)
            assert snapshot.monitored == said
        kit.engine.tell("1001", msgspec.structs.replace(said, mode=None))
        async with wang.page() as later:
            _, snapshot = await later.read_all(2)
            assert isinstance(snapshot, Picture)
            assert snapshot.monitored is None


def test_actions_name_one_phone_one_channel_and_one_mode() -> None:
    from cti.ami_actions import originate_monitor

    action: Action = originate_monitor("monitor-1", "2001", "listen", "h-1.2", "listen 1001", 20.0)
    fields = dict(action.fields)
    assert fields["CallerID"] == '"listen 1001" <2001>'
    assert (fields["Timeout"], fields["Async"]) == ("20000", "true")
