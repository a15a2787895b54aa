"""Every kind of trunk that the settings offer, with real calls from the carrier's Asterisk.

One carrier has a line of each kind on a loopback address of its own, so that one installation
shows them all.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from cti.core import events
from cti.core.pseudonym import pseudonym
from dialplans import __file__ as dialplans_file
from hotline import db
from hotline.asterisk.locate import Install
from hotline.asterisk.secrets import load_secrets
from hotline.carrier import TRUNK_ADDRESS, Carrier, Line
from hotline.demo.site import HOST, PortPlan, Site
from hotline.journal_reader import JournalReader
from hotline.selftest.sound import loudness
from tests.asterisk.sip import request

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

KNOWN = "+8613800138000"
SWITCHBOARD = "+862188880000"
"""What the lines put in From: the carrier's own idea of who calls."""

LINES = {
    "tcp": "127.0.0.12",
    "tls": "127.0.0.13",
    "registered": "127.0.0.14",
    "doubtful": "127.0.0.15",
    "nat": "127.0.0.16",
    "straight": "127.0.0.17",
    "barred": "127.0.0.18",
    "narrow": "127.0.0.19",
}

NUMBERS = """
[[numbers]]
dnis = "02158881000"
queue = "vip"

[[numbers]]
dnis = "4006695500"
aliases = ["+864006695500", "95502"]
flow = "direct"
language = "en"
queue = "vip"

[tls]
self_signed = true
"""

DIRECT = """\
start: agent
nodes:
  agent:
    kind: queue
    prompts: [transfer_to_agent]
"""


def trunk(name: str, *more: str) -> str:
    lines = (f'name = "{name}"', f'host = "{LINES[name]}"', *more)
    return "\n".join(("", "[[trunks]]", *lines, ""))


def trunks(port: int) -> str:
    at = f"port = {port}"
    return "".join(
        (
            trunk("tcp", at, 'transport = "tcp"'),
            trunk("tls", at, 'transport = "tls"', "srtp = true"),
            trunk(
                "registered",
                at,
                'identify = "registration"',
                'username = "bank"',
                'password = "a long secret"',
                'contact_user = "02158881000"',
            ),
            trunk("doubtful", at),
            trunk("nat", at, "nat = true"),
            trunk("straight", at),
            trunk("barred", at, 'permit = ["192.0.2.0/24"]'),
            trunk("narrow", at, "maximum_channels = 2", f'permit = ["{LINES["narrow"]}"]'),
        )
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(state_dir: Path, install: Install) -> AsyncIterator[Site]:
    """One installation with all trunks, a second flow, and no agent: callers stay in the queue."""
    del install
    plan = PortPlan.choose(41000)
    flows = state_dir / "flows"
    shutil.copytree(Path(dialplans_file).parent / "flows", flows)
    (flows / "direct.yaml").write_text(DIRECT, encoding="utf-8")
    made = Site(
        state_dir,
        plan,
        extra=NUMBERS + trunks(plan.carrier),
        more={"asterisk": f"sip_tls_port = {plan.sip + 7}", "ivr": f'flows = "{flows}"'},
    )
    await made.prepare(100, lambda _: None)
    try:
        await made.start()
        await made.ready()
        await made.start_carrier(
            with_phones=False,
            authority=state_dir / "tls" / "certificate.pem",
            lines=[
                Line(name="tcp", address=LINES["tcp"], transport="tcp"),
                Line(
                    name="tls",
                    address=LINES["tls"],
                    transport="tls",
                    target=f"{HOST}:{plan.sip + 7}",
                    srtp=True,
                ),
                Line(
                    name="registered",
                    address=LINES["registered"],
                    username="bank",
                    password="a long secret",
                ),
                Line(name="doubtful", address=LINES["doubtful"], from_user="02188880000"),
                Line(name="nat", address=LINES["nat"], claims="127.0.0.99"),
                Line(name="straight", address=LINES["straight"], claims="127.0.0.99"),
                Line(name="narrow", address=LINES["narrow"]),
            ],
        )
        yield made
    finally:
        await made.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def calls(site: Site) -> AsyncIterator["Calls"]:
    made = Calls(site)
    yield made
    await made.end()


class Calls:
    """Places calls and finds them in the journal."""

    def __init__(self, site: Site) -> None:
        assert site.carrier is not None
        self.site = site
        self.carrier: Carrier = site.carrier
        self.journal = JournalReader(db.sqlite_path(site.settings.database_url)).refresh()
        self._secret = bytes.fromhex(load_secrets(site.settings).pseudonym)
        self._known = {event.call_id for event in self.journal.of(events.CallArrived)}

    async def place(
        self,
        dialled: str = "95500",
        *,
        line: str = "",
        caller: str = KNOWN,
        private: bool = False,
        steps: tuple[str, ...] = (),
        record: Path | None = None,
    ) -> events.CallArrived:
        self.carrier.call(
            dialled, line=line, caller=caller, private=private, steps=steps, record=record
        )
        return await self.arrival()

    async def arrival(self) -> events.CallArrived:
        """The next call that arrives, or arrived without having been asked for yet."""
        arrived = await self.journal.wait(
            events.CallArrived, 10, where=lambda event: event.call_id not in self._known
        )
        self._known.add(arrived.call_id)
        return arrived

    def is_from(self, arrived: events.CallArrived, number: str) -> bool:
        return arrived.caller_pseudonym == pseudonym(number, self._secret)

    async def menu(self, arrived: events.CallArrived) -> events.MenuEntered:
        return await self.journal.wait(events.MenuEntered, 10, call_id=arrived.call_id)

    async def queued(self, arrived: events.CallArrived) -> events.CallQueued:
        return await self.journal.wait(events.CallQueued, 20, call_id=arrived.call_id)

    async def end(self) -> None:
        await asyncio.to_thread(self.carrier.hang_up_all)
        for arrived in self.journal.refresh().of(events.CallArrived):
            await self.journal.wait(events.CallEnded, 10, call_id=arrived.call_id)

    async def channel(self, arrived: events.CallArrived) -> str:
        """The name of the caller's channel in the hotline's Asterisk."""
        shown = await asyncio.to_thread(
            self.site.exchange.process.command, "core show channels concise"
        )
        rows = [line.split("!") for line in shown.splitlines()]
        return next(row[0] for row in rows if row[-1] == arrived.uniqueid)


async def channel_value(site: Site, channel: str, name: str) -> str:
    """Ask Asterisk over AMI what a dialplan function says about a channel."""
    secret = load_secrets(site.settings).ami
    reader, writer = await asyncio.open_connection(HOST, site.plan.ami)
    try:
        for action in (
            f"Action: Login\r\nUsername: hotline\r\nSecret: {secret}\r\nEvents: off\r\n\r\n",
            f"Action: GetVar\r\nActionID: 7\r\nChannel: {channel}\r\nVariable: {name}\r\n\r\n",
        ):
            writer.write(action.encode())
        while True:
            answer = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()
            if "ActionID: 7" in answer:
                found = re.search(r"^Value: (.*)\r$", answer, re.MULTILINE)
                assert found, answer
                return found[1]
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def invite(site: Site, line: str, **more: str) -> list[int]:
    """A single INVITE from a line's address; what comes back."""
    source = TRUNK_ADDRESS if line == "carrier" else LINES[line]
    return request(
        "INVITE",
        (HOST, site.plan.sip),
        source=(source, 45071),
        caller="13800138000",
        **more,
    )


# --- how a trunk is known, and how its calls travel -----------------------------------------


@pytest.mark.parametrize(
    ("line", "trunk_name", "secure"),
    [("", "carrier", "0"), ("tcp", "tcp", "0"), ("tls", "tls", "1")],
)
async def test_a_trunk_is_known_by_its_address(
    calls: Calls, line: str, trunk_name: str, secure: str
) -> None:
    arrived = await calls.place(line=line)
    assert (arrived.trunk, arrived.dnis) == (trunk_name, "95500")
    await calls.menu(arrived)
    channel = await calls.channel(arrived)
    assert channel.startswith(f"PJSIP/trunk-{trunk_name}-")
    assert await channel_value(calls.site, channel, "CHANNEL(pjsip,secure)") == secure
    assert await channel_value(calls.site, channel, "CHANNEL(rtp,secure,audio)") == secure
    sip = await channel_value(calls.site, channel, "CHANNEL(pjsip,remote_addr)")
    assert sip.startswith(LINES.get(line, TRUNK_ADDRESS) + ":")


async def test_encrypted_media_carries_voice_and_digits(calls: Calls, state_dir: Path) -> None:
    heard = state_dir / "carrier" / "spool" / "secure.wav"
    arrived = await calls.place(line="tls", steps=("w3", "d0", "w6", "h"), record=heard)
    assert (await calls.queued(arrived)).queue in ("service", "vip")
    await calls.journal.wait(events.CallEnded, 10, call_id=arrived.call_id)
    seconds, level = await asyncio.to_thread(loudness, heard)
    assert seconds > 3
    assert level > -45


async def test_a_tls_trunk_takes_nothing_in_the_clear(calls: Calls) -> None:
    answer = await asyncio.to_thread(invite, calls.site, "tls")
    assert answer[-1] == 488  # no keys for SRTP
    secure_keys = (
        "8 PCMA/8000\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
        "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
    )
    answer = await asyncio.to_thread(
        invite, calls.site, "tls", media=secure_keys, profile="RTP/SAVP"
    )
    assert answer[-1] == 403
    refused = await calls.arrival()
    ended = await calls.journal.wait(events.CallEnded, 5, call_id=refused.call_id)
    assert (refused.trunk, ended.cause) == ("tls", 21)


async def test_calls_come_along_our_registration(calls: Calls) -> None:
    shown = await asyncio.to_thread(
        calls.site.exchange.process.command, "pjsip show registrations"
    )
    assert re.search(r"trunk-registered/sip:127\.0\.0\.14:\d+ .* Registered", shown)
    arrived = await calls.place("02158881000", line="registered")
    assert (arrived.trunk, arrived.dnis) == ("registered", "02158881000")
    assert (await calls.menu(arrived)).flow == "main"


async def test_the_address_of_a_registered_trunk_alone_opens_nothing(site: Site) -> None:
    answer = await asyncio.to_thread(invite, site, "registered")
    assert answer[-1:] == [401]


# --- who calls --------------------------------------------------------------------------------


async def test_asserted_identity_counts_where_it_is_trusted(calls: Calls) -> None:
    arrived = await calls.place(caller=KNOWN)
    assert calls.is_from(arrived, KNOWN)
    recognised = await calls.journal.wait(events.CallerRecognised, 10, call_id=arrived.call_id)
    assert recognised.customer_id is not None


async def test_a_spoofed_asserted_identity_is_ignored(calls: Calls) -> None:
    arrived = await calls.place(line="doubtful", caller=KNOWN)
    assert calls.is_from(arrived, SWITCHBOARD)
    recognised = await calls.journal.wait(events.CallerRecognised, 10, call_id=arrived.call_id)
    assert recognised.customer_id is None


@pytest.mark.parametrize("line", ["", "doubtful"])
@pytest.mark.parametrize(("caller", "private"), [("", False), (KNOWN, True)])
async def test_a_withheld_number_stays_withheld(
    calls: Calls, line: str, caller: str, private: bool
) -> None:
    arrived = await calls.place(line=line, caller=caller, private=private)
    assert arrived.caller_pseudonym == ""
    await calls.menu(arrived)
    channel = await calls.channel(arrived)
    assert await channel_value(calls.site, channel, "CALLERID(num)") == ""


# --- what is refused, and what comes through all the same -------------------------------------


async def test_only_permitted_networks_may_use_a_trunk(site: Site) -> None:
    assert (await asyncio.to_thread(invite, site, "barred"))[-1:] == [401]
    shown = (site.exchange.dirs.log / "security.log").read_text(encoding="utf-8")
    denied = [line for line in shown.splitlines() if 'SecurityEvent="FailedACL"' in line]
    # A slow moment makes SIPp send its INVITE again, so there may be several lines.
    assert denied
    assert all('AccountID="trunk-barred"' in line for line in denied)


async def test_a_call_without_a_common_codec_is_refused(site: Site) -> None:
    answer = await asyncio.to_thread(invite, site, "carrier", media="9 G722/8000")
    assert answer[-1:] == [488]


@pytest.mark.parametrize(("line", "works"), [("nat", True), ("straight", False)])
async def test_a_carrier_behind_nat_hears_us_and_is_hung_up(
    calls: Calls, state_dir: Path, line: str, works: bool
) -> None:
    """Its Contact and SDP name an address where nobody is; ``straight`` believes them."""
    heard = state_dir / "carrier" / "spool" / f"{line}.wav"
    arrived = await calls.place(line=line, record=heard)
    await calls.menu(arrived)
    await asyncio.sleep(2)  # of the greeting
    channel = await calls.channel(arrived)
    target = await channel_value(calls.site, channel, "CHANNEL(pjsip,target_uri)")
    assert (LINES["nat"] in target) == works
    assert ("127.0.0.99" in target) != works
    hang_up = calls.site.exchange.process.command
    await asyncio.to_thread(hang_up, f"channel request hangup {channel}")
    gone = await until(lambda: calls.carrier.active_channels() == 0, 3)
    assert gone == works
    await asyncio.to_thread(calls.carrier.hang_up_all)
    assert await until(lambda: calls.carrier.active_channels() == 0, 5)
    _, level = await asyncio.to_thread(loudness, heard)
    assert (level > -45) == works


async def test_the_channel_limit_refuses_the_next_call_and_frees_itself(calls: Calls) -> None:
    first = await calls.place(line="narrow")
    second = await calls.place(line="narrow")
    await calls.menu(first)
    await calls.menu(second)
    assert (await asyncio.to_thread(invite, calls.site, "narrow"))[-1:] == [503]
    refused = await calls.arrival()
    ended = await calls.journal.wait(events.CallEnded, 5, call_id=refused.call_id)
    assert (refused.trunk, ended.cause) == ("narrow", 34)
    live = [await calls.channel(call) for call in (first, second)]
    assert all(name.startswith("PJSIP/trunk-narrow-") for name in live)
    hang_up = calls.site.exchange.process.command
    await asyncio.to_thread(hang_up, f"channel request hangup {live[0]}")
    await calls.journal.wait(events.CallEnded, 5, call_id=first.call_id)
    third = await calls.place(line="narrow")
    await calls.menu(third)
    assert await calls.channel(second) == live[1]


async def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true in time; it may block."""
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.1)
    return True


# --- the numbers that are dialled -------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialled", "dnis", "flow", "language"),
    [
        ("95500", "95500", "main", "zh"),
        ("95501", "95501", "main", "en"),
        ("4006695500", "4006695500", "direct", "en"),
        ("+864006695500", "4006695500", "direct", "en"),
        ("95502", "4006695500", "direct", "en"),
    ],
)
async def test_a_number_leads_to_its_flow_in_its_language(
    calls: Calls, dialled: str, dnis: str, flow: str, language: str
) -> None:
    arrived = await calls.place(dialled)
    assert arrived.dnis == dnis
    entered = await calls.menu(arrived)
    assert (entered.flow, entered.language) == (flow, language)
    channel = await calls.channel(arrived)
    assert await channel_value(calls.site, channel, "CHANNEL(language)") == language


async def test_a_number_leads_to_its_queue_when_the_menu_is_lost(calls: Calls) -> None:
    supervisor = calls.site.supervisor
    assert supervisor is not None
    pid = supervisor.roles["ivr"].pid
    assert pid is not None
    placed = [await calls.place(dialled) for dialled in ("95500", "95502", "4008895500")]
    for arrived in placed:
        await calls.menu(arrived)
    os.kill(pid, signal.SIGKILL)
    queues = [(await calls.queued(arrived)).queue for arrived in placed]
    assert queues == ["service", "vip", "vip"]
    assert len(calls.journal.of(events.MenuLost)) >= len(placed)
    await calls.site.ready()
