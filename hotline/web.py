"""Serving ASGI applications inside a role's process, and the health pages of roles without web."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Readiness = Callable[[], Mapping[str, bool]]


async def serve_until(
    stopped: asyncio.Event,
    app: Any,
    host: str,
    port: int,
    closing: Callable[[], Awaitable[None]] | None = None,
    **options: Any,
) -> None:
    """Serve ``app`` until ``stopped`` is set; ``options`` are uvicorn's.

    ``closing`` ends answers that would never end by themselves.

    uvicorn's own signal handling is left out: a process has one place for signals.
    Raises ``OSError`` when the address cannot be bound.
    """
    server = uvicorn.Server(
        uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False, **options)
    )
    serving = asyncio.create_task(_serve(server))
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    server.should_exit = True
    if closing is not None:
        await closing()
    await serving


async def _serve(server: uvicorn.Server) -> None:
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await server._serve()
    except SystemExit as error:  # uvicorn's way to say that it cannot bind; it has logged why
        message = f"cannot listen on {server.config.host}:{server.config.port}"
        raise OSError(message) from error


def health_app(readiness: Readiness, others: Readiness = dict) -> Starlette:
    """``/healthz``, ``/readyz`` (which part is not ready) and Prometheus ``/metrics``.

    ``others`` are told beside, and make nothing unready.
    """

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def readyz(_request: Request) -> Response:
        parts = dict(readiness())
        ready = all(parts.values())
        found: dict[str, Any] = {"ok": ready, "parts": parts}
        if told := dict(others()):
            found["others"] = told
        return JSONResponse(found, status_code=200 if ready else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ]
    )
