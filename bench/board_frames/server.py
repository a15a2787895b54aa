"""The console under a supervisor's eyes, as a process: the real engine, board and application.

Started by ``bench/board.py``: reads one JSON document, prints ``ready``, then obeys a line of JSON
each: ``["say", text]`` (what Asterisk's manager interface says), ``["usage"]`` (prints CPU seconds
and resident bytes so far).  Only Asterisk is missing.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import structlog
import uvicorn

from agent_console.app import UVICORN_OPTIONS, create_app
from agent_console.board_messages import BoardPicture
from agent_console.config import ConsoleConfig
from agent_console.store import MemoryWorkStore, SqlUserStore
from agent_console.testing import FakeDays, FakeEngine
from agent_console.testing_floor import FakeFloor
from bench.console_load.server import usage
from crm_lookup.model import CustomerBrief
from cti.ami.client import AmiConfig
from cti.ami.framing import Framer, Message
from cti.core.ids import CustomerId
from cti.core.world import Rules
from cti.engine import Engine, EngineConfig
from cti.journal.sqlite import SqliteJournal
from cti.testing import FakeLink
from hotline.accounts import async_engine
from hotline.boards import EngineBoard, board_rules
from hotline.roles.life import settle_memory
from hotline.settings import Settings
from hotline.storage import history

WRAP_UP = 2.0
_QUEUES_EACH = 2


class Strangers:
    """Knows no customer."""

    async def brief(self, customer_id: CustomerId) -> CustomerBrief | None:
        del customer_id
        return None

    async def candidates(self, caller_number: str) -> Sequence[CustomerBrief]:
        del caller_number
        return ()


class LateBoard(EngineBoard):
    """With a planted fault: every picture takes so many seconds longer."""

    lost = 0.0

    async def picture(self) -> BoardPicture | None:
        found = await super().picture()
        if self.lost:
            await asyncio.sleep(self.lost)
        return found


def staff(queues: Sequence[str], agents: Sequence[str]) -> tuple[Message, ...]:
    """Return ``QueueStatus``: every agent is signed in to two queues, free."""
    said = [Message({"Event": "QueueParams", "Queue": queue}, {}) for queue in queues]
    for place, agent in enumerate(agents):
        for n in range(min(_QUEUES_EACH, len(queues))):
            member = {
                "Event": "QueueMember",
                "Queue": queues[(place + n) % len(queues)],
                "Name": agent,
                "Location": f"PJSIP/{agent}",
                "Status": "1",
                "Paused": "0",
            }
            said.append(Message(member, {}))
    return tuple(said)


async def run() -> None:
    job: dict[str, Any] = json.loads(sys.stdin.readline())
    settings = Settings(
        state_dir=job["folder"],
        queues=[{"name": name} for name in job["queues"]],
    )
    engine: Engine[CustomerBrief] = Engine(
        EngineConfig(
            ami=AmiConfig(username="bench", secret="bench"),  # noqa: S106 -- nobody is asked
            rules=Rules(pseudonym_key=b"k" * 16, default_wrap_up=WRAP_UP),
            board=board_rules(settings),
        ),
        briefs=Strangers(),
        journal=SqliteJournal.open(Path(job["database"])),
        link=FakeLink,
    )
    await engine.start()
    link = cast(FakeLink, engine.link)
    link.queues = staff(job["queues"], job["agents"])
    link.clock = f"{time.time():.6f}"
    link.boot()
    await engine.wait_in_step()
    database = async_engine(settings)
    users = SqlUserStore(database)
    board = LateBoard(engine, users, history(settings), settings, tuple, FakeFloor(time.time))
    board.lost = job["lost"]
    app = create_app(
        ConsoleConfig(origins=(job["origin"],), secure_cookies=False),
        FakeEngine(time.time),
        users,
        MemoryWorkStore(),
        FakeDays(time.time),
        board=board,
    )
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=job["port"],
            log_config=None,
            access_log=False,
            **UVICORN_OPTIONS,
        )
    )
    settle_memory()
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    print("ready", flush=True)
    lines = asyncio.StreamReader(limit=2**20)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    framer = Framer()
    framer.feed(b"Asterisk Call Manager/11.0.0\r\n")
    while line := await lines.readline():
        match json.loads(line):
            case ["say", text]:
                link.say(*framer.feed(text.encode()))
            case ["usage"]:
                print(json.dumps(usage()), flush=True)
            case other:
                raise ValueError(other)
    server.should_exit = True
    await app.state.end_streams()
    await serving
    await engine.stop()
    await database.dispose()


if __name__ == "__main__":
    # What is printed are the answers.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(run())
