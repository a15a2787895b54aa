"""A visitor's softphone (baresip) signs in as a customer of the demo bank and phones in."""

import asyncio
import shutil
import subprocess
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from cti.core import events
from hotline import db
from hotline.demo.people import PASSWORD
from hotline.demo.site import HOST, Site
from hotline.demo_bank import DEMO_CUSTOMERS
from hotline.journal_reader import JournalReader

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

CUSTOMER = DEMO_CUSTOMERS[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def answering(site: Site) -> Site:
    await site.start()
    await site.ready()
    return site


def modules_dir() -> Path:
    found = sorted(Path("/usr/lib").glob("*/baresip/modules")) or [
        Path("/usr/lib/baresip/modules")
    ]
    return found[0]


@contextmanager
def softphone(folder: Path, site: Site, password: str) -> Iterator[None]:
    """baresip that signs in, dials 95500 and speaks silence."""
    folder.mkdir()
    with wave.open(str(folder / "silence.wav"), "wb") as silence:
        silence.setnchannels(1)
        silence.setsampwidth(2)
        silence.setframerate(8000)
        silence.writeframes(bytes(16000 * 30))
    server = f"{HOST}:{site.plan.sip}"
    account = CUSTOMER.number.removeprefix("+")
    (folder / "accounts").write_text(
        f"<sip:{account}@{server}>;auth_user={account};auth_pass={password};regint=60;"
        "audio_codecs=pcma\n"
    )
    (folder / "config").write_text(
        f"module_path {modules_dir()}\nsip_listen {HOST}:0\naudio_source aufile,"
        f"{folder / 'silence.wav'}\naudio_player aufile,{folder / 'heard.wav'}\n"
        "module g711.so\nmodule aufile.so\nmodule account.so\nmodule_app account.so\n"
        "module_app menu.so\nmodule stdio.so\n"
    )
    (folder / "contacts").write_text("")
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            ["baresip", "-f", folder, "-e", f"/dial sip:95500@{server}", "-t", "25"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


@pytest.mark.skipif(shutil.which("baresip") is None, reason="no baresip; `make setup` installs it")
async def test_a_softphone_is_the_customer_whose_account_it_uses(
    answering: Site, tmp_path: Path
) -> None:
    journal = JournalReader(db.sqlite_path(answering.settings.database_url)).refresh()
    with softphone(tmp_path / "phone", answering, PASSWORD):
        arrived = await journal.wait(events.CallArrived, 15)
        known = await journal.wait(events.CallerRecognised, 10, call_id=arrived.call_id)
        assert (arrived.trunk, arrived.dnis) == ("test", "95500")
        assert (known.status, known.customer_id) == ("recognised", CUSTOMER.customer_id)
        await journal.wait(
            events.MenuEntered, 20, call_id=arrived.call_id, where=lambda e: e.node == "main_menu"
        )
    await journal.wait(events.CallEnded, 30, call_id=arrived.call_id)


@pytest.mark.skipif(shutil.which("baresip") is None, reason="no baresip; `make setup` installs it")
async def test_a_wrong_password_gets_nothing(answering: Site, tmp_path: Path) -> None:
    journal = JournalReader(db.sqlite_path(answering.settings.database_url)).refresh()
    before = len(journal.of(events.CallArrived))
    with softphone(tmp_path / "phone", answering, "wrong-password"):
        await asyncio.sleep(5)
    assert len(journal.refresh().of(events.CallArrived)) == before
    assert "401" in (tmp_path / "phone/log").read_text(errors="replace")
