"""How fast the AMI stream becomes calls, beside what other libraries need only to parse it.

The recordings of a real Asterisk in ``tests/fixtures/ami`` are repeated, each time with ids and
times of their own, and go through every contender in turn, round after round in one process, so
that the ratios say something on any machine.  Ours frames, decodes, filters and folds into calls,
agents and queues; the others only frame and parse.  The stream is also cut at every byte.

    python -m bench.ami [--messages 200000] [--rounds 5] [--rivals DIR] [--json]

``--rivals`` names a folder with more contenders: ``pip install --no-deps --target DIR
asterisk-ami basicami``.  (asterisk-ami and pyst2 share the package name ``asterisk`` and cannot be
installed side by side.)
"""

import argparse
import asyncio
import gc
import importlib
import io
import json
import logging
import re
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import asterisk
from asterisk.manager import ManagerMsg
from panoramisk.ami_protocol import AMIProtocol

from cti import ami_events
from cti.ami.framing import Framer, Message
from cti.ami.protocol import AmiProtocol
from cti.core import fold
from cti.core.world import Rules, World

RECORDINGS = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "ami"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"
CHUNK = 16_384
"""Bytes at a time, as a busy socket gives them."""
GAP = 1000
"""Seconds between two repetitions: longer than an ended call is remembered."""
_SECOND = re.compile(rb"\b(1[78]\d{8})(?=\.\d)")
_CALL = re.compile(rb"\b[0-9a-f]{8}(?=-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b)")
_VARIABLES = re.compile(rb"\r\n(?:Dest)?ChanVariable:[^\r]*")

Contender = Callable[[bytes], int]
"""Takes the stream, returns how many messages it saw."""


def recordings() -> list[bytes]:
    return [path.read_bytes() for path in sorted(RECORDINGS.glob("*.ami"))]


def repeated(messages: int) -> bytes:
    """Return a stream of at least so many messages."""
    body = b"".join(recording.partition(b"\r\n")[2] for recording in recordings())
    times = -(-messages // len(Framer().feed(BANNER + body)))

    def later(again: int) -> bytes:
        shifted = _SECOND.sub(lambda m: b"%d" % (int(m[1]) + again * GAP), body)
        return _CALL.sub(b"%08x" % again, shifted)

    return BANNER + b"".join(later(again) for again in range(times))


def chunks(stream: bytes) -> Iterator[bytes]:
    return (stream[at : at + CHUNK] for at in range(0, len(stream), CHUNK))


def ours(stream: bytes) -> int:
    """The whole way: frame, match answers, decode, filter, fold into the state."""
    world = World(Rules(pseudonym_key=b"a key for the benchmark"))
    seen = events = 0

    def take(message: Message) -> None:
        nonlocal seen, events
        seen += 1
        record = ami_events.decode(message, 0.0)
        if record is not None:
            events += len(fold.apply(world, record))

    protocol = AmiProtocol(take)
    for chunk in chunks(stream):
        protocol.data_received(chunk)
    assert events, "the stream meant nothing"
    assert not world.take_rejections(), "the state refused what a real Asterisk said"
    return seen


def decoding(stream: bytes) -> int:
    """The same way without the state: frame, match answers, decode, filter."""
    seen = meant = 0

    def take(message: Message) -> None:
        nonlocal seen, meant
        seen += 1
        meant += ami_events.decode(message, 0.0) is not None

    protocol = AmiProtocol(take)
    for chunk in chunks(stream):
        protocol.data_received(chunk)
    assert meant, "the stream meant nothing"
    return seen


def framing(stream: bytes) -> int:
    """Only frame, and read every header of every event."""
    framer, seen = Framer(), 0
    for chunk in chunks(stream):
        for message in framer.feed(chunk):
            seen += bool(message.event and message.headers)
    return seen


class _Counter:
    """What panoramisk's protocol wants of its manager."""

    seen = 0

    def dispatch(self, _message: object) -> None:
        self.seen += 1


def panoramisk(stream: bytes) -> int:
    protocol, counter = AMIProtocol(), _Counter()
    protocol.connection_made(None)
    protocol.factory, protocol.encoding = counter, "utf-8"
    for chunk in chunks(stream):
        protocol.data_received(chunk)
    return counter.seen


def pyst2(stream: bytes) -> int:
    """Its reading loop without its threads; it fails at ``ChanVariable`` on Python 3."""
    seen = 0
    lines: list[str] = []
    for raw in io.BytesIO(_VARIABLES.sub(b"", stream).partition(b"\r\n")[2]):
        line = raw.decode("utf8", "ignore")
        if line != "\r\n":
            lines.append(line)
        elif lines:
            seen += ManagerMsg(lines).has_header("Event")
            lines = []
    return seen


class _Socket:
    """Gives the stream to who calls ``recv``."""

    def __init__(self, stream: bytes) -> None:
        self.recv: Callable[[int], bytes] = io.BytesIO(stream).read

    def close(self) -> None:
        """Nothing is open."""


def asterisk_ami(client: Any, stream: bytes) -> int:
    reader = client.AMIClient(buffer_size=CHUNK)
    seen = 0

    def count(**_: object) -> None:
        nonlocal seen
        seen += 1

    reader.add_event_listener(count)
    reader._socket, reader.finished = _Socket(stream), threading.Event()
    reader.listen()
    return seen


def basicami(package: Any, stream: bytes) -> int:
    async def read() -> int:
        reader = package.BasicAMI()
        reader._reader = asyncio.StreamReader()
        reader._reader.feed_data(stream)
        reader._reader.feed_eof()
        await reader._reader.readline()
        reader._connected = True
        await reader._read_loop()
        return int(reader._event_queue.qsize())

    return asyncio.run(read())


def contenders(rivals: Path | None) -> dict[str, Contender]:
    known: dict[str, Contender] = {
        "ours": ours,
        "ours, without the state": decoding,
        "ours, all headers": framing,
        "panoramisk": panoramisk,
        "pyst2 (no variables)": pyst2,
    }
    if rivals is not None:
        sys.path.append(str(rivals))
        asterisk.__path__.append(str(rivals / "asterisk"))
        for name, module, run in (
            ("asterisk-ami", "asterisk.ami.client", asterisk_ami),
            ("basicami", "basicami", basicami),
        ):
            try:
                known[name] = partial(run, importlib.import_module(module))
            except ImportError as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
    return known


def cut_everywhere(recording: bytes) -> int:
    """Cut the recording at every byte, and into single bytes; return how many messages it holds.

    Every cut must give the same messages.
    """
    whole = [message.headers for message in Framer().feed(recording)]
    # What the framer keeps of the first part decides; only what follows the cut is read again.
    framer, seen = Framer(), 0
    for at in range(len(recording)):
        seen += len(framer.feed(recording[at : at + 1]))
        twin = Framer()
        twin.version, twin._buffer = framer.version, framer._buffer
        end = recording.find(b"\r\n\r\n", at + 1)
        got = twin.feed(recording[at + 1 : end + 4]) if end >= 0 else []
        assert [m.headers for m in got[:1]] == whole[seen : seen + len(got[:1])], at
    assert seen == len(whole), f"{len(whole) - seen} messages lost byte by byte"
    return seen


def measure(messages: int, rounds: int, rivals: Path | None) -> dict[str, Any]:
    stream = repeated(messages)
    expected = framing(stream)
    known = contenders(rivals)
    times: dict[str, list[float]] = {name: [] for name in known}
    seen: dict[str, int] = {}
    for _ in range(rounds):
        for name, run in known.items():
            gc.collect()
            begun = time.process_time()
            seen[name] = run(stream)
            times[name].append(time.process_time() - begun)
    assert seen["ours"] == expected, f"ours lost {expected - seen['ours']} events"
    assert all(seen.values()), f"a contender saw nothing: {seen}"
    total = len(Framer().feed(stream))
    cut = recordings()
    return {
        "messages": total,
        "events": expected,
        "rounds": rounds,
        "cuts": sum(map(len, cut)),
        "cut_messages": sum(map(cut_everywhere, cut)),
        "contenders": {
            name: _figures(total, seconds, times["ours"], expected - seen[name])
            for name, seconds in times.items()
        },
    }


def _figures(
    messages: int, seconds: list[float], own: list[float], lost: int
) -> Mapping[str, float]:
    return {
        "messages_per_second": round(messages / statistics.median(seconds)),
        "times_ours": round(
            statistics.median(a / b for a, b in zip(seconds, own, strict=True)), 2
        ),
        "lost": lost,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rivals", type=Path, help="folder with asterisk-ami and basicami")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.messages < 1000 or arguments.rounds < 1:
        parser.error("below 1000 messages or one round the figures would say nothing")
    logging.disable(logging.CRITICAL)
    result = measure(arguments.messages, arguments.rounds, arguments.rivals)
    if arguments.json:
        print(json.dumps(result))
        return 0
    print(
        f"{result['messages']} messages ({result['events']} events), median of"
        f" {result['rounds']} rounds, CPU time"
    )
    print(f"{'':24}{'messages/s':>12}{'time, ours = 1':>16}{'events lost':>13}")
    for name, row in result["contenders"].items():
        print(
            f"{name:24}{row['messages_per_second']:>12,}{row['times_ours']:>16}{row['lost']:>13}"
        )
    print(f"cut at each of {result['cuts']:,} bytes: {result['cut_messages']} messages, 0 lost")
    return 0


if __name__ == "__main__":
    sys.exit(main())
