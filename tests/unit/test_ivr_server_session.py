"""A session from its first line to its last word, over a channel without a socket."""

import asyncio
from collections.abc import Callable, Sequence
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest

import dialplans
from crm_lookup.model import AccountBalance, CustomerId
from ivr import metrics
from ivr.agi import Command, Environment, Reply
from ivr.config import IvrConfig, IvrLimits
from ivr.errors import (
    AgiProtocolError,
    AgiReplyError,
    AsteriskSilentError,
    CallerGoneError,
)
from ivr.flow import load
from ivr.inquiries import Inquiries
from ivr.ports import IvrServices
from ivr.server import IvrServer
from ivr.session import Arguments, Session
from ivr.testing import MemoryBank, demo_bank, services, shipped_router

CONFIG = IvrConfig(
    host="127.0.0.1",
    port=0,
    secret="s3cret",
    allow=(ip_network("127.0.0.0/8"), ip_network("fd00::/8")),
    flows=load(Path(dialplans.__path__[0]) / "flows"),
    route=shipped_router(),
    limits=IvrLimits(pin_answer=0.0, lookup=5.0, filler_after=60.0),
)


def environment(**changes: str) -> Environment:
    known = {
        "agi_network_script": "main",
        "agi_callerid": "+8613800138000",
        "agi_arg_1": "s3cret",
        "agi_arg_2": "zh",
        "agi_arg_3": "service",
    }
    return Environment({**known, **changes})


class FakeChannel:
    """Answers as Asterisk does; ``keys`` are given to waits (``-`` is silence)."""

    def __init__(
        self,
        keys: str = "",
        start: Environment | Exception | None = None,
        trouble: Callable[[Command], Exception | None] = lambda command: None,
    ) -> None:
        self.sent: list[Command] = []
        self.last: list[Command] = []
        self._keys = list(keys)
        self._start = environment() if start is None else start
        self.trouble = trouble

    @property
    def left(self) -> int:
        """Keys that the caller has not pressed yet."""
        return len(self._keys)

    async def environment(self) -> Environment | None:
        if isinstance(self._start, Exception):
            raise self._start
        return self._start if self._start.variables else None

    async def run(self, row: Sequence[Command]) -> list[Reply]:
        return [self._run(command) for command in row]

    async def last_words(self, row: Sequence[Command]) -> None:
        self.last += row

    def _run(self, command: Command) -> Reply:
        if (error := self.trouble(command)) is not None:
            raise error
        self.sent.append(command)
        if command.words == "GET VARIABLE":
            return Reply(code=200, result="1", data="call-1")
        if command.words == "STREAM FILE":
            return Reply(code=200, result="0", fields={"endpos": "800"})
        if command.words == "WAIT FOR DIGIT":
            key = self._keys.pop(0) if self._keys else "-"
            return Reply(code=200, result="0" if key == "-" else str(ord(key)))
        return Reply(code=200, result="1")

    @property
    def variables(self) -> dict[str, str]:
        row = [*self.sent, *self.last]
        return {
            c.arguments[0].lstrip("_"): c.arguments[1] for c in row if c.words == "SET VARIABLE"
        }

    @property
    def played(self) -> list[str]:
        return [c.arguments[0] for c in self.sent if c.words == "STREAM FILE"]


async def serve(
    channel: FakeChannel,
    bank: MemoryBank | None = None,
    *,
    config: IvrConfig = CONFIG,
    admit: Callable[[], bool] = lambda: True,
    refused: Callable[[str], None] = lambda cause: None,
) -> FakeChannel:
    given: IvrServices = services(bank or demo_bank())
    inquiries = Inquiries(given, config.limits)
    await Session(channel, config, inquiries, given.reader, admit=admit, refused=refused).serve()
    return channel


async def test_a_balance_and_a_person() -> None:
    channel = await serve(FakeChannel("-1#1357900"))
    assert "hotline/balance_current" in channel.played
    assert channel.sent[-1].arguments == ("HOTLINE_NEXT", "queue")
    assert channel.sent[-2].arguments[0].startswith("HotlineMenuEnded,call_id:call-1")
    assert channel.variables["HOTLINE_CUSTOMER"] == "C1"
    assert channel.variables["HOTLINE_VERIFIED"] == "pin"
    assert channel.variables["HOTLINE_QUEUE"] == "vip"
    assert channel.variables["HOTLINE_PRIORITY"] == "20"
    assert not channel.last


async def test_shared_variables_are_inherited_and_the_verdict_is_not() -> None:
    channel = await serve(FakeChannel("-0"))
    names = {c.arguments[0] for c in channel.sent if c.words == "SET VARIABLE"}
    ours = {name for name in names if "HOTLINE" in name}
    assert {name for name in ours if not name.startswith("__")} == {"HOTLINE_NEXT"}


async def test_digits_are_in_no_command() -> None:
    channel = await serve(FakeChannel("-16222020000000018#1357900"))
    sent = " ".join(a for c in channel.sent for a in c.arguments)
    assert channel.variables["HOTLINE_VERIFIED"] == "pin"
    assert "135790" not in sent
    assert "6222020000000018" not in sent


async def test_the_recognition_is_told_before_the_queue_is_chosen() -> None:
    channel = await serve(FakeChannel("0"))
    assert channel.variables["HOTLINE_VERIFIED"] == "number"
    assert channel.variables["HOTLINE_QUEUE"] == "vip"
    told = [c.arguments[0].partition(",")[0] for c in channel.sent if "EXEC" in c.words]
    assert told.index("HotlineRecognised") < told.index("HotlineMenuEnded")


@pytest.mark.parametrize(
    ("start", "cause"),
    [
        (Environment({}), "closed"),
        (environment(agi_arg_1="guess"), "secret"),
        (environment(agi_arg_1="s3cret\udcff"), "secret"),
        (Environment({"agi_network_script": "main"}), "secret"),
        (AgiProtocolError("garbage"), "garbage"),
        (AsteriskSilentError("idle"), "idle"),
    ],
)
async def test_strangers_get_nothing(start: Environment | Exception, cause: str) -> None:
    bank = demo_bank()
    causes: list[str] = []
    channel = await serve(FakeChannel(start=start), bank, refused=causes.append)
    assert (channel.sent, channel.last, bank.asked) == ([], [], [])
    assert causes == [cause]


async def test_a_full_server_gets_out_of_the_way() -> None:
    causes: list[str] = []
    channel = await serve(FakeChannel(), admit=lambda: False, refused=causes.append)
    assert channel.sent == []
    assert causes == ["full"]


def outcomes() -> dict[str, float]:
    """Read how often each outcome, and each node where callers gave up, was counted."""
    found: dict[str, float] = {}
    for counter in (metrics.OUTCOMES, metrics.DROPPED):
        for sample in next(iter(counter.collect())).samples:
            if sample.name.endswith("_total"):
                name = sample.labels.get("outcome") or sample.labels["node"]
                found[name] = found.get(name, 0.0) + sample.value  # of all flows
    return found


@pytest.mark.parametrize(
    ("keys", "gone", "counted"),
    [
        ("-0", False, {"person"}),
        ("-1#135790", True, {"contained"}),
        ("-1#", True, {"unserved", "balance_identity.pin"}),
    ],
)
async def test_containment_and_where_callers_give_up(
    keys: str, gone: bool, counted: set[str]
) -> None:
    before = outcomes()
    channel = FakeChannel(keys)

    def hang_up(command: Command) -> Exception | None:
        waits = command.words == "WAIT FOR DIGIT"
        return CallerGoneError() if gone and waits and not channel.left else None

    channel.trouble = hang_up
    await serve(channel)
    after = outcomes()
    assert {name for name in after if after[name] != before.get(name, 0.0)} == counted


async def test_an_unknown_flow_is_a_person() -> None:
    channel = await serve(FakeChannel(start=environment(agi_network_script="nope")))
    assert channel.played == ["hotline/menu_failed"]
    assert channel.last[-1].arguments == ("HOTLINE_NEXT", "queue")
    assert channel.variables["HOTLINE_REASON"] == "menu_error"


class Broken(msgspec.Struct):
    """Fails while a balance is read aloud, with the digits in its message."""

    def balance(self, **values: object) -> tuple[()]:
        raise ValueError(f"cannot say {values}")


async def test_a_crash_is_a_person_and_shows_no_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = msgspec.structs.replace(services(demo_bank()), reader=Broken())
    channel = FakeChannel("-1#135790")
    inquiries = Inquiries(given, CONFIG.limits)
    await Session(
        channel, CONFIG, inquiries, given.reader, admit=lambda: True, refused=print
    ).serve()
    assert channel.last[-1].arguments == ("HOTLINE_NEXT", "queue")
    assert channel.variables["HOTLINE_REASON"] == "menu_error"
    logged = capsys.readouterr().out
    assert "flow_crashed" in logged
    assert "ValueError" in logged
    assert "1234567" not in logged
    assert "135790" not in logged


def on(words: str, error: Exception) -> Callable[[Command], Exception | None]:
    return lambda command: error if command.words == words else None


async def test_a_refused_command_is_a_person() -> None:
    channel = await serve(FakeChannel(trouble=on("STREAM FILE", AgiReplyError("520"))))
    assert channel.last[-1].arguments == ("HOTLINE_NEXT", "queue")


@pytest.mark.parametrize(
    "error", [CallerGoneError(), AsteriskSilentError("frozen"), AgiProtocolError("odd")]
)
async def test_a_lost_call_ends_without_a_word(error: Exception) -> None:
    channel = await serve(FakeChannel(trouble=on("STREAM FILE", error)))
    assert channel.last == []
    assert "HOTLINE_NEXT" not in channel.variables


async def test_a_cut_session_sends_its_caller_to_the_queue() -> None:
    stuck = asyncio.Event()

    class Waiting(FakeChannel):
        async def run(self, row: Sequence[Command]) -> list[Reply]:
            if row and row[-1].words == "STREAM FILE":
                stuck.set()
                await asyncio.Event().wait()
            return await super().run(row)

    channel = Waiting()
    task = asyncio.create_task(serve(channel))
    await stuck.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [c.arguments for c in channel.last] == [
        ("__HOTLINE_MENU_PATH", "welcome"),
        ("__HOTLINE_REASON", "general"),
        ("HOTLINE_NEXT", "queue"),
    ]


async def test_a_slow_account_is_filled_and_then_read() -> None:
    released = asyncio.Event()

    class Slow(MemoryBank):
        async def balances(self, customer_id: CustomerId) -> tuple[AccountBalance, ...]:
            await released.wait()
            return self.ledger[customer_id]

    class Listening(FakeChannel):
        def _run(self, command: Command) -> Reply:
            if command.arguments[:1] == ("hotline/please_wait",):
                released.set()
            return super()._run(command)

    known = demo_bank()
    slow = Slow(**msgspec.structs.asdict(known))
    limits = msgspec.structs.replace(CONFIG.limits, filler_after=0.01)
    config = msgspec.structs.replace(CONFIG, limits=limits)
    channel = await serve(Listening("-1#1357900"), slow, config=config)
    assert channel.played.index("hotline/please_wait") < channel.played.index(
        "hotline/balance_current"
    )


async def test_the_dialplan_chooses_the_language_and_a_wrong_one_is_the_default() -> None:
    english = await serve(FakeChannel("-0", environment(agi_arg_2="en")))
    assert english.variables["CHANNEL(language)"] == "en"
    other = await serve(FakeChannel("-0", environment(agi_arg_2="xx")))
    assert other.variables["CHANNEL(language)"] == "zh"


async def test_the_key_of_the_call_comes_with_it_and_is_read_only_where_it_does_not() -> None:
    handed = FakeChannel("-0", environment(agi_arg_4="95500", agi_arg_5="call-9"))
    await serve(handed)
    assert not [c for c in handed.sent if "HOTLINE_CALL_ID" in c.arguments]
    assert handed.sent[-2].arguments[0].startswith("HotlineMenuEnded,call_id:call-9")
    asked = await serve(FakeChannel("-0"))
    assert asked.sent[0].arguments == ("HOTLINE_CALL_ID",)
    many = Environment({f"agi_arg_{n}": str(n) for n in range(1, 129)})
    assert Arguments.of(many) == ("1", "2", "3", "4", "5", "6")
    assert Arguments.of(Environment({})) == ("",) * 6


def test_the_secret_is_not_shown_and_the_port_needs_a_start() -> None:
    assert "s3cret" not in repr(CONFIG)
    with pytest.raises(RuntimeError, match=r"start\(\)"):
        _ = IvrServer(CONFIG, services(demo_bank())).port
