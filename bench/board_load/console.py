"""The role ``console`` for :mod:`bench.board_check`, with a hand for transfers, and a wrong fold.

Takes hotline's own arguments.  ``BOARD_TRANSFERS=FROM:TO:SECONDS`` lets the agents of one queue
send their customers to another after so long: the page has no button for it yet.
``BOARD_PLANTED`` names the fault of :data:`bench.board_load.planted.FAULTS` to plant.
"""

import asyncio
import os
from typing import Any

from bench.board_load import planted
from cti.bus import EVENTS
from cti.core import events as ev
from cti.core.ids import QueueName
from cti.engine import Engine
from cti.errors import CtiError
from hotline.cli import main as hotline

_start = Engine.start


async def _started(self: Engine[Any]) -> None:
    await _start(self)
    source, target, after = os.environ["BOARD_TRANSFERS"].split(":")

    async def send_on(event: ev.CallConnected) -> None:
        await asyncio.sleep(float(after))
        try:
            await self.control.transfer_to_queue(event.agent_id, QueueName(target))
        except CtiError as error:
            print(f"not transferred: {error}", flush=True)

    async def watch() -> None:
        tasks = set()
        with self.bus.subscribe(EVENTS) as news:
            while True:
                event = await news.get()
                if isinstance(event, ev.CallConnected) and event.queue == source:
                    tasks.add(asyncio.create_task(send_on(event)))

    self._tasks.spawn(watch(), "bench-transfers")


if __name__ == "__main__":
    Engine.start = _started  # type: ignore[method-assign] # a hand that presses the button
    if "BOARD_PLANTED" in os.environ:
        planted.plant(os.environ["BOARD_PLANTED"])
    hotline()
