"""Peers that mean no good to a FastAGI port: noise, other protocols, floods, silence."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

Peer: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Hostile: TypeAlias = Callable[[Peer, random.Random, bytes], Awaitable[None]]
"""Does its worst on one connection; the last argument is an environment with the right secret."""

HOLDS: Final = 0.3
"""Seconds for which silent peers keep their connection."""


async def _noise(peer: Peer, chance: random.Random, hello: bytes) -> None:
    peer[1].write(chance.randbytes(chance.randrange(1, 4000)))
    await peer[0].read()


async def _lines(peer: Peer, chance: random.Random, hello: bytes) -> None:
    words = (
        b"agi_x: y",
        b"HANGUP",
        b"200 result=1",
        b"520-",
        b"\xff\xfe",
        b"agi_arg_1: \x00",
        b":",
    )
    rows = b"\n".join(chance.choices(words, k=chance.randrange(1, 200)))
    peer[1].write(rows + b"\n")
    peer[1].write_eof()
    await peer[0].read()


async def _http(peer: Peer, chance: random.Random, hello: bytes) -> None:
    peer[1].write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    await peer[0].read()


async def _tls(peer: Peer, chance: random.Random, hello: bytes) -> None:
    peer[1].write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(500))
    await peer[0].read()


async def _gone(peer: Peer, chance: random.Random, hello: bytes) -> None:
    peer[1].transport.abort()


async def _ends(peer: Peer, chance: random.Random, hello: bytes) -> None:
    peer[1].write(hello[: chance.randrange(len(hello) - 1)])
    peer[1].write_eof()
    await peer[0].read()


async def _half_open(peer: Peer, chance: random.Random, hello: bytes) -> None:
    peer[1].write(hello[: chance.randrange(len(hello) - 1)])
    async with asyncio.timeout(HOLDS):
        await peer[0].read()


async def _guess(peer: Peer, chance: random.Random, hello: bytes) -> None:
    peer[1].write(b"agi_network_script: main\nagi_arg_1: %016x\n\n" % chance.getrandbits(64))
    await peer[0].read()


async def _long_line(peer: Peer, chance: random.Random, hello: bytes) -> None:
    peer[1].write(b"agi_" + b"x" * 20_000)
    await peer[0].read()


async def _large(peer: Peer, chance: random.Random, hello: bytes) -> None:
    peer[1].write(b"agi_a: b\n" * 20_000)
    await peer[0].read()


async def _insider(peer: Peer, chance: random.Random, hello: bytes) -> None:
    """Knows the secret, and answers as no Asterisk does."""
    answers = (
        b"200 result=1\n" * 50,
        b"HANGUP\n" * 1000,
        b"520-usage\n" + b"words\n" * 10_000,
        b"200 result=1 (unclosed\n",
        b"999 \xff\n",
        b"200 result=" + b"9" * 9000 + b"\n",
    )
    peer[1].write(hello)
    await peer[0].readline()
    peer[1].write(chance.choice(answers))
    await peer[0].read()


async def _deaf_insider(peer: Peer, chance: random.Random, hello: bytes) -> None:
    """Knows the secret, and answers nothing."""
    peer[1].write(hello)
    async with asyncio.timeout(HOLDS):
        await peer[0].read()


PEERS: Final[Mapping[str, Hostile]] = {
    "noise": _noise,
    "odd lines": _lines,
    "http": _http,
    "tls": _tls,
    "gone at once": _gone,
    "end of file": _ends,
    "half open": _half_open,
    "guessed secret": _guess,
    "long line": _long_line,
    "large environment": _large,
    "insider": _insider,
    "deaf insider": _deaf_insider,
}


async def attack(
    port: int,
    count: int,
    hello: bytes,
    *,
    at_once: int = 100,
    seed: int = 1,
    host: str = "127.0.0.1",
    source: str = "127.0.0.1",
) -> dict[str, int]:
    """Let ``count`` peers do their worst, of all kinds in turn; return how many of each did.

    They come from the address ``source``.
    """
    chance = random.Random(seed)  # noqa: S311 - the same attack again
    done = dict.fromkeys(PEERS, 0)
    places = asyncio.Semaphore(at_once)

    async def one(name: str) -> None:
        async with places:
            try:
                peer = await asyncio.open_connection(host, port, local_addr=(source, 0))
            except OSError:
                return
            try:
                async with asyncio.timeout(20):
                    await PEERS[name](peer, chance, hello)
            except (OSError, TimeoutError, ValueError):
                pass  # the server closed, as it should; or the peer has held on long enough
            finally:
                done[name] += 1
                peer[1].close()
                with contextlib.suppress(OSError):
                    await peer[1].wait_closed()

    names = [*PEERS]
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(names[number % len(names)]))
    return done
