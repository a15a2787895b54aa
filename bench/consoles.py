"""Many agents' consoles without browsers, in a process of their own: when did which pop arrive?

Started by ``bench/pop.py``: reads one JSON document from standard input, prints ``ready`` when
every agent is available, and then a line of JSON per pop.
"""

import asyncio
import json
import sys
from typing import Any

from agent_console import messages
from hotline.console_client import ConsoleClient


async def sit(job: dict[str, Any], login: str, free: asyncio.Semaphore, ready: list[str]) -> None:
    """Be one agent at one console."""
    client = ConsoleClient(job["host"], job["port"])
    async with free:  # signing in costs the server tens of milliseconds of CPU, on purpose
        await client.sign_in(login, job["password"])
        await client.open()
        await client.send("set_state", state="available")
    async for arrived, message in client.messages():
        match message:
            case messages.AgentStateChanged(status=status) | messages.Snapshot(status=status):
                if status.state == "available" and login not in ready:
                    ready.append(login)
                    if len(ready) == len(job["logins"]):
                        print("ready", flush=True)
            case messages.PopRaised(pop=pop):
                print(json.dumps([arrived, login, pop.call_id, pop.number]), flush=True)
            case _:
                pass


async def run() -> None:
    job = json.loads(sys.stdin.readline())
    free, ready = asyncio.Semaphore(4), list[str]()
    await asyncio.gather(*(sit(job, login, free, ready) for login in job["logins"]))


if __name__ == "__main__":
    asyncio.run(run())
