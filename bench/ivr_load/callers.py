"""SIPp as the callers of the bench's menu: how many got through, and what SIPp itself cost."""

import asyncio
import csv
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final, NamedTuple

from bench.ivr_load import menu
from hotline.demo.site import HOST, Site
from tests.asterisk import books, load

SCENARIO: Final = Path(__file__).with_name("menu.xml")
KEY_SECONDS: Final = 0.25
"""How long SIPp holds a key."""
GRACE: Final = 2.0
"""Seconds by which a call may end late; the audio of a busy machine comes late."""
CALL: Final = 20.0
"""Seconds of one call."""


class Callers(NamedTuple):
    """What one run of SIPp was like."""

    calls: int
    failed: int
    most_at_once: int
    seconds: float
    """From the first call to the last."""
    mean_seconds: float
    """Of one call."""
    cpu: float
    """SIPp's own CPU, in cores."""
    why: str
    """Which calls failed first, and at which step of the scenario."""


def scenario(folder: Path) -> Path:
    """Write the scenario with its times; return its path."""
    thinking = menu.thinking(CALL)
    first = menu.seconds(menu.WELCOME) + menu.seconds(menu.FIRST) + thinking
    second = KEY_SECONDS + menu.seconds(menu.SECOND) + thinking
    patience = KEY_SECONDS + menu.seconds(menu.GOODBYE) + GRACE
    text = SCENARIO.read_text(encoding="utf-8")
    for name, value in (("FIRST", first), ("SECOND", second), ("PATIENCE", patience)):
        text = text.replace(f"@{name}@", str(round(value * 1000)))
    path = folder / "menu.xml"
    path.write_text(text, encoding="utf-8")
    return path


async def run(site: Site, dialled: str, *, calls: int, rate: float, port: int) -> Callers:
    """Place ``calls`` calls, ``rate`` a second.  Raises ``AssertionError`` if SIPp broke."""
    folder = site.state_dir / f"sipp-{port}"
    folder.mkdir()
    rows = "\n".join(f"+8613{n:09d};{dialled}" for n in range(1000))
    (folder / "people.csv").write_text(f"SEQUENTIAL\n{rows}\n", encoding="utf-8")
    program = shutil.which("sipp")
    assert program, "SIPp is missing: apt-get install sip-tester"
    command = [program, f"{HOST}:{site.plan.sip}", "-sf", str(scenario(folder))]
    command += ["-inf", str(folder / "people.csv"), "-i", load.SIPP_ADDRESS, "-p", str(port)]
    command += ["-mi", load.SIPP_ADDRESS, "-mp", str(port + 2), "-r", f"{rate:g}"]
    command += ["-m", str(calls), "-l", str(calls), "-aa", "-nostdin", "-max_retrans", "4"]
    command += ["-trace_stat", "-stf", str(folder / "statistics.csv"), "-fd", "1"]
    command += ["-trace_err", "-error_file", str(folder / "errors.log")]
    with (folder / "output.log").open("wb") as output:
        child = subprocess.Popen(  # noqa: S603, ASYNC220 - a program and arguments of ours; forks in a moment
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    begun = time.monotonic()
    try:
        _, status, used = await asyncio.to_thread(os.wait4, child.pid, 0)
    except asyncio.CancelledError:
        child.kill()
        raise
    elapsed = time.monotonic() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    errors = folder / "errors.log"
    words = errors.read_text(encoding="utf-8", errors="replace") if errors.exists() else ""
    assert child.returncode in (0, 1), f"SIPp ended with {child.returncode}: {words[:600]}"
    places = re.findall(r"Call-Id: (\d+)-.*?message two keys:(\d+)", words)
    why = ", ".join(f"call {call} at step {place}" for call, place in places[:20])
    statistics = (folder / "statistics.csv").read_text(encoding="utf-8")
    placed = books.read_sipp([statistics])
    lines = csv.DictReader(statistics.splitlines(), delimiter=";")
    return Callers(
        calls=placed.created,
        failed=calls - placed.successful,
        most_at_once=max(int(line["CurrentCall"]) for line in lines),
        seconds=elapsed,
        mean_seconds=placed.mean_seconds,
        cpu=(used.ru_utime + used.ru_stime) / elapsed,
        why=why,
    )
