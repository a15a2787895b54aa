"""What agents do with their calls while things break: consult, join, send on.

The orders are those of :class:`cti.control.CallControl`, over a line of their own; what happens is
told by the dialplan, to the engine under test as to everybody else.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from bench.fault_rounds.people import AT_WORK
from bench.fault_rounds.stand import QUICK, SLOW, Stand
from cti.ami.client import AmiClient, AmiConfig
from cti.control import CallControl
from cti.core.agents import Membership
from cti.core.ids import AgentId, QueueName
from cti.core.world import World
from cti.errors import CtiError
from cti.link import take_picture
from hotline.demo.site import HOST

_LOOK_EVERY: Final = 0.1
_EFFECT_WITHIN: Final = 1.0
_ONE: Final = AgentId(QUICK.login)
_OTHER: Final = AgentId(SLOW.login)
_NO_HOLD: Final = (AT_WORK[1].login, AT_WORK[3].login)
"""Agents whose phones do not hold their calls: there is time for something else."""


class Orders:
    """Brings calls into the phases that need an agent's order."""

    def __init__(self, stand: Stand, line: AmiClient, chance: random.Random) -> None:
        self._stand = stand
        self._line = line
        self._chance = chance

    async def reach(self, phase: str, seconds: float = 8.0) -> bool:
        """Wait until a call is in the phase, and order what leads there; say whether one is."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            phases = await asyncio.to_thread(self._stand.phases)
            if phase in phases.values():
                return True
            if phase in ("consulting", "conference", "transferring"):
                await self._towards(phase)
            await asyncio.sleep(_LOOK_EVERY)
        return False

    async def _towards(self, phase: str) -> None:
        try:
            control, world = await self._control()
            if phase == "conference":
                for call in list(world.calls.values()):
                    if call.state == "consulting" and call.consult_answered and call.agent_id:
                        await control.conference(call.agent_id)
                        return
            talking = [
                call.agent_id
                for call in world.calls.values()
                if call.state == "connected" and call.agent_id in _NO_HOLD
            ]
            if not talking:
                return
            agent_id = self._chance.choice(talking)
            if phase == "transferring":
                await control.transfer_to_agent(agent_id, _OTHER)
            elif not any(call.state == "consulting" for call in world.calls.values()):
                slow = phase == "consulting" and self._chance.random() < 0.5
                await control.consult(agent_id, _OTHER if slow else _ONE)
        except (CtiError, KeyError):
            pass  # the call has moved on meanwhile, or the line is broken: the next look tries

    async def _control(self) -> tuple[CallControl, World]:
        """Our state from the journal, with the channels that Asterisk has now."""
        picture = await take_picture(self._line, "", time.time)
        ours = await asyncio.to_thread(self._stand.ours)
        world = World(ours.rules)
        world.calls, world.agents = dict(ours.calls), dict(ours.agents)
        world.queues = {QueueName(name) for name in picture.queues}
        for leg in picture.legs:
            phone = leg.channel.rpartition("-")[0]
            agent = world.agents.get(AgentId(phone.removeprefix("PJSIP/")))
            call = next((c for c in world.calls.values() if c.call_id == leg.vars.call_id), None)
            if call is None:
                continue
            if agent is None:
                world.trace(call.call_id).channel = leg.channel
            elif agent.call_id == call.call_id:
                world.agents[agent.agent_id] = msgspec.structs.replace(
                    agent, leg_uniqueid=leg.uniqueid
                )
        for member in picture.members:
            agent = world.agents.get(member.member_name)
            if agent is not None:
                world.agents[agent.agent_id] = msgspec.structs.replace(
                    agent,
                    interface=member.interface,
                    memberships=(Membership(queue=member.queue, penalty=0),),
                    device=member.device,
                )
        return CallControl(self._line, world, self._until), world

    async def _until(self, _: Callable[[], bool]) -> None:
        """The journal shows the effect at the next look; here nobody waits for it."""


@asynccontextmanager
async def ordering(stand: Stand, chance: random.Random) -> AsyncIterator[Orders]:
    """Orders over a line of their own, which reconnects by itself."""
    ami = stand.site.settings.ami
    config = AmiConfig(
        host=HOST, port=stand.site.plan.ami, username=ami.username, secret=stand.secret
    )
    line = AmiClient(
        config, on_event=lambda _: None, on_ready=lambda: None, on_down=lambda _: None
    )
    await line.start()
    try:
        yield Orders(stand, line, chance)
    finally:
        await line.stop()
