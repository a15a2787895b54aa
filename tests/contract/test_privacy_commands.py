"""``hotline privacy``: a base is sealed, unsealed and sealed anew while it is there."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from crm_lookup import contact_tables
from crm_lookup.errors import WrongKeyError
from crm_lookup.sealing import Sealer, SealKey
from crm_lookup.sqlite import SqliteBank
from crm_lookup.testing import KEY, NOW, WANG, WANG_NUMBER, write_bank
from cti.callback_store import SqliteCallbacks
from cti.core.callbacks import Callback
from cti.core.ids import CallbackId, CallId, QueueName
from hotline import db
from hotline.cli import app
from hotline.privacy.convert import convert
from hotline.privacy.keys import load_keys, open_sealer
from hotline.settings import load_settings
from hotline.storage import callbacks
from tests.postgres_kit import databases, query

CANARIES: Final = (
    "王芳",
    WANG_NUMBER,
    "11010519850123002X",
    "世纪大道",
    "wangfang@",
    "canary note",
)
SEALED: Final = {
    "customers": "name, family_name",
    "customer_numbers": "number, sealed",
    "customer_details": "id_number, address, email",
    "customer_notes": "body",
}


class Site:
    """A state folder with the small bank, and settings that say whether it is sealed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "hotline.toml"
        self.seal(on=False)
        self.settings = load_settings(self.config, environ={})
        self.url = self.settings.database_url
        self.file = folder / "state" / "hotline.db"
        self.keys = folder / "state" / "seal-keys"
        db.upgrade(self.url)
        db.run_sync(self.url, fill_base)

    def seal(self, *, on: bool) -> None:
        self.config.write_text(
            f'state_dir = "{self.folder / "state"}"\n[privacy]\nseal = {str(on).lower()}\n',
            encoding="utf-8",
        )
        self.settings = load_settings(self.config, environ={})

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["--config", str(self.config), *words])

    def rows(self) -> dict[str, list[Any]]:
        with closing(sqlite3.connect(self.file)) as base:
            return {
                table: sorted(base.execute(f"SELECT customer_id, {columns} FROM {table}"), key=str)  # noqa: S608 - our own names
                for table, columns in SEALED.items()
            }

    def everything(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.file.parent.glob("hotline.db*"))


def fill_base(connection: sa.Connection) -> None:
    write_bank(connection)
    connection.execute(
        sa.insert(contact_tables.customer_notes).values(
            customer_id=WANG, at=NOW, author="1001", body="canary note"
        )
    )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_base_is_sealed_leaves_no_trace_and_comes_back(site: Site) -> None:
    before = site.rows()
    assert all(canary.encode() in site.everything() for canary in CANARIES)
    refused = site.run("privacy", "seal")
    assert refused.exit_code == 1
    assert "set privacy.seal = true and restart" in refused.output

    site.seal(on=True)
    done = site.run("privacy", "seal")
    assert done.exit_code == 0, done.output
    assert "free pages of the file are clean" in done.output
    assert site.keys.stat().st_mode & 0o777 == 0o600
    raw = site.everything()
    assert not [canary for canary in CANARIES if canary.encode() in raw]
    assert raw.count(b"sealed:") >= sum(len(rows) for rows in before.values())
    again = site.run("privacy", "seal")
    assert " 0 values written anew" in again.output

    assert site.run("privacy", "unseal").exit_code == 1
    site.seal(on=False)
    assert site.run("privacy", "unseal").exit_code == 0
    assert site.rows() == before


async def test_both_forms_are_read_while_a_run_is_interrupted(site: Site) -> None:
    site.seal(on=True)
    sealer = open_sealer(site.settings)

    def stop(done: int, _all: int) -> None:
        if done >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(site.url, sealer, progress=stop, pause=lambda _: None, batch=1)
    sealed = [row[1].startswith("sealed:") for row in site.rows()["customers"]]
    assert 0 < sum(sealed) < len(sealed)

    async def told(who: Sealer) -> list[Any]:
        async with await SqliteBank.open(
            site.file, key=KEY, clock=lambda: NOW, sealer=who
        ) as bank:
            found = [await bank.recognise(raw) for raw in (WANG_NUMBER, "010-62345678")]
            briefs = [await bank.brief(one.customer_id) for one in found[1].candidates]
            return [found, briefs, await bank.personal_digits(WANG)]

    half = await told(sealer)
    left = convert(site.url, sealer, pause=lambda _: None)
    assert left.values > 0
    assert await told(open_sealer(site.settings)) == half
    site.seal(on=False)
    assert await told(open_sealer(site.settings)) == half


def test_a_key_is_rotated_and_the_old_one_opens_nothing_more(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.cli.privacy.time.sleep", lambda _: None)
    site.seal(on=True)
    assert site.run("privacy", "seal").exit_code == 0
    (old,) = load_keys(site.keys)
    before = site.rows()
    done = site.run("privacy", "rotate-key")
    assert done.exit_code == 0, done.output
    (new,) = load_keys(site.keys)
    assert new.id != old.id
    after = site.rows()
    assert not {row[1] for row in before["customer_numbers"]} & {
        row[1] for row in after["customer_numbers"]
    }
    with pytest.raises(WrongKeyError, match=f"under key {new.id.hex()}"):
        convert(site.url, Sealer([old], seals=True))


async def test_a_running_service_learns_a_new_key(site: Site) -> None:
    keys = [SealKey(b"1" * 32)]
    running = Sealer(keys, seals=True, newer=lambda: keys)
    convert(site.url, Sealer(keys, seals=True), pause=lambda _: None)
    async with await SqliteBank.open(site.file, key=KEY, sealer=running) as bank:
        keys.insert(0, SealKey(b"2" * 32))
        convert(site.url, Sealer(keys, seals=True), pause=lambda _: None)
        found = await bank.recognise(WANG_NUMBER)
        assert found.customer_id == WANG
        held = await bank.held(WANG)
        assert held is not None
        assert held.name == "王芳"


def test_a_lost_key_is_said_clearly_and_nothing_is_changed(site: Site) -> None:
    site.seal(on=True)
    assert site.run("privacy", "seal").exit_code == 0
    before = site.rows()
    site.keys.write_text(f"{'ab' * 32}\n", encoding="ascii")
    for words in (["privacy", "seal"], ["customers", "lookup", WANG_NUMBER]):
        refused = site.run(*words)
        assert refused.exit_code == 1
        assert "key" in refused.output
    assert site.rows() == before
    site.keys.write_text("no key\n", encoding="ascii")
    assert "64 hexadecimal digits" in site.run("privacy", "seal").output


def test_the_audit_is_listed(site: Site) -> None:
    assert "no such line" in site.run("privacy", "audit", "list").output
    line = {
        "at": NOW,
        "actor": "wang",
        "role": "agent",
        "action": "unmask",
        "customer_id": WANG,
        "field": "phone",
        "level": "pin",
        "reason": "回拨客户",
        "call_id": "call-1",
        "outcome": "shown",
    }
    table = contact_tables.privacy_audit
    db.run_sync(site.url, lambda c: c.execute(sa.insert(table), [line, line | {"actor": "li"}]))
    found = json.loads(site.run("privacy", "audit", "list", "--actor", "wang", "--json").output)
    assert found == [{"audit_id": 1, **line}]
    shown = site.run("privacy", "audit", "list", "--customer", WANG).output
    assert "回拨" in shown
    assert "2026-06-21" in shown
    assert (
        json.loads(site.run("privacy", "audit", "list", "--customer", "X", "--json").output) == []
    )


def test_what_an_import_writes_is_sealed_and_found(site: Site) -> None:
    site.seal(on=True)
    assert site.run("privacy", "seal").exit_code == 0
    file = site.folder / "new.csv"
    file.write_text("id,name,mobile\nN1,钱进,13511112222\n", encoding="utf-8")
    mapping = site.folder / "new.yaml"
    mapping.write_text(
        "columns:\n  external_id: id\n  name: name\nnumbers:\n  - column: mobile\n",
        encoding="utf-8",
    )
    done = site.run("customers", "import", str(file), "--mapping", str(mapping))
    assert done.exit_code == 0, done.output
    raw = site.everything()
    assert "钱进".encode() not in raw
    assert b"+8613511112222" not in raw
    found = json.loads(site.run("customers", "lookup", "13511112222", "--json").output)
    assert [brief["name"] for brief in found["briefs"]] == ["钱**"]
    assert "held" not in found["briefs"][0]


def test_a_base_in_postgresql_is_sealed_and_opened(tmp_path: Path) -> None:
    keys = [SealKey(b"1" * 32)]
    with databases().fresh() as url:
        db.run_sync(url, fill_base)
        held = (
            "SELECT customer_id, number, sealed FROM customer_numbers ORDER BY customer_id, number"
        )
        before = query(url, held)
        sealed = convert(url, Sealer(keys, seals=True), pause=lambda _: None, batch=2)
        assert sealed.values > len(before)
        assert all(row[2].startswith("sealed:") for row in query(url, held))
        again = convert(url, Sealer(keys, seals=True), pause=lambda _: None)
        assert again.values == 0
        convert(url, Sealer(keys), pause=lambda _: None)
        assert query(url, held) == before


async def test_the_number_of_a_callback_is_sealed_as_well(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.cli.privacy.time.sleep", lambda _: None)
    asked = Callback(
        callback_id=CallbackId("b-1"),
        call_id=CallId("call-1"),
        journey_id=CallId("call-1"),
        queue=QueueName("service"),
        joined_at=NOW,
        asked_at=NOW,
        expires_at=NOW + 3600,
    )

    async def numbers() -> list[str]:
        return [kept.number for kept in await callbacks(site.settings).all()]

    await callbacks(site.settings).put(asked, WANG_NUMBER)
    site.seal(on=True)
    for command in ("seal", "rotate-key"):
        # The commands run an event loop of their own.
        done = await asyncio.to_thread(site.run, "privacy", command)
        assert done.exit_code == 0, done.output
        assert WANG_NUMBER.encode() not in site.everything()
        assert await numbers() == [WANG_NUMBER]
    later = msgspec.structs.replace(asked, callback_id=CallbackId("b-2"))
    await callbacks(site.settings).put(later, "+8613511112222")
    assert b"+8613511112222" not in site.everything()
    site.seal(on=False)
    assert (await asyncio.to_thread(site.run, "privacy", "unseal")).exit_code == 0
    assert sorted(await numbers()) == ["+8613511112222", WANG_NUMBER]
    assert (await SqliteCallbacks(site.file).all())[0].number == WANG_NUMBER
