"""Hostile strings by the thousand in every field that reaches AMI or the dialplan.

Real callers on the trunk put them into name, number, P-Asserted-Identity, dialled number; agents
and supervisors send them over the console's WebSocket.  A relay between engine and Asterisk reads
both ways: every action must be one that we know, with the headers that we know, and every event
must have the headers that it has in recordings of harmless calls.  Before that the encoders are
tried alone with as many strings: every action, every word of the menu, every command to AGI.

    python -m bench.injection [--strings 10000] [--seed N] [--minutes M]
"""

import argparse
import asyncio
import contextlib
import itertools
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from bench.fault_rounds.clock import FakeClock
from bench.fault_rounds.stand import Stand, running
from cti.ami.framing import Framer
from cti.core import events as ev
from cti.core import user_events
from hotline.console_client import ConsoleClient, ConsoleClientError
from hotline.demo.people import AGENTS, SUPERVISOR
from hotline.demo.site import HOST
from tests.asterisk.test_injection_real import FIELDS, call
from tests.hostile import strings
from tests.unit import test_injection as encoders

BASE_PORT: Final = 46000
AT_A_TIME: Final = 8
"""Callers."""
RECORDINGS: Final = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "ami"
_OURS: Final = {"Action", "ActionID"}


def harmless() -> dict[str, set[str]]:
    """The headers of each event in recordings of harmless calls, and what our dialplan says."""
    known: dict[str, set[str]] = defaultdict(set)
    for recording in sorted(RECORDINGS.glob("*.ami")):
        for message in Framer().feed(recording.read_bytes()):
            known[message.event] |= message.headers.keys()
    for kind in user_events.KINDS.values():
        known["UserEvent"] |= set(kind.__struct_fields__)
    return known


def orders() -> dict[str, set[str]]:
    """The headers of every action that the engine can build."""
    known: dict[str, set[str]] = defaultdict(set)
    for build in encoders.ACTIONS.values():
        action = build(**encoders.filled(build, "x"))
        known[action.name] |= _OURS | {key for key, _ in action.fields}
    for name in ("Ping", "QueueStatus", "CoreShowChannels", "Status"):
        known[name] |= _OURS | {"Variables"}
    for name in ("QueuePause", "QueueAdd"):  # with a reason
        known[name] |= {"Reason", "Paused", "Queue"}
    return known


class Wire:
    """What went over the line, in both directions."""

    def __init__(self) -> None:
        self.actions: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._orders, self._harmless = orders(), harmless()
        self._partial = b""

    def sent(self, data: bytes) -> None:
        """Read what the engine sends, in whatever pieces."""
        *whole, self._partial = (self._partial + data).split(b"\r\n\r\n")
        for block in whole:
            keys = [
                line.partition(b":")[0].decode("ascii", "replace") for line in block.split(b"\r\n")
            ]
            name = block.partition(b"\r\n")[0].removeprefix(b"Action: ").decode("ascii", "replace")
            self.actions[name] += 1
            extra = set(keys) - self._orders.get(name, set())
            if extra or len(keys) != len(set(keys)) + keys.count("Variable") - (
                "Variable" in keys
            ):
                self.faults[f"action {name!r} with {sorted(extra)}"] += 1

    def heard(self, block: bytes) -> None:
        """Read one message of Asterisk."""
        for message in Framer().feed(b"Asterisk Call Manager/11.0.0\r\n" + block):
            if not message.event:
                continue
            self.events[message.event] += 1
            extra = set(message.headers) - self._harmless.get(message.event, set())
            if message.event in self._harmless and extra:
                self.faults[f"event {message.event} with {sorted(extra)}"] += 1


async def phone(stand: Stand, count: int, seed: int, until: float, proof: Path) -> Counter[str]:
    """Hostile callers, several at a time; returns how many of each field got an answer."""
    target = (HOST, stand.site.plan.sip)
    work = iter(
        (field, text) for text in strings(count, seed=seed, proof=str(proof)) for field in FIELDS
    )
    done: Counter[str] = Counter()

    async def caller() -> None:
        for field, text in work:
            if time.monotonic() > until:
                return
            status = await asyncio.to_thread(call, target, field, text)
            done[field] += 1
            done["answered"] += status == 200
            # pjsip ends the user at a NUL: what is left is the declared number itself.
            if field == "dialled number" and status == 200 and not text.startswith("\0"):
                done["WRONG NUMBER ANSWERED"] += 1

    await asyncio.gather(*(caller() for _ in range(AT_A_TIME)))
    return done


def commands(seed: int) -> Iterator[tuple[str, dict[str, object]]]:
    """What pages can say that might reach Asterisk, with hostile text in every place, for ever."""
    for number in itertools.count():
        for text in strings(100, seed=seed + number):
            safe = text.encode("utf-8", "replace").decode()
            yield "set_state", {"state": "paused", "reason": safe}
            yield "order_state", {"agent_id": safe, "state": "paused", "reason": safe}
            yield "order_state", {"agent_id": "1001", "state": "paused", "reason": safe}
            yield "order_skills", {"agent_id": "1001", "skills": [{"queue": safe, "penalty": 0}]}
            yield "move_call", {"call_id": safe, "queue": safe}


async def page(stand: Stand, login: str, password: str, seed: int) -> None:
    """One page that sends hostile commands at the pace that it may; comes back when thrown out."""
    words = commands(seed)
    while True:
        with contextlib.suppress(OSError, ConsoleClientError, ConnectionError, TimeoutError):
            async with ConsoleClient(HOST, stand.site.plan.console) as client:
                await client.sign_in(login, password)
                await client.open()

                async def read(client: ConsoleClient = client) -> None:
                    async for _ in client.messages():
                        pass

                reading = asyncio.create_task(read())
                try:
                    for kind, fields in words:
                        await client.send(kind, **fields)
                        stand.said += 1
                        await asyncio.sleep(0.25)
                finally:
                    reading.cancel()
        await asyncio.sleep(1)


async def attack(folder: Path, count: int, seed: int, seconds: float) -> list[str]:
    """Let everybody loose; return what was wrong."""
    wire = Wire()
    async with running(folder, BASE_PORT, FakeClock(folder / "clock", None)) as stand:
        stand.relay.sent, stand.relay.heard = wire.sent, wire.heard
        stand.relay.cut()  # the engine signs in anew, and everything is read from its first word
        await stand.site.ready(60)
        assert stand.site.carrier is not None
        await asyncio.to_thread(stand.site.carrier.stop)  # its address is that of our callers
        proof = stand.site.state_dir / "asterisk" / "spool" / "proof"
        people = [*AGENTS, SUPERVISOR, SUPERVISOR]
        pages = [
            asyncio.create_task(page(stand, who.login, who.password, seed + 1000 * number))
            for number, who in enumerate(people)
        ]
        pid = stand.site.pids()["asterisk"]
        begun = time.monotonic()
        done = await phone(stand, count, seed, begun + seconds, proof)
        took = time.monotonic() - begun
        for task in pages:
            task.cancel()
        await asyncio.gather(*pages, return_exceptions=True)
        faults = [f"{words}, {times} times" for words, times in wire.faults.items()]
        if stand.site.pids()["asterisk"] != pid:
            faults.append("Asterisk died")
        if proof.exists():
            faults.append("a command ran")
        if done["WRONG NUMBER ANSWERED"]:
            faults.append("a number that is not declared was answered")
        await stand.over(60)
        events = stand.journal.refresh().events
        arrived = [e for e in events if isinstance(e, ev.CallArrived)]
        faults += [
            f"a call with the id {e.call_id!r} at {e.dnis!r}"
            for e in arrived
            if not re.fullmatch(r"[0-9a-f-]{36}", e.call_id) or e.dnis != "95500"
        ]
        if any(isinstance(e, ev.CallerVerified) for e in events):
            faults.append("somebody counts as verified")
        log = (stand.site.state_dir / "log" / "console.log").read_text(encoding="utf-8")
        faults += [
            f"{fault} in the engine's log"
            for fault in ("ami_event_malformed", "cti_apply_failed", "ami_stream_unreadable")
            if fault in log
        ]
        if not arrived or not wire.actions or not stand.said:
            faults.append("nothing was driven")
        calls = ", ".join(f"{field} {done[field]:,}" for field in FIELDS)
        print(
            f"on the wire, in {took:.0f} s: hostile calls by field: {calls};"
            f" {done['answered']:,} answered"
        )
        print(f"  {stand.said:,} hostile commands of pages")
        print(f"  {sum(wire.actions.values()):,} actions to Asterisk: {dict(wire.actions)}")
        print(f"  {sum(wire.events.values()):,} events of Asterisk")
    return faults


def encode(count: int) -> None:
    """Try the encoders alone; they raise ``AssertionError`` for what they let through."""
    encoders.COUNT = count * 4
    encoders.test_no_value_of_an_action_adds_a_header_or_an_action()
    encoders.COUNT = count * 10
    encoders.test_no_value_of_a_callback_sets_another_variable()
    encoders.COUNT = count * len(user_events.KINDS)
    for kind in user_events.KINDS.values():
        encoders.test_no_value_of_a_user_event_adds_a_header(kind)
    encoders.COUNT = count
    encoders.test_no_argument_of_the_menu_adds_a_command_or_an_argument()
    encoders.COUNT = count * 2
    encoders.test_what_asterisk_sends_is_decoded_or_refused_whatever_it_holds()
    encoders.COUNT = count * 2 * len(encoders.FIELDS)
    encoders.test_no_setting_adds_a_line_to_a_file()
    print(
        f"encoders: {count:,} strings in each of {len(encoders.ACTIONS)} actions,"
        f" {len(user_events.KINDS)} words of the menu, AGI arguments, {len(encoders.FIELDS)}"
        " settings and events: nothing extra"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.injection")
    parser.add_argument("--strings", type=int, default=200, help="for each field")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--minutes", type=float, default=60.0, help="place no call after these")
    options = parser.parse_args()
    if options.strings < 100:
        parser.error("below 100 strings it would say nothing")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    print(f"--strings {options.strings} --seed {options.seed}", flush=True)
    encode(options.strings)
    folder = Path(tempfile.mkdtemp(prefix="hi-"))
    folder.chmod(0o755)
    try:
        faults = asyncio.run(attack(folder, options.strings, options.seed, 60 * options.minutes))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for words in faults:
        print(f"✗ {words}")
    print("FAIL" if faults else "PASS")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
