"""The page stays small: what a browser has to fetch before the first call can be shown."""

from pathlib import Path

import pytest

from agent_console.config import WEB_DIST
from bench.console import AIM_BUNDLE, bundle


def test_the_page_is_small_enough() -> None:
    if not (Path(WEB_DIST) / "index.html").is_file():
        pytest.skip("the front end is not built; `make setup` builds it")
    assert 0 < bundle() <= AIM_BUNDLE


def test_a_page_that_is_not_built_has_no_size(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="not built"):
        bundle(tmp_path)
