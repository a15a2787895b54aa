"""The endpoint: programs get what they may see, come back without loss, and are kept apart."""

import asyncio

from structlog.testing import capture_logs

from agent_console.events_api import channel
from agent_console.events_api import messages as m
from cti.bus import EVENTS, agent_topic
from cti.core.ids import AgentId
from tests.unit.events_api_kit import Kit, grant, queued, raised

TOPIC = agent_topic(AgentId("1001"))


async def test_a_pop_reaches_the_program_with_its_number() -> None:
    kit = Kit()
    async with kit.program(await kit.token(grant("pops", "customer"))) as crm:
        welcome, reset = await crm.hello()
        assert (welcome.version, welcome.resumed, welcome.seq) == (1, False, 0)
        assert welcome.scopes == ("customer", "pops")
        assert reset == m.Reset(seq=0, reason="start", pops=())
        kit.bus.publish(TOPIC, raised())
        seq, event = await crm.event()
        assert seq == 1
        assert isinstance(event, m.PopRaised)
        assert event.pop.customer is not None
        crm.send(m.Ping())
        assert await crm.read() == m.Pong(now=kit.clock())


async def test_a_program_that_comes_back_misses_nothing() -> None:
    kit = Kit()
    token = await kit.token(grant("pops", "calls"))
    async with kit.program(token) as crm:
        welcome, _ = await crm.hello()
        kit.bus.publish(EVENTS, queued("c1"))
        kit.bus.publish(TOPIC, raised())
        first = await crm.event()
        second = await crm.event()
        crm.send(m.Ack(seq=1))
        assert await crm.is_quiet()
    kit.bus.publish(EVENTS, queued("c2"))
    async with kit.program(token) as crm:
        resume = m.Resume(stream=welcome.stream, seq=first[0])
        again, _ = await crm.hello(resume=resume)
        assert again.resumed
        assert await crm.event() == second
        seq, event = await crm.event()
        assert (seq, event.call_id) == (3, "c2")
    async with kit.program(token) as crm:
        _, reset = await crm.hello(resume=m.Resume(stream="of another run", seq=3))
        assert isinstance(reset, m.Reset)
        assert reset.reason == "unknown_stream"
        assert [pop.pop_id for pop in reset.pops] == ["c1/1001/1"]


async def test_a_token_of_one_queue_sees_nothing_of_another() -> None:
    kit = Kit()
    kit.bus.publish(TOPIC, raised("c0", queue="vip"))
    async with kit.program(await kit.token(grant("pops", "calls", queues={"service"}))) as crm:
        _, reset = await crm.hello()
        assert isinstance(reset, m.Reset)
        assert reset.pops == ()
        kit.bus.publish(EVENTS, queued("c1", "vip"))
        kit.bus.publish(TOPIC, raised("c1", queue="vip"))
        kit.bus.publish(TOPIC, raised("c2"))
        assert (await crm.event())[1].call_id == "c2"
        assert await crm.is_quiet()
        assert not any("vip" in frame for frame in crm.frames)


async def test_without_the_scope_there_is_no_personal_data_even_in_a_reset() -> None:
    kit = Kit()
    kit.bus.publish(TOPIC, raised())
    async with kit.program(await kit.token(grant("pops"))) as crm:
        await crm.hello()
        kit.bus.publish(TOPIC, raised("c2"))
        await crm.event()
        text = "".join(crm.frames)
        assert "C0001" in text
        assert not [word for word in ("王**", "gold", "13800138000", "o1") if word in text]


async def test_a_wrong_or_missing_token_is_refused_and_never_logged() -> None:
    kit = Kit()
    token = await kit.token(grant("pops"))
    with capture_logs() as logs:
        for wrong in ("nonsense", token[:-2] + "AA"):
            async with kit.program(wrong) as crm:
                crm.send(m.Hello())
                assert await crm.closed_with() == 4401
        async with kit.program() as crm:
            crm.send(m.Hello(token=token))
            assert isinstance(await crm.read(), m.Welcome)
    assert logs
    secret = token.split("_", 2)[2]
    assert not [word for word in (secret[:-2], "nonsense") if word in str(logs)]


async def test_a_token_in_the_address_is_refused() -> None:
    kit = Kit()
    token = await kit.token(grant("pops"))
    async with kit.program(query_string=f"token={token}".encode()) as crm:
        assert crm.opening["type"] == "websocket.close"


async def test_a_revoked_or_expired_token_ends_the_connection() -> None:
    kit = Kit()
    tokens = [await kit.token(grant("pops"), lifetime) for lifetime in (60.0, 3600.0)]
    async with kit.program(tokens[0]) as short, kit.program(tokens[1]) as long:
        await short.hello()
        await long.hello()
        await kit.look()
        kit.clock.now += 61
        await kit.look()
        assert await short.closed_with() == 4401
        (_, record) = await kit.store.tokens()
        await kit.store.revoke_token(record.token_id, kit.clock())
        await kit.look()
        assert await long.closed_with() == 4401


async def test_the_same_name_takes_over_and_another_has_its_own_stream() -> None:
    kit = Kit()
    token = await kit.token(grant("calls"))
    async with kit.program(token) as first, kit.program(token) as second:
        await first.hello(client="a")
        await second.hello(client="b")
        async with kit.program(token) as third:
            await third.hello(client="a")
            assert await first.closed_with() == 4409
            kit.bus.publish(EVENTS, queued())
            assert (await second.event())[0] == (await third.event())[0] == 1


async def test_a_stuck_program_holds_nobody_up_and_begins_anew() -> None:
    kit = Kit()
    token = await kit.token(grant("calls"))
    async with kit.program(token) as stuck, kit.program(await kit.token(grant("calls"))) as well:
        await stuck.hello()
        await well.hello()
        stuck.reading.clear()
        for n in range(channel.BUFFERED + 2):
            kit.bus.publish(EVENTS, queued(f"c{n}"))
            seq, _ = await well.event()
            assert seq == n + 1
            if seq % 50 == 0:
                well.send(m.Ack(seq=seq))
        stuck.reading.set()
        await stuck.event()  # it was on its way already
        reset = await stuck.read()
        assert isinstance(reset, m.Reset)
        assert (reset.reason, reset.seq) == ("too_slow", channel.BUFFERED + 2)


async def test_an_acknowledgement_of_what_was_never_sent_is_an_error() -> None:
    kit = Kit()
    async with kit.program(await kit.token(grant("calls"))) as crm:
        await crm.hello()
        crm.send(m.Ack(seq=1))
        assert await crm.closed_with() == 4400


async def test_silence_before_hello_and_too_many_names_end_the_connection() -> None:
    kit = Kit()
    token = await kit.token(grant("calls"))
    async with kit.program(token) as silent:
        kit.clock.now += 6
        await kit.look()
        assert await silent.closed_with() == 4408
    async with asyncio.TaskGroup() as group:
        for n in range(8):
            group.create_task(visit(kit, token, f"n{n}"))
    async with kit.program(token) as one_more:  # an abandoned stream makes room
        await one_more.hello(client="n9")


async def visit(kit: Kit, token: str, client: str) -> None:
    async with kit.program(token) as crm:
        await crm.hello(client=client)


async def test_going_down_is_said() -> None:
    kit = Kit()
    await kit.api.start()
    async with kit.program(await kit.token(grant("calls"))) as crm:
        await crm.hello()
        await kit.api.stop()
        assert await crm.closed_with() == 4503


async def test_a_fault_of_the_api_keeps_nothing_from_the_engine() -> None:
    kit = Kit()
    kit.bus.watchers.insert(0, lambda _: 1 / 0)
    with kit.bus.subscribe(EVENTS) as subscription:
        assert kit.bus.publish(EVENTS, queued()) == 1
        assert await subscription.get() == queued()
