"""Serves the built front end from ``agent_console/web/dist``.

Files under ``assets/`` carry a hash in their names and are cached for ever; everything else is
asked for anew each time.
"""

import os
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_NOT_BUILT: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Hotline console: not built</title></head>
<body><main>
<h1>控制台页面尚未构建 · The console's page was not built</h1>
<p>服务器运行正常，但缺少前端文件。</p>
<p>The server runs, but its front end is missing. Build it with:</p>
<pre>make setup</pre>
<p>or, in <code>agent_console/web</code>:</p>
<pre>npm ci &amp;&amp; npm run build</pre>
<p>and reload this page.</p>
</main></body></html>
"""


class Pages(StaticFiles):
    """The front end's files, with the caching that each of them bears."""

    def __init__(self, dist: Path) -> None:
        super().__init__(directory=dist, html=True, check_dir=False)
        self._index = dist / "index.html"

    async def check_config(self) -> None:
        """Miss nothing: a front end that is built later is served from then on."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file, or a page that says how to build it."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException:
            if path in {".", "index.html"} and not self._index.is_file():
                return HTMLResponse(_NOT_BUILT, 503)
            raise
        hashed = path.startswith(f"assets{os.sep}")
        response.headers["cache-control"] = _FOR_EVER if hashed else "no-cache"
        return response
