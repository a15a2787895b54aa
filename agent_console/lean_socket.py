"""Uvicorn's WebSocket without what it keeps of a handshake that is over.

An open page costs some 25 KiB in uvicorn and its WebSocket library, a part of it the headers of
the opening request, three times: as read, as handed to the application, and those of the answer.
Nothing reads them once the connection is accepted.
"""

from typing import cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class LeanSocket(WebSocketsSansIOProtocol):
    """The protocol that uvicorn calls ``websockets-sansio``, but for the headers it keeps."""

    def start_keepalive(self) -> None:
        """Begin to ping; called once the connection was accepted."""
        super().start_keepalive()
        self.request.headers.clear()
        self.response.headers.clear()
        # Starlette's view of them holds this very list.
        cast("list[tuple[bytes, bytes]]", self.scope["headers"]).clear()
