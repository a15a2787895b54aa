"""A slow subscriber loses its own messages, and is told; nobody else notices."""

import asyncio

import pytest

from cti.bus import Lagged, LocalBus


async def test_messages_come_in_order_to_the_subscribers_of_their_topic() -> None:
    bus = LocalBus()
    with bus.subscribe("a", "b") as both, bus.subscribe("b") as one:
        assert bus.publish("a", 1) == 1
        assert bus.publish("b", 2) == 2
        assert bus.publish("c", 3) == 0
        assert [await both.get(), await both.get()] == [1, 2]
        assert await one.get() == 2
    assert bus.publish("b", 4) == 0


async def test_a_slow_subscriber_is_told_to_take_a_snapshot() -> None:
    bus = LocalBus()
    with bus.subscribe("a", size=3) as slow, bus.subscribe("a", size=100) as fast:
        for n in range(9):
            assert bus.publish("a", n) == 2
        first = await slow.get()
        assert isinstance(first, Lagged)
        rest = [await slow.get() for _ in range(9 - first.dropped)]
        assert rest == list(range(first.dropped, 9))
        assert [await fast.get() for _ in range(9)] == list(range(9))


async def test_closing_wakes_whoever_waits() -> None:
    bus = LocalBus()
    subscription = bus.subscribe("a")

    async def listen() -> list[object]:
        return [message async for message in subscription]

    listening = asyncio.create_task(listen())
    bus.publish("a", 1)
    await asyncio.sleep(0)
    subscription.close()
    assert await listening == [1]


def test_a_subscription_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        LocalBus().subscribe("a", size=0)
