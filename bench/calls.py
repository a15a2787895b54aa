"""What a call costs in pop latency and CPU, beside a bare dialplan and a bare AMI reader.

The same SIPp first places calls that a dialplan answers, holds and hangs up without menu, queue,
engine or console; then as many through all of them.  Ratios say something on any machine; the
absolute figures do only for this one, and only when nothing else runs on it.

    python -m bench.calls [--calls 60] [--rate 10] [--json]
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog

from cti.core import events
from hotline.asterisk.secrets import load_secrets
from hotline.demo.site import HOST, Site
from hotline.journal_reader import JournalReader
from hotline.selftest.report import latency
from tests.asterisk import books, load

HELD = 6
"""Seconds for which the bare dialplan holds a call."""

BASE_PORT = 48000
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: Mapping[str, int | None]) -> dict[str, float]:
    """CPU time of each process so far, user and system (seconds)."""
    spent = {}
    for name, pid in pids.items():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        spent[name] = (int(fields[11]) + int(fields[12])) / TICKS
    return spent


@asynccontextmanager
async def bare_reader(site: Site) -> AsyncIterator[list[float]]:
    """Collect how late ``AgentCalled`` reaches a client that does nothing else (ms)."""
    late: list[float] = []
    reader, writer = await asyncio.open_connection(HOST, site.plan.ami)
    secret = load_secrets(site.settings).ami
    writer.write(f"Action: Login\r\nUsername: hotline\r\nSecret: {secret}\r\n\r\n".encode())

    async def read() -> None:
        while True:
            message = await reader.readuntil(b"\r\n\r\n")
            now = time.time()
            if b"Event: AgentCalled\r\n" in message:
                stamp = message.partition(b"Timestamp: ")[2].partition(b"\r\n")[0]
                late.append((now - float(stamp)) * 1000)

    async def ping() -> None:
        while True:  # as the engine does, so that no event is held back
            writer.write(b"Action: Ping\r\n\r\n")
            await asyncio.sleep(0.1)

    tasks = [asyncio.create_task(read()), asyncio.create_task(ping())]
    try:
        yield late
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def measure(state_dir: Path, calls: int, rate: int) -> dict[str, Any]:
    async with load.running(state_dir, BASE_PORT) as site:
        people = load.callers(site, calls)
        pids = {k: v for k, v in site.pids().items() if k != "carrier"}

        floor = {"asterisk": pids["asterisk"]}
        for line in ("1,Answer()", f"2,Wait({HELD})", "3,Hangup()"):
            site.exchange.process.command(f"dialplan add extension 90000,{line} into from-trunk")
        before = cpu_seconds(floor)
        bare = [(number, "90000", pin) for number, _, pin in people]
        statistics = await load.sipp(site, "bare", bare, rate=rate, port=49200, media=56000)
        floor_cpu = cpu_seconds(floor)["asterisk"] - before["asterisk"]
        floored = books.read_sipp([statistics])
        assert floored.successful == calls, "the bare calls did not get through"

        journal = JournalReader(site.settings.database_url)
        known = {event.call_id for event in journal.refresh().of(events.CallArrived)}
        async with bare_reader(site) as late:
            before = cpu_seconds(pids)
            statistics = await load.sipp(
                site, "person", people, rate=rate, port=49400, media=58000
            )
            after = cpu_seconds(pids)
        placed = books.read_sipp([statistics])
        assert placed.successful == calls, "not every call reached an agent and ended well"
        for arrived in journal.refresh().of(events.CallArrived):
            if arrived.call_id not in known:
                await journal.wait(events.CallEnded, 5, call_id=arrived.call_id)
    connected = [e for e in journal.of(events.CallConnected) if e.call_id not in known]
    assert len(connected) == calls, "not every call reached an agent"
    rung = {(e.call_id, e.agent_id): e.at for e in journal.of(events.AgentRinging)}
    pops = [
        (event.at - rung[event.call_id, event.agent_id]) * 1000
        for event in journal.of(events.PopPresented)
    ]
    assert len(pops) >= calls, "not every call popped"
    assert len(late) >= calls, "the bare reader missed calls"
    cpu = {name: (after[name] - before[name]) / calls * 1000 for name in pids}
    pop, reader = latency(pops), latency(late)
    assert pop.p50 is not None
    assert reader.p50 is not None
    bare_ms = floor_cpu / calls * 1000
    return {
        "calls": calls,
        "rate": rate,
        "seconds_per_call": round(placed.mean_seconds, 1),
        "floor_seconds_per_call": round(floored.mean_seconds, 1),
        "pop_ms": {"p50": pop.p50, "p99": pop.p99},
        "floor_pop_ms": {"p50": reader.p50, "p99": reader.p99},
        "pop_ratio_p50": round(pop.p50 / max(reader.p50, 0.1), 1),
        "cpu_ms_per_call": {name: round(value, 1) for name, value in cpu.items()},
        "floor_cpu_ms_per_call": round(bare_ms, 1),
        "cpu_ratio": round(sum(cpu.values()) / bare_ms, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--rate", type=int, default=10, help="calls a second")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if not 10 <= arguments.calls <= 150:
        parser.error("10 to 150 calls: fewer say nothing, more take longer than three minutes")
    if os.geteuid() != 0:
        parser.error("SIPp's play_dtmf needs a raw socket: run this benchmark as root")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    folder = Path(tempfile.mkdtemp(prefix="hb-"))
    folder.chmod(0o755)
    try:
        result = asyncio.run(
            asyncio.wait_for(measure(folder, arguments.calls, arguments.rate), 175)
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if arguments.json:
        print(json.dumps(result))
        return 0
    pop, floor = result["pop_ms"], result["floor_pop_ms"]
    print(f"{result['calls']} calls at {result['rate']}/s")
    print("pop latency, ms from AgentCalled on")
    print(f"  bare AMI reader      p50 {floor['p50']:7} p99 {floor['p99']:7}")
    print(f"  pop handed out       p50 {pop['p50']:7} p99 {pop['p99']:7}")
    print(f"  ratio of the p50     {result['pop_ratio_p50']}")
    print("CPU, ms per call")
    print(
        f"  bare dialplan        {result['floor_cpu_ms_per_call']:7}"
        f"  (calls of {result['floor_seconds_per_call']} s)"
    )
    for name, value in result["cpu_ms_per_call"].items():
        print(f"  {name:20} {value:7}")
    print(
        f"  ratio of the sums    {result['cpu_ratio']}"
        f"  (calls of {result['seconds_per_call']} s, most of it music in the queue)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
