"""A supervisor's browser without a page: signs in and asks the running console over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from hotline.demo.people import SUPERVISOR
from hotline.demo.site import HOST, Site


class Supervisor:
    """One signed-in supervisor."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, path: str, **query: str) -> Any:
        """Return the JSON answer."""
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def send(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Change something; return the JSON answer, if there is one."""
        answer = await self.http.request(method, path, json=body, **options)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


@asynccontextmanager
async def supervisor(site: Site) -> AsyncIterator[Supervisor]:
    """Sign the demo bank's supervisor in."""
    url = f"http://{HOST}:{site.plan.console}"
    async with httpx.AsyncClient(base_url=url, headers={"origin": url}, timeout=20) as http:
        who = {"login": SUPERVISOR.login, "password": SUPERVISOR.password}
        signed_in = await http.post("/api/session", json=who)
        assert signed_in.status_code == 200, signed_in.text
        http.headers["x-csrf-token"] = signed_in.json()["csrf"]
        yield Supervisor(http)
