"""Serving over real sockets: certificates, taken ports, stopping."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from hotline import tls
from hotline.settings import Settings, load_settings
from hotline.web import health_app, serve_until

NOW = datetime.now(UTC)


def settings(folder: Path) -> Settings:
    return load_settings(environ={}, state_dir=folder, tls={"self_signed": True})


async def test_a_self_signed_pair_serves_https_until_told_to_stop(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    pair = tls.certificate_files(settings(tmp_path), now=NOW)
    assert pair is not None
    assert pair.key.stat().st_mode & 0o077 == 0
    stopped = asyncio.Event()
    serving = asyncio.create_task(
        serve_until(
            stopped,
            health_app(lambda: {"menu": True}),
            "127.0.0.1",
            unused_tcp_port,
            ssl_certfile=str(pair.certificate),
            ssl_keyfile=str(pair.key),
        )
    )
    trusting = ssl.create_default_context(cafile=str(pair.certificate))
    async with httpx.AsyncClient(verify=trusting) as client, asyncio.timeout(10):
        while True:
            try:
                answer = await client.get(f"https://localhost:{unused_tcp_port}/readyz")
            except httpx.ConnectError:
                assert not serving.done()
                await asyncio.sleep(0.02)
                continue
            break
    assert answer.json() == {"ok": True, "parts": {"menu": True}}
    stopped.set()
    async with asyncio.timeout(10):
        await serving


def test_the_pair_is_kept_and_renewed_before_it_ends(tmp_path: Path) -> None:
    given = settings(tmp_path)
    first = tls.certificate_files(given, now=NOW)
    assert first is not None
    text = first.certificate.read_text()
    later = NOW + timedelta(days=tls.TRIAL_DAYS - 10)
    assert tls.certificate_files(given, now=later) == first
    assert first.certificate.read_text() == text
    tls.certificate_files(given, now=NOW + timedelta(days=tls.TRIAL_DAYS))
    assert first.certificate.read_text() != text
    assert tls.expires(first.certificate) > NOW + timedelta(days=tls.TRIAL_DAYS + 300)


async def test_a_taken_port_is_an_error_and_not_an_exit() -> None:
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", 0))
        thief.listen()
        port = thief.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}"):
            await serve_until(asyncio.Event(), health_app(dict), "127.0.0.1", port)
