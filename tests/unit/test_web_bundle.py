"""The page stays small: what a browser has to fetch before the first call can be shown."""

import gzip
from pathlib import Path

import pytest

from agent_console.config import WEB_DIST

MOST = 250 * 1024


def test_the_page_is_small_enough() -> None:
    files = [path for path in Path(WEB_DIST).rglob("*") if path.suffix in (".js", ".css", ".html")]
    if not files:
        pytest.skip("the front end is not built; `make setup` builds it")
    assert 0 < sum(len(gzip.compress(path.read_bytes())) for path in files) <= MOST
