"""Real installations for the tests: each module gets its own, on ports of its own."""

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from hotline.asterisk.errors import AsteriskNotFoundError
from hotline.asterisk.locate import Install, locate
from hotline.demo.site import PortPlan, Site
from hotline.exchange import CHECKOUT_STATE
from tests.postgres_kit import databases

_BASES = itertools.count(31000, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folder of a test says what it needs."""
    for item in items:
        for name in ("asterisk", "browser", "install"):
            if name in item.path.parts:
                item.add_marker(name)


@pytest.fixture(scope="session")
def install() -> Install:
    """The Asterisk of this machine."""
    try:
        return locate(None, (CHECKOUT_STATE,))
    except AsteriskNotFoundError as error:
        pytest.fail(f"these tests need Asterisk: {error}")


@pytest.fixture(scope="module")
def state_dir() -> Iterator[Path]:
    """A folder with a short path that the service user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="ht-"))
    folder.chmod(0o755)
    yield folder
    if "KEEP_TEST_STATE" not in os.environ:
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(state_dir: Path, install: Install) -> AsyncIterator[Site]:
    """A prepared installation that does not run yet; whatever was started is stopped."""
    del install
    made = Site(state_dir, PortPlan.choose(next(_BASES)))
    await made.prepare(100, lambda _: None)
    yield made
    await made.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(site: Site) -> Site:
    """A running installation with carrier and phones."""
    await site.start()
    await site.ready()
    await site.start_carrier(answer_after=0.5)
    return site


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A PostgreSQL database of the newest schema, for one test."""
    with databases().fresh() as url:
        yield url
