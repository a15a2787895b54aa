"""The health pages of roles."""

import httpx

from hotline.web import health_app


async def ask(path: str, parts: dict[str, bool], **others: bool) -> httpx.Response:
    transport = httpx.ASGITransport(app=health_app(lambda: parts, lambda: others))
    async with httpx.AsyncClient(transport=transport, base_url="http://role") as client:
        return await client.get(path)


async def test_alive_is_not_ready() -> None:
    parts = {"menu": False, "journal": True}
    assert (await ask("/healthz", parts)).status_code == 200
    answer = await ask("/readyz", parts)
    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "parts": parts}
    assert (await ask("/readyz", {"menu": True})).status_code == 200


async def test_what_others_lack_is_told_and_makes_nothing_unready() -> None:
    answer = await ask("/readyz", {"menu": True}, bank=False)
    assert answer.status_code == 200
    assert answer.json()["others"] == {"bank": False}


async def test_metrics_are_prometheus_text() -> None:
    answer = await ask("/metrics", {})
    assert answer.headers["content-type"].startswith("text/plain")
    assert "python_info" in answer.text
