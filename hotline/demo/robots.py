"""Life at the demo bank: agents who work by themselves, and customers who phone in.

Nothing is simulated: the robots use the console as a browser does, and the customers place SIP
calls through the carrier.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Final

import structlog

from agent_console import messages
from hotline.carrier import Carrier
from hotline.console_client import ConsoleClient, ConsoleClientError
from hotline.demo.people import Employee
from hotline.demo_bank.cast import AMBIGUOUS_NUMBER

log = structlog.get_logger(__name__)

MOST_CHANNELS: Final = 16
"""No further customer phones in while the carrier has so many channels (two or three a call)."""

DISPOSITIONS: Final = ("solved", "solved", "solved", "follow_up", "referred", "sale")

NUMBERS: Final = ("95500", "95500", "95500", "95501", "4008895500")


async def work(host: str, port: int, person: Employee, chance: random.Random) -> None:
    """Be one agent: sign in, take calls, do the paperwork, for ever."""
    while True:
        try:
            async with ConsoleClient(host, port) as client:
                await client.sign_in(person.login, person.password)
                await client.open()
                await _take_calls(client, chance)
        except (OSError, ConsoleClientError, ConnectionError) as error:
            log.info("robot_reconnects", agent=person.login, error=str(error))
        await asyncio.sleep(2.0)


async def _take_calls(client: ConsoleClient, chance: random.Random) -> None:
    async for _, message in client.messages():
        match message:
            case messages.Snapshot(status=status) | messages.AgentStateChanged(status=status):
                if status.state in ("logged_out", "paused"):
                    await client.send("set_state", state="available")
            case messages.PopRaised(pop=pop) if pop.candidates and pop.customer is None:
                chosen = chance.choice(pop.candidates)
                await client.send(
                    "choose_customer", call_id=pop.call_id, customer_id=chosen.customer_id
                )
            case messages.WrapUpStarted(wrap_up=wrap_up) if not wrap_up.disposition:
                await asyncio.sleep(chance.uniform(1.0, 6.0))
                code = chance.choice(DISPOSITIONS)
                await client.send("dispose", call_id=wrap_up.call_id, code=code)
                await client.send("ready")
            case _:
                pass


async def make_available(host: str, port: int, person: Employee) -> None:
    """Sign the agent in to the queues and leave the console alone: a visitor will sit there."""
    async with ConsoleClient(host, port) as client:
        await client.sign_in(person.login, person.password)
        await client.open()
        async for _, message in client.messages():
            if isinstance(message, messages.Snapshot):
                await client.send("set_state", state="available")
            elif isinstance(message, messages.Accepted | messages.Failed):
                return


async def phone_in(
    carrier: Carrier, callers: Sequence[str], pin: str, chance: random.Random
) -> None:
    """Let customers phone in every few seconds, for ever."""
    while True:
        if await asyncio.to_thread(carrier.active_channels) < MOST_CHANNELS:
            caller = _caller(callers, chance)
            steps = chance.choices(_stories(pin), weights=(6, 3, 1, 1))[0]
            dialled = chance.choice(NUMBERS)
            await asyncio.to_thread(carrier.call, dialled, caller=caller, steps=steps)
        await asyncio.sleep(chance.uniform(3.0, 8.0))


def _caller(callers: Sequence[str], chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.1:
        return ""
    if kind < 0.25:
        return f"+86139{chance.randrange(10**8):08d}"
    return AMBIGUOUS_NUMBER if kind < 0.32 else chance.choice(callers)


def _stories(pin: str) -> tuple[tuple[str, ...], ...]:
    """What customers do: ask for a person; hear a balance first; balance only; give up."""
    return (
        ("w4", "d1", "w3", "d0"),
        ("w4", "d1", "w3", "d1", "w3", "d#", "w3", f"d{pin}#", "w12", "d0"),
        ("w4", "d1", "w3", "d1", "w3", "d#", "w3", f"d{pin}#", "w15", "h"),
        ("w4", "d1", "w3", "d0", "w8", "h"),
    )
