"""The sender of webhooks against a real HTTP server that behaves well, badly, or not at all."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_console.events_api.sender import MOST_ANSWER_BYTES, HttpPoster
from agent_console.events_api.signing import new_secret
from agent_console.events_api.targets import Policy
from hotline import tls
from hotline.settings.model import Settings
from hotline.settings.services import TlsSettings

SECRET = new_secret()
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Receiver:
    """Reads one request a connection and answers as told."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.answer: Answer = said(b"204 No Content")
        self.written = 0

    async def open(self, context: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            self.requests.append(head + await reader.readexactly(length))
            await self.answer(writer)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()


def said(status: bytes, *lines: bytes) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        fields = b"".join(line + b"\r\n" for line in lines)
        writer.write(b"HTTP/1.1 " + status + b"\r\n" + fields + b"content-length: 0\r\n\r\n")
        await writer.drain()

    return answer


async def never(_writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
    sent = 0
    while sent < 100 * MOST_ANSWER_BYTES:
        writer.write(b"x" * 8192)
        await writer.drain()
        sent += 8192


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def poster() -> AsyncIterator[HttpPoster]:
    made = HttpPoster(Policy(), lambda: 1_800_000_000.0, timeout_s=2.0)
    yield made
    await made.close()


async def test_a_signed_post_arrives(receiver: Receiver, poster: HttpPoster) -> None:
    url = f"http://127.0.0.1:{receiver.port}/pops?a=1"
    outcome = await poster.post(url, SECRET, "e-1", '{"name":"王"}'.encode())
    assert (outcome.ok, outcome.detail) == (True, "HTTP 204")
    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /pops?a=1 http/1.1"
    assert f"host: 127.0.0.1:{receiver.port}" in lines
    assert "webhook-id: e-1" in lines
    assert "webhook-timestamp: 1800000000" in lines
    assert "content-type: application/json" in lines
    assert body.decode() == '{"name":"王"}'


@pytest.mark.parametrize("status", [b"302 Found", b"307 Temporary Redirect"])
async def test_a_redirect_is_not_followed(
    receiver: Receiver, poster: HttpPoster, status: bytes
) -> None:
    url = f"http://127.0.0.1:{receiver.port}/"
    receiver.answer = said(status, b"location: " + url.encode() + b"elsewhere")
    outcome = await poster.post(url, SECRET, "e-1", b"{}")
    assert not outcome.ok
    assert len(receiver.requests) == 1


async def test_gone_is_told_apart(receiver: Receiver, poster: HttpPoster) -> None:
    receiver.answer = said(b"410 Gone")
    assert (await poster.post(f"http://127.0.0.1:{receiver.port}/", SECRET, "e", b"{}")).gone


async def test_a_silent_receiver_costs_the_timeout_and_no_more(
    receiver: Receiver,
) -> None:
    receiver.answer = never
    poster = HttpPoster(Policy(), lambda: 0.0, timeout_s=0.2)
    outcome = await poster.post(f"http://127.0.0.1:{receiver.port}/", SECRET, "e", b"{}")
    assert (outcome.ok, outcome.detail) == (False, "no answer within 0.2 s")
    await poster.close()


async def test_an_endless_answer_is_cut(receiver: Receiver, poster: HttpPoster) -> None:
    receiver.answer = endless
    outcome = await poster.post(f"http://127.0.0.1:{receiver.port}/", SECRET, "e", b"{}")
    assert (outcome.ok, outcome.detail) == (True, "HTTP 200")


async def test_no_receiver_is_an_outcome(receiver: Receiver, poster: HttpPoster) -> None:
    await receiver.close()
    outcome = await poster.post(f"http://127.0.0.1:{receiver.port}/", SECRET, "e", b"{}")
    assert not outcome.ok
    assert "Connect" in outcome.detail


def leads_to(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    async def resolver(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolver


async def test_a_name_that_leads_inwards_gets_nothing(receiver: Receiver) -> None:
    for address in ("127.0.0.1", "169.254.169.254"):
        poster = HttpPoster(Policy(), lambda: 0.0, resolver=leads_to(address))
        url = f"https://crm.bank.example:{receiver.port}/"
        outcome = await poster.post(url, SECRET, "e", b"{}")
        assert not outcome.ok
        assert "crm.bank.example" in outcome.detail
        await poster.close()
    assert receiver.requests == []


async def test_the_certificate_must_be_the_names_and_trusted(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, tls=TlsSettings(self_signed=True))
    pair = tls.certificate_files(settings, now=datetime.now(UTC))
    assert pair is not None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    receiver = Receiver()
    await receiver.open(context)
    policy = Policy(networks=(ipaddress.ip_network("127.0.0.0/8"),))
    for host, authority, ok in (
        ("localhost", str(pair.certificate), True),
        ("localhost", None, False),
        ("127.0.0.9", str(pair.certificate), False),
    ):
        poster = HttpPoster(
            policy, lambda: 0.0, authority=authority, resolver=leads_to("::1", "127.0.0.1")
        )
        outcome = await poster.post(f"https://{host}:{receiver.port}/", SECRET, "e", b"{}")
        assert outcome.ok is ok, (host, outcome)
        await poster.close()
    assert len(receiver.requests) == 1
    await receiver.close()
