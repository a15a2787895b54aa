"""Our WebSocket protocol is uvicorn's, and forgets the opening request once it is over."""

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from agent_console.app import UVICORN_OPTIONS
from tests.web_kit import served

OPTIONS = {name: value for name, value in UVICORN_OPTIONS.items() if name != "lifespan"}


async def test_it_carries_frames_both_ways_and_keeps_no_headers() -> None:
    before: list[str] = []
    after: list[int] = []

    async def endpoint(socket: WebSocket) -> None:
        before.append(socket.headers["origin"])
        await socket.accept()
        after.extend((len(socket.headers), len(socket.scope["headers"])))
        while (text := await socket.receive_text()) != "end":
            await socket.send_text(text * 2)
        await socket.close(4401)

    app = Starlette(routes=[WebSocketRoute("/ws", endpoint)])
    async with served(app, **OPTIONS) as url:
        origin = "https://hotline.test"
        address = url.replace("http", "ws") + "/ws"
        async with connect(address, origin=origin, proxy=None) as page:
            for text in ("短", "x" * 60_000):
                await page.send(text)
                assert await page.recv() == text * 2
            assert await (await page.ping()) >= 0
            await page.send("end")
            with pytest.raises(ConnectionClosed):
                await page.recv()
            assert page.close_code == 4401
    assert before == [origin]
    assert after == [0, 0]
