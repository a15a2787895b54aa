"""The HTTP adapter against a core that is slow, broken, half-dead or restarted."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from crm_lookup.bank import requests as q
from crm_lookup.bank import testing as bank
from crm_lookup.bank.audit import MemoryAudit
from crm_lookup.bank.errors import (
    BankBrokenError,
    BankLoginError,
    BankRefusedError,
    BankRestingError,
    BankTooSlowError,
    BankUnavailableError,
)
from crm_lookup.bank.http import HttpCore, HttpLimits, tls_context
from crm_lookup.bank.memory import MemoryCore
from crm_lookup.bank.reference_server import app
from crm_lookup.bank.testing import asker
from crm_lookup.errors import SettingError
from hotline import tls
from hotline.settings import Settings
from hotline.settings.services import TlsSettings
from tests.web_kit import served

QUICK: Final = HttpLimits(deadline=1.0, attempt=0.3, connect=0.3, tries=3, failures=100)
ONCE: Final = msgspec.structs.replace(QUICK, tries=1)
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class FaultyCore:
    """Does on each connection what the next behaviour says; the last one goes on for ever."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self.behaviours = list(behaviours)
        self.heads: list[bytes] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        behave = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            await behave(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @asynccontextmanager
    async def up(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for writer in self._writers:
                writer.close()


def answers(status: int, body: bytes = b"", *headers: str) -> Behaviour:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} x", f"content-length: {len(body)}", *headers]
        writer.write("\r\n".join([*lines, "connection: close", "", ""]).encode() + body)
        await writer.drain()

    return answer


async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the other side gives up


async def slam(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def half_open(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Begins an answer and never ends it."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{")
    await writer.drain()
    await reader.read()


async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends a byte now and then, so that no pause is ever too long."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n")
    for _ in range(1000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.wait({asyncio.create_task(asyncio.sleep(0.05))})


WELL: Final = answers(200, b'{"rates":[]}')
RATES: Final = q.DepositRateInquiry()


async def ask(core: FaultyCore, limits: HttpLimits = QUICK) -> tuple[Any, float]:
    """Ask for rates; return the answer or the error, and how long it took."""
    async with core.up() as url:
        adapter, begun = HttpCore(url, limits=limits), time.monotonic()
        try:
            answer: Any = await adapter.perform(RATES, asker(None), "")
        except (BankUnavailableError, BankRefusedError) as error:
            answer = error
        finally:
            await adapter.close()
        return answer, time.monotonic() - begun


@pytest.mark.parametrize("fault", [hang, half_open, drip])
async def test_a_slow_core_is_a_typed_error_within_the_deadline(fault: Behaviour) -> None:
    answer, seconds = await ask(FaultyCore(fault))
    assert isinstance(answer, BankTooSlowError)
    assert "hotline bank check" in str(answer)
    assert seconds < QUICK.deadline + 1.0  # slack for a loaded machine


@pytest.mark.parametrize("fault", [slam, hang, half_open, answers(500), answers(503)])
async def test_what_fails_once_is_tried_again(fault: Behaviour) -> None:
    limits = msgspec.structs.replace(QUICK, deadline=20.0, attempt=1.0)
    core = FaultyCore(fault, WELL)
    answer, _ = await ask(core, limits)
    assert answer.rates == ()
    assert len(core.heads) == 2


async def test_a_core_that_always_fails_is_asked_so_often_and_no_more() -> None:
    core = FaultyCore(answers(502))
    answer, _ = await ask(core, msgspec.structs.replace(QUICK, deadline=20.0))
    assert isinstance(answer, BankUnavailableError)
    assert len(core.heads) == QUICK.tries


async def test_nobody_there() -> None:
    core = FaultyCore(WELL)
    async with core.up() as url:
        pass
    adapter = HttpCore(url, limits=QUICK)
    with pytest.raises(BankUnavailableError, match="cannot be reached"):
        await adapter.perform(RATES, asker(None), "")
    health = await adapter.health()
    assert not health.ok
    assert "cannot be reached" in health.detail
    await adapter.close()


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"not json", b"[]", b'{"rates":3}', b'{"rates":[{"currency":"CNY"}]}', b"\xff"),
        b'{"rates":[{"currency":"CNY","months":"12","rate":9500,"since":"2026-01-01"}]}',
        b'{"rates":[{"currency":"CNY","months":12,"rate":0.95,"since":"2026-01-01"}]}',
    ],
)
async def test_an_answer_that_is_not_as_described_is_never_believed(body: bytes) -> None:
    core = FaultyCore(answers(200, body))
    answer, _ = await ask(core)
    assert isinstance(answer, BankBrokenError)
    assert "docs/bank-services.openapi.json" in str(answer)
    assert len(core.heads) == 1  # the same again would be as wrong


async def test_an_endless_answer_is_not_read() -> None:
    answer, _ = await ask(FaultyCore(answers(200, b" " * 1_000_001)), ONCE)
    assert isinstance(answer, BankBrokenError)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b"", BankLoginError),
        (403, b"<html>", BankLoginError),
        (403, b'{"reason":"not_verified"}', BankRefusedError),
        (404, b'{"reason":"no_such_card"}', BankRefusedError),
        (404, b"<html>", BankBrokenError),
        (422, b'{"reason":"because"}', BankBrokenError),
        (302, b"", BankBrokenError),
        (204, b"", BankBrokenError),
    ],
)
async def test_each_refusal_is_its_own_error(
    status: int, body: bytes, error: type[Exception]
) -> None:
    core = FaultyCore(answers(status, body, "location: http://127.0.0.1:1/"))
    answer, _ = await ask(core)
    assert type(answer) is error
    assert len(core.heads) == 1


async def test_a_storm_opens_the_breaker_a_probe_finds_it_well_and_closes_it() -> None:
    now = 0.0
    limits = msgspec.structs.replace(QUICK, deadline=20.0, failures=5, rest=10.0)
    core = FaultyCore(answers(500))
    async with core.up() as url:
        adapter = HttpCore(url, limits=limits, clock=lambda: now)
        seen = []
        for _ in range(20):
            with pytest.raises(BankUnavailableError) as error:
                await adapter.perform(RATES, asker(None), "")
            seen.append(type(error.value))
        assert seen[0] is BankUnavailableError
        assert set(seen[2:]) == {BankRestingError}
        assert len(core.heads) == limits.failures  # the storm ended there
        now = 10.0
        with pytest.raises(BankUnavailableError):
            await adapter.perform(RATES, asker(None), "")
        assert len(core.heads) == limits.failures + 1  # one probe, no second try
        core.behaviours = [WELL]
        now = 20.0
        for _ in range(3):
            await adapter.perform(RATES, asker(None), "")
        assert adapter.breaker.state == "closed"
        assert len(core.heads) == limits.failures + 4
        await adapter.close()


async def test_refusals_do_not_open_the_breaker() -> None:
    limits = msgspec.structs.replace(QUICK, failures=2)
    core = FaultyCore(answers(404, b'{"reason":"no_such_card"}'))
    async with core.up() as url:
        adapter = HttpCore(url, limits=limits)
        for _ in range(5):
            with pytest.raises(BankRefusedError):
                await adapter.perform(q.BlockCard(card_id="K9"), asker(), "k")
        assert adapter.breaker.state == "closed"
        await adapter.close()


class LossyApp:
    """Carries out what comes but loses the first answers, like a core that dies after its work."""

    def __init__(self, inner: Any, losses: int) -> None:
        self._inner = inner
        self.losses = losses
        self.keys: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.keys += [value for name, value in scope["headers"] if name == b"idempotency-key"]
        if self.losses == 0:
            await self._inner(scope, receive, send)
            return
        self.losses -= 1

        async def lost(_message: Any) -> None:
            """The answer goes nowhere."""

        await self._inner(scope, receive, lost)
        await send({"type": "http.response.start", "status": 502, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def test_a_lost_answer_is_fetched_with_the_same_key_and_the_card_is_blocked_once() -> None:
    behind, audit = bank.memory_core(), MemoryAudit()
    lossy = LossyApp(app(behind), losses=2)
    patient = msgspec.structs.replace(QUICK, deadline=20.0, attempt=10.0)
    async with served(lossy) as url:
        adapter = HttpCore(url, limits=patient)
        desk = bank.desk(adapter, audit=audit, deadline=20.0)
        receipt = await desk.ask(q.BlockCard(card_id="K1"), asker())
        again = await desk.ask(q.BlockCard(card_id="K1"), asker())
        await adapter.close()
    assert receipt.case_number == again.case_number
    assert len(behind.cases) == 1
    assert set(lossy.keys) == {audit.entries[0].key.encode()}
    assert len(lossy.keys) == 4


async def test_a_restart_between_request_and_answer_gives_the_same_case_number(
    tmp_path: Path,
) -> None:
    """The core works, dies before it answers, and comes back with its file alone."""
    path = bank.make_database(tmp_path / "bank.db")
    audit = MemoryAudit()
    order = q.BlockCard(card_number=bank.ACTIVE_NUMBER)
    async with bank.sql_core(path) as behind, served(LossyApp(app(behind), losses=1)) as url:
        adapter = HttpCore(url, limits=msgspec.structs.replace(ONCE, attempt=10, deadline=20))
        desk = bank.desk(adapter, audit=audit, deadline=20.0)
        with pytest.raises(BankUnavailableError):
            await desk.ask(order, asker(None))
        await adapter.close()
    assert [(line.outcome, line.detail) for line in audit.entries] == [
        ("begun", ""),
        ("unknown", "BankUnavailableError"),
    ]
    async with bank.sql_core(path) as behind, served(app(behind)) as url:
        adapter = HttpCore(url, limits=msgspec.structs.replace(QUICK, attempt=10, deadline=20))
        receipts = [
            await bank.desk(adapter, audit=audit, deadline=20.0).ask(order, asker(None))
            for _ in range(2)
        ]
        cards = await adapter.perform(q.CardInquiry(), asker(), "")
        await adapter.close()
    assert receipts[0] == receipts[1]
    assert receipts[0].case_number == "000000018"  # the first case, with its check digit
    assert cards.cards[0].status == "blocked"


async def test_the_token_is_shown_and_asked_for() -> None:
    async with served(app(bank.memory_core(), token="s3cret")) as url:
        for token, well in (("s3cret", True), ("wrong", False), ("", False)):
            adapter = HttpCore(url, token=token, limits=msgspec.structs.replace(QUICK, attempt=10))
            health = await adapter.health()
            assert health.ok is well
            if not well:
                assert "bank.token_file" in health.detail
            await adapter.close()


async def test_only_the_named_authority_is_trusted(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, tls=TlsSettings(self_signed=True))
    pair = tls.certificate_files(settings, now=datetime.now(UTC))
    assert pair is not None
    options = {"ssl_certfile": str(pair.certificate), "ssl_keyfile": str(pair.key)}
    patient = msgspec.structs.replace(ONCE, attempt=10, connect=10, deadline=20)
    async with served(app(MemoryCore(bank.book(), key=bank.KEY)), **options) as url:
        trusting = HttpCore(url, context=tls_context(pair.certificate), limits=patient)
        assert (await trusting.perform(RATES, asker(None), "")).rates
        strict = HttpCore(url, context=tls_context(None), limits=patient)
        with pytest.raises(BankUnavailableError, match="cannot be reached"):
            await strict.perform(RATES, asker(None), "")
        for adapter in (trusting, strict):
            await adapter.close()


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(SettingError, match=name):
            tls_context(tmp_path / name)
    assert isinstance(tls_context(None), ssl.SSLContext)


async def test_the_server_wants_a_key_and_a_body_as_described() -> None:
    core = bank.memory_core()
    async with served(app(core)) as url:
        adapter = HttpCore(url, limits=msgspec.structs.replace(QUICK, attempt=10, deadline=20))
        with pytest.raises(BankRefusedError, match="Idempotency-Key"):
            await adapter.perform(q.BlockCard(card_id="K1"), asker(), "")
        with pytest.raises(BankRefusedError, match="not as described"):
            await adapter.perform(q.TransactionInquiry(limit=500), asker(), "")
        with pytest.raises(BankRefusedError, match="not for a core"):
            await adapter.perform(q.ChangePin(new_pin="482917"), asker(), "k")
        await adapter.close()
    assert core.cases == []
