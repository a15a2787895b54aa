"""Many agents' consoles without browsers, in a process of their own: when did which pop arrive?

Started by ``bench/pop.py``: reads one JSON document from standard input, prints ``ready`` when
every agent is available, and then a line of JSON per pop.  Beside them a bare AMI reader, which
does nothing else, says when Asterisk's own word of the ringing arrived here: no pop can be sooner,
and what this process adds by itself is the same for both.
"""

import asyncio
import json
import sys
import time
from typing import Any

from agent_console import messages
from hotline.console_client import ConsoleClient

HEARTBEAT = 10.0
"""Seconds between two signs of life, as a page gives them."""


async def read_bare(job: dict[str, Any]) -> None:
    """Print when ``AgentCalled`` reaches a client that does nothing but look for it."""
    reader, writer = await asyncio.open_connection(job["host"], job["ami"])
    writer.write(f"Action: Login\r\nUsername: hotline\r\nSecret: {job['secret']}\r\n\r\n".encode())

    async def ping() -> None:
        while True:  # as the engine does, so that no event is held back
            writer.write(b"Action: Ping\r\n\r\n")
            await asyncio.sleep(0.02)

    pinging = asyncio.create_task(ping())
    try:
        while True:
            message = await reader.readuntil(b"\r\n\r\n")
            arrived = time.time()
            if message.startswith(b"Event: AgentCalled\r\n"):
                agent = message.partition(b"\r\nMemberName: ")[2].partition(b"\r\n")[0]
                call = message.partition(b"HOTLINE_CALL_ID=")[2].partition(b"\r\n")[0]
                print(json.dumps(["event", arrived, agent.decode(), call.decode()]), flush=True)
    finally:
        pinging.cancel()


async def live(client: ConsoleClient) -> None:
    """Give signs of life, as a page does; a silent one is closed."""
    while True:
        await asyncio.sleep(HEARTBEAT)
        await client.send("ping")


async def sit(job: dict[str, Any], login: str, free: asyncio.Semaphore, ready: list[str]) -> None:
    """Be one agent at one console."""
    client = ConsoleClient(job["host"], job["port"])
    async with free:  # signing in costs the server tens of milliseconds of CPU, on purpose
        while True:
            try:
                await client.sign_in(login, job["password"])
            except TimeoutError:
                print(f"{login} could not sign in within 10 s", file=sys.stderr, flush=True)
            else:
                break
        await client.open()
        await client.send("set_state", state="available")
    beating = asyncio.create_task(live(client))
    try:
        await watch(job, login, client, ready)
    finally:
        beating.cancel()


async def watch(job: dict[str, Any], login: str, client: ConsoleClient, ready: list[str]) -> None:
    """Print the agent's pops."""
    async for arrived, message in client.messages():
        match message:
            case messages.AgentStateChanged(status=status) | messages.Snapshot(status=status):
                if status.state == "available" and login not in ready:
                    ready.append(login)
                    if len(ready) == len(job["logins"]):
                        print("ready", flush=True)
            case messages.PopRaised(pop=pop):
                line = ["pop", arrived, login, pop.call_id, pop.number]
                print(json.dumps(line), flush=True)
            case messages.Failed(code=code) if login not in ready:
                # A machine that is busy with something else may need more time to sign all in.
                print(f"{login} is not available yet: {code}", file=sys.stderr, flush=True)
                await asyncio.sleep(1)
                await client.send("set_state", state="available")
            case _:
                pass


async def run() -> None:
    job = json.loads(sys.stdin.readline())
    free, ready = asyncio.Semaphore(2), list[str]()
    seats = (sit(job, login, free, ready) for login in job["logins"])
    await asyncio.gather(read_bare(job), *seats)


if __name__ == "__main__":
    asyncio.run(run())
