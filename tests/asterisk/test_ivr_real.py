"""The menu against a real Asterisk: keyed calls over Local channels, hang-ups, refusals.

A caller is the dialplan context ``caller`` on one side of a Local channel; the other side runs the
menu as the inbound context does.  What the dialplan saw at the end is read from Asterisk's log.
"""

import asyncio
import os
import pwd
import re
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest

import dialplans
from crm_lookup.bank import testing as bank_testing
from crm_lookup.bank.http import HttpCore
from hotline.asterisk.layout import Dirs
from hotline.asterisk.locate import locate
from hotline.asterisk.process import AsteriskProcess
from hotline.asterisk.sounds import telephone_sounds
from ivr import lengths
from ivr.agi import AgiProtocol, Command, Environment, PeerClosed, Reply, commands
from ivr.channel import AgiChannel
from ivr.flow import load
from ivr.prompts import PromptCatalogue
from ivr.server import IvrConfig, IvrLimits, IvrServer
from ivr.testing import demo_bank, services, shipped_router

pytestmark = pytest.mark.asterisk

DIALPLANS = Path(dialplans.__path__[0])
SECRET = "only-for-this-test"
MODULES = [
    "res_timing_timerfd",
    "pbx_config",
    "app_userevent",
    "app_exec",
    "app_senddtmf",
    "app_verbose",
    "app_stack",
    "format_wav",
    "codec_ulaw",
    "func_channel",
    "func_timeout",
    "func_uuid",
    "func_logic",
    "func_strings",
    "func_callerid",
    "res_agi",
    "res_clioriginate",
    "res_speech",
    "app_playback",
]
REPORT = {
    "tag": "TAG",
    "at": "ARG1",
    "next": "HOTLINE_NEXT",
    "agi": "AGISTATUS",
    "queue": "HOTLINE_QUEUE",
    "priority": "HOTLINE_PRIORITY",
    "reason": "HOTLINE_REASON",
    "customer": "HOTLINE_CUSTOMER",
    "verified": "HOTLINE_VERIFIED",
    "language": "HOTLINE_LANGUAGE",
    "path": "HOTLINE_MENU_PATH",
}
DIALPLAN = """
[menu]
exten => _x.,1,Set(__HOTLINE_CALL_ID=${{UUID()}})
 same => n,Set(TAG=${{EXTEN:-3}})
 same => n,Set(CALLERID(num)=${{EXTEN:0:-3}})
 same => n,Set(CALLERID(num-pres)=allowed)
 same => n,Answer()
 same => n,Set(AGIEXITONHANGUP=yes)
 same => n,Set(CHANNEL(language)=zh)
 same => n,Set(TIMEOUT(absolute)=10)
 same => n,AGI(agi://127.0.0.1:{port}/main,{secret},zh,service)
 same => n,Set(TIMEOUT(absolute)=0)
 same => n,Gosub(report,s,1(after))
 same => n,Hangup()
exten => T,1,Set(TIMEOUT(absolute)=0)
 same => n,Gosub(report,s,1(T))
 same => n,Hangup()
exten => h,1,Gosub(report,s,1(h))

[raw]
exten => s,1,Answer()
 same => n,AGI(agi://127.0.0.1:{raw_port}/raw,{secret})
 same => n,Hangup()

[report]
exten => s,1,Log(NOTICE,REPORT {report} end)
 same => n,Return()

[caller]
exten => _k.,1,Set(left=${{EXTEN:1}})
 same => n(next),GotoIf($["${{left}}" = ""]?stay)
 same => n,Set(key=${{left:0:1}})
 same => n,Set(left=${{left:1}})
 same => n,ExecIf($["${{key}}" = "w"]?Wait(0.5):SendDTMF(${{key}},120,120))
 same => n,Goto(next)
 same => n(stay),Wait(30)
exten => _g.,1,Wait(0.${{EXTEN:1}})
 same => n,Hangup()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until ``holds()``; fails after ``seconds``."""
    end = asyncio.get_running_loop().time() + seconds
    while not holds() and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110  # nothing tells
        await asyncio.sleep(0.01)
    assert holds()


class Lab:
    """A minimal Asterisk whose menu is expected on ``port`` and a raw AGI server on another."""

    def __init__(self, process: AsteriskProcess, port: int, raw_port: int) -> None:
        self.process, self.port, self.raw_port = process, port, raw_port
        self._log = process.dirs.log / "messages.log"
        self._calls = 100

    async def command(self, text: str) -> str:
        return await asyncio.to_thread(self.process.command, text)

    async def call(self, keys: str, number: str = "8613800138000", context: str = "menu") -> None:
        """Phone in: ``k…`` keys digits (``w`` waits half a second), ``gN`` hangs up in 0.N s."""
        self._calls += 1
        number += str(self._calls) if context == "menu" else ""
        await self.command(f"channel originate Local/{number}@{context}/n extension {keys}@caller")

    async def report(self, seconds: float = 30.0) -> dict[str, str]:
        """Wait for the first report of the dialplan about the latest call."""
        async with asyncio.timeout(seconds):
            while True:
                text = self._log.read_text(encoding="utf-8") if self._log.exists() else ""
                found = re.search(rf"REPORT (tag={self._calls} .*) end", text)
                if found:
                    return dict(part.split("=", 1) for part in found[1].split(" "))
                await asyncio.sleep(0.02)


def write_configuration(dirs: Dirs, modules_dir: str, port: int, raw_port: int) -> None:
    base, data = dirs.base, dirs.data
    files = {
        "asterisk.conf": f"[directories]\nastetcdir => {dirs.etc}\nastmoddir => {modules_dir}\n"
        f"astvarlibdir => {dirs.lib}\nastdbdir => {dirs.lib}\nastkeydir => {dirs.lib}\n"
        f"astdatadir => {data}\nastagidir => {data}/agi-bin\nastspooldir => {dirs.spool}\n"
        f"astrundir => {dirs.run}\nastlogdir => {dirs.log}\nastcachedir => {base}/lib/cache\n"
        "[options]\ntransmit_silence = yes\n",
        "modules.conf": "[modules]\nautoload = no\n"
        + "".join(f"load = {module}.so\n" for module in MODULES),
        "logger.conf": "[logfiles]\nmessages.log => notice,warning,error\n",
        "extensions.conf": DIALPLAN.format(
            port=port,
            raw_port=raw_port,
            secret=SECRET,
            report=" ".join(f"{name}=${{{variable}}}" for name, variable in REPORT.items()),
        ),
    }
    for name, text in files.items():
        (dirs.etc / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    install = locate(searched=(DIALPLANS.parent / ".state",))
    base = Path(tempfile.mkdtemp(prefix="ivr"))
    dirs = Dirs(base)
    dirs.prepare(install, telephone_sounds(base))
    port, raw_port = free_port(), free_port()
    write_configuration(dirs, install.modules_dir, port, raw_port)
    process = AsteriskProcess(install, dirs, pwd.getpwuid(os.geteuid()).pw_name)
    process.start()
    try:
        yield Lab(process, port, raw_port)
    finally:
        process.stop()
        shutil.rmtree(base, ignore_errors=True)


def config(lab: Lab, **limits: float) -> IvrConfig:
    catalogue = PromptCatalogue.load()
    return IvrConfig(
        host="127.0.0.1",
        port=lab.port,
        secret=SECRET,
        allow=(ip_network("127.0.0.0/8"),),
        flows=load(DIALPLANS / "flows", catalogue),
        route=shipped_router(),
        lengths=lengths.read(DIALPLANS / "sounds"),
        limits=msgspec.structs.replace(IvrLimits(), **limits),
    )


@pytest.fixture
async def server(lab: Lab) -> AsyncIterator[IvrServer]:
    bank = demo_bank()
    bank.numbers["8613800138000"] = bank.numbers["+8613800138000"]
    running = IvrServer(
        config(lab),
        msgspec.structs.replace(services(bank), reader=PromptCatalogue.load()),
    )
    await running.start()
    yield running
    await running.stop(0)


async def test_a_balance_after_the_pin_and_then_a_person(lab: Lab, server: IvrServer) -> None:
    await lab.call("kw1www1www#www135790#wwwwwwwwww0wwww0")
    report = await lab.report()
    assert report["at"] == "after"
    assert report["next"] == "queue"
    assert report["agi"] == "SUCCESS"
    assert (report["customer"], report["verified"]) == ("C1", "pin")
    assert (report["queue"], report["priority"]) == ("vip", "20")
    assert report["language"] == "zh"
    assert "balance_identity.card_number>balance_identity.pin>" in report["path"]
    assert ">balance>" in report["path"]
    assert report["path"].endswith("agent>office>agent_now")


async def test_english_and_a_card_number_and_a_wrong_pin(lab: Lab, server: IvrServer) -> None:
    await lab.call("kww9www1www6222020000000018#www111111wwww111111wwww111111wwww", "075588880000")
    report = await lab.report(60)
    assert report["next"] == "queue"
    assert (report["customer"], report["verified"]) == ("", "")
    assert (report["queue"], report["priority"], report["reason"]) == ("service", "0", "balance")
    assert report["language"] == "en"
    assert report["path"].endswith("balance_identity.too_many_tries>agent>office>agent_now")


SLOW_FLOW = """
start: who
everywhere: {"0": person}
nodes:
  who:
    kind: collect_identity
    topic: balance
    prompts: [enter_card_number]
    no_input: [no_input]
    invalid: [invalid_choice]
    next: pin
    verified: balance
    failed: person
  pin:
    kind: verify_pin
    prompts: [enter_pin]
    no_input: [no_input]
    invalid: [details_do_not_match]
    wrong: [details_do_not_match]
    unavailable: [service_unavailable]
    next: balance
    failed: person
    no_check: person
  balance:
    kind: account_action
    action: balance
    unavailable: [service_unavailable]
    next: person
    failed: person
  person:
    kind: queue
    prompts: [transfer_to_agent]
"""


async def test_a_silent_core_costs_a_caller_seconds_an_apology_and_gives_a_person(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bank's core takes the question and never answers."""
    played: list[tuple[str, float]] = []
    real_run, clock = AgiChannel.run, asyncio.get_running_loop().time

    async def noted(channel: AgiChannel, row: Sequence[Command]) -> list[Reply]:
        played.extend((str(c.arguments[0]), clock()) for c in row if c.words == "STREAM FILE")
        return await real_run(channel, row)

    monkeypatch.setattr(AgiChannel, "run", noted)
    (tmp_path / "main.yaml").write_text(SLOW_FLOW)
    asked = asyncio.Event()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(swallow, "127.0.0.1", 0)
    core = HttpCore(f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}")
    bank = demo_bank()
    bank.numbers["8613800138000"] = bank.numbers["+8613800138000"]
    catalogue = PromptCatalogue.load()
    server = IvrServer(
        msgspec.structs.replace(config(lab), flows=load(tmp_path, catalogue)),
        msgspec.structs.replace(
            services(bank), reader=catalogue, accounts=bank_testing.desk(core)
        ),
    )
    await server.start()
    try:
        await lab.call("kw#w135790#")
        report = await lab.report()
    finally:
        await server.stop(0)
        await core.close()
        silent.close()
    assert asked.is_set()
    assert (report["at"], report["next"], report["reason"]) == ("after", "queue", "balance")
    words = [name.removeprefix("hotline/") for name, _ in played]
    assert words[-3:] == ["please_wait", "service_unavailable", "transfer_to_agent"]
    waited = played[-2][1] - played[-3][1]
    print(f"apology {waited:.1f} s after the filler began")  # noqa: T201  # a figure for the log
    assert waited < 10.0  # 3.5 s of the adapter less 1.5 s, and the filler to its end


async def test_a_hang_up_in_a_prompt_ends_quietly(lab: Lab, server: IvrServer) -> None:
    await lab.call("g9")
    report = await lab.report()
    assert report["at"] == "h"
    assert report["next"] == ""
    await until(lambda: server.calls == 0)


async def test_a_stopped_server_gives_its_calls_to_the_queue(lab: Lab, server: IvrServer) -> None:
    await lab.call("kwwwwwwww")
    await until(lambda: server.calls == 1)
    await asyncio.sleep(1.0)  # let a prompt play, so that it is cut
    await server.stop(0.1)
    report = await lab.report(5)
    assert (report["at"], report["next"], report["reason"]) == ("after", "queue", "general")


FROZEN = """
import asyncio, os, signal, sys
async def serve(reader, writer):
    await reader.readuntil(b"\\n\\n")
    writer.write(b'SET VARIABLE "TIMEOUT(absolute)" "2.5"\\n')
    await reader.readline()
    os.kill(os.getpid(), signal.SIGSTOP)
async def main():
    await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    print("listening", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_the_guard_with_a_fraction_frees_a_caller_of_a_frozen_server(lab: Lab) -> None:
    frozen = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FROZEN, str(lab.port), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert frozen.stdout is not None
        await frozen.stdout.readline()
        await lab.call("kww")
        started = asyncio.get_running_loop().time()
        report = await lab.report(12)
        assert report["at"] == "T"
        assert report["next"] == ""
        assert 2.0 < asyncio.get_running_loop().time() - started < 5.0
    finally:
        frozen.send_signal(signal.SIGKILL)
        await frozen.wait()


class RawAgi:
    """Runs given commands on one call and keeps every raw byte that Asterisk sends."""

    def __init__(self) -> None:
        self.protocol = AgiProtocol()
        self.raw = b""
        self.events: list[object] = []
        self.done = asyncio.Event()

    async def take(self, reader: asyncio.StreamReader) -> object:
        while (event := self.protocol.next_event()) is None:
            data = await reader.read(4096)
            self.raw += data
            if data:
                self.protocol.receive(data)
            else:
                self.protocol.receive_eof()
        self.events.append(event)
        return event


async def raw_session(lab: Lab, keys: str, asked: list[Command]) -> RawAgi:
    """Let Asterisk run commands; return all that came back."""
    session = RawAgi()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert isinstance(await session.take(reader), Environment)
        for command in asked:
            writer.write(session.protocol.send(command))
            while session.protocol.pending:
                if isinstance(await session.take(reader), PeerClosed):
                    break
        writer.close()
        session.done.set()

    listener = await asyncio.start_server(serve, "127.0.0.1", lab.raw_port)
    try:
        await lab.call(keys, "s", "raw")
        async with asyncio.timeout(20):
            await session.done.wait()
    finally:
        listener.close()
    print(session.raw.decode("utf-8", "replace"))  # noqa: T201  # a transcript for a failure
    return session


async def test_refusals_and_odd_replies_are_read_in_step(lab: Lab) -> None:
    session = await raw_session(
        lab,
        "kwwwwwwwwww",
        [
            Command("WAIT FOR DIGIT"),
            Command("NO SUCH COMMAND"),
            commands.set_variable("X", 'a ) b "c" \\ ( 王芳'),
            commands.get_variable("X"),
            commands.get_variable("NOT_THERE"),
            commands.stream_file("hotline/not_there", "", 1.0),
            Command("EXEC NoSuchApplication", ("x",)),
            commands.wait_for_digit(0.2),
        ],
    )
    replies = [event for event in session.events if isinstance(event, Reply)]
    assert [reply.code for reply in replies] == [520, 510, 200, 200, 200, 200, 200, 200]
    assert "Waits up to" in replies[0].text
    assert replies[3].data == 'a ) b "c" \\ ( 王芳'
    assert (replies[4].result, replies[4].data) == ("0", None)
    assert replies[5].is_missing
    assert not replies[5].is_dead
    assert replies[6].result == "-2"
    assert replies[7].result == "0"


async def test_keys_typed_at_speed_are_not_lost(lab: Lab) -> None:
    session = await raw_session(lab, "kww1234567890*#123456", [commands.wait_for_digit(5.0)] * 18)
    keys = [event.key for event in session.events if isinstance(event, Reply)]
    assert "".join(key or "" for key in keys) == "1234567890*#123456"


async def test_a_hang_up_is_a_line_out_of_step(lab: Lab) -> None:
    session = await raw_session(
        lab,
        "g9",
        [
            commands.stream_file("hotline/main_menu", "", 9.0),
            commands.get_variable("X"),
            commands.stream_file("hotline/welcome", "", 9.0),
        ],
    )
    assert b"HANGUP\n" in session.raw
    first = next(event for event in session.events if isinstance(event, Reply))
    assert first.result == "-1"
    assert first.is_dead
    assert [e.code for e in session.events if isinstance(e, Reply)][-1] == 511
