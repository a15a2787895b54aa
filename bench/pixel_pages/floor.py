"""The least that a page can do with a pop: read the message, set the caller's name, be painted.

The same frame of the same length over the same WebSocket library into the same Chromium, with a
page that holds one heading and nothing else.  What it takes is the machine's and the browser's.
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

_PAGE = """<!doctype html><meta charset="utf-8"><title>floor</title><script>
new WebSocket(`ws://${location.host}/ws`).onmessage = event => {
  const {pop} = JSON.parse(event.data).message
  const name = document.createElement('h1')
  name.textContent = pop.customer.name
  document.body.replaceChildren(name)
}
</script>"""


class Floor:
    """The smallest page, and who looks at it."""

    def __init__(self) -> None:
        self._watching: set[WebSocket] = set()
        self.app = Starlette(routes=[Route("/", self._page), WebSocketRoute("/ws", self._socket)])

    async def say(self, frame: str) -> None:
        """Send every page that is open this frame of the desk."""
        for socket in self._watching:
            await socket.send_text(frame)

    @property
    def watched(self) -> bool:
        return bool(self._watching)

    async def _page(self, request: Request) -> HTMLResponse:
        del request
        return HTMLResponse(_PAGE)

    async def _socket(self, socket: WebSocket) -> None:
        await socket.accept()
        self._watching.add(socket)
        try:
            await socket.receive()  # it only ever leaves
        finally:
            self._watching.discard(socket)
