"""Sockets: is a port free, who could be asked for one, does somebody answer?"""

import asyncio
import atexit
import socket
import time
from collections.abc import Iterator
from typing import Literal

Kind = Literal["tcp", "udp"]


def is_free(host: str, port: int, kind: Kind = "tcp") -> bool:
    """Whether ``host:port`` can be bound now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kinds = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
    with socket.socket(family, kinds[kind]) as probe:
        if kind == "tcp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_ports(
    host: str, first: int, count: int = 1, kinds: tuple[Kind, ...] = ("tcp", "udp")
) -> int:
    """Return the first port of ``count`` in a row, from ``first`` on, that are all free.

    Raises ``OSError`` when there is no such row.
    """
    for start in _starts(first, count):
        if all(is_free(host, start + i, kind) for i in range(count) for kind in kinds):
            return start
    message = f"no {count} free ports from {first} on; end what uses them"
    raise OSError(message)


def claimed_ports(
    host: str, first: int, count: int, kinds: tuple[Kind, ...] = ("tcp", "udp")
) -> int:
    """Like :func:`free_ports`, but no other process that claims its ports gets the same row.

    The port after the row is held, on TCP, for as long as this process lives.
    """
    for start in _starts(first, count + 1):
        claim = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        try:
            claim.bind((host, start + count))
            claim.listen(0)  # two that are only bound may share a port
        except OSError:
            claim.close()
            continue
        if all(is_free(host, start + i, kind) for i in range(count) for kind in kinds):
            atexit.register(claim.close)
            return start
        claim.close()
    message = f"no {count} free ports from {first} on; end what uses them"
    raise OSError(message)


def _starts(first: int, count: int) -> Iterator[int]:
    yield from range(first, min(first + 100 * count, 65535 - count), count)


async def wait_for_port(host: str, port: int, seconds: float) -> bool:
    """Wait until somebody accepts connections on ``host:port``; return whether that came true."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 1.0)
        except (OSError, TimeoutError):
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return True
    return False
