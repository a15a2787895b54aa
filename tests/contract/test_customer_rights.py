"""``hotline customers export|erase``: all that is held comes out; what is erased is gone."""

import asyncio
import json
import sqlite3
import wave
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from agent_console.store import DeskCall, FollowUp, SqlUserStore, SqlWorkStore, User
from crm_lookup.testing import LI, NOW, WANG, WANG_NUMBER
from cti.core import events as ev
from cti.core.callbacks import Callback
from cti.core.ids import CallbackId, CallId, CustomerId, QueueName
from cti.core.pseudonym import pseudonym
from cti.journal.sqlite import SqliteJournal
from hotline import db, voicemail
from hotline.accounts import async_engine
from hotline.asterisk.secrets import load_secrets
from hotline.cli import app
from hotline.storage import callbacks
from tests.contract.test_privacy_commands import CANARIES, Site, fill_base
from tests.postgres_kit import databases
from tests.postgres_kit import query as postgres

QUEUE: Final = QueueName("service")
CALLS: Final = {"call-wang": WANG, "call-li": LI}


def _events(call_id: str, customer_id: CustomerId, number: str) -> list[ev.DomainEvent]:
    call = CallId(call_id)
    return [
        ev.CallArrived(
            at=NOW,
            call_id=call,
            uniqueid=f"u-{call_id}",
            linkedid="l",
            dnis="95500",
            trunk="carrier",
            caller_pseudonym=number,
        ),
        ev.CallerRecognised(at=NOW, call_id=call, status="recognised", customer_id=customer_id),
        ev.VoicemailLeft(at=NOW + 9, call_id=call, seconds=5),
        ev.CallEnded(at=NOW + 10, call_id=call, cause=16, ended_by="caller"),
    ]


async def _fill(site: Site) -> None:
    key = bytes.fromhex(load_secrets(site.settings).pseudonym)
    journal = SqliteJournal.open(site.file)
    engine = async_engine(site.settings)
    work = SqlWorkStore(engine)
    await SqlUserStore(engine).add_user(
        User(login="wang", display_name="王", role="agent", password_hash="x", created_at=NOW)
    )
    for call_id, customer_id in CALLS.items():
        await journal.append(_events(call_id, customer_id, pseudonym(WANG_NUMBER, key)))
        await callbacks(site.settings).put(
            Callback(
                callback_id=CallbackId(f"b-{call_id}"),
                call_id=CallId(call_id),
                journey_id=CallId(call_id),
                queue=QUEUE,
                joined_at=NOW,
                asked_at=NOW,
                expires_at=NOW + 3600,
                customer_id=customer_id,
            ),
            WANG_NUMBER,
        )
        await work.note_call(
            DeskCall(
                **{"agent_id": "1001", "call_id": call_id, "queue": "service", "reason": ""},
                **{"verified": "pin", "caller": "王**", "number": "+86 138****8000"},
                customer_id=customer_id,
                connected_at=NOW,
            )
        )
        text = f"agent's note on {customer_id}"
        await work.save_work("1001", call_id, seq=1, note=text, draft="", now=NOW)
        await work.add_follow_up(
            FollowUp(
                **{"follow_up_id": call_id, "login": "wang", "kind": "task", "text": text},
                due_at=NOW,
                created_at=NOW,
                customer_id=customer_id,
            )
        )
    await journal.close()
    await engine.dispose()


@pytest.fixture(params=["plain", "sealed"])
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    site = Site(tmp_path)
    monkeypatch.setattr("hotline.privacy.customer.CANCEL_SECONDS", 0.0)  # no engine runs
    if request.param == "sealed":
        site.seal(on=True)
        assert site.run("privacy", "seal").exit_code == 0
    asyncio.run(_fill(site))
    folder = voicemail.folder(site.settings)
    folder.mkdir(parents=True)
    for call_id in CALLS:
        with wave.open(str(folder / f"{call_id}.wav"), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(bytes(16000))
    return site


def query(site: Site, text: str) -> Sequence[tuple[Any, ...]]:
    with closing(sqlite3.connect(site.file)) as base:
        return base.execute(text).fetchall()


def test_an_export_holds_all_in_clear_and_is_noted(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "wang.json"
    done = site.run("customers", "export", WANG, "--out", str(file))
    assert done.exit_code == 0, done.output
    assert file.stat().st_mode & 0o777 == 0o600
    told = file.read_text(encoding="utf-8")
    assert all(canary in told for canary in CANARIES)
    export = json.loads(told)
    held = export["held"]
    assert (export["schema"], export["customer_id"]) == ("hotline.customer/1", WANG)
    assert {line["call_id"] for line in held["journal"]} == {"call-wang"}
    assert [each["call_id"] for each in held["voicemails"]] == ["call-wang"]
    assert [each["number"] for each in held["callbacks"]] == [WANG_NUMBER]
    assert held["follow_ups"][0]["text"] == f"agent's note on {WANG}"
    assert {"accounts", "interactions", "cards", "card_bills", "consents"} <= held.keys()
    assert LI not in {row["customer_id"] for row in held["desk_calls"]}
    for secret in ("pin_hash", "number_hash", "sealed:"):
        assert secret not in told
    noted = json.loads(site.run("privacy", "audit", "list", "--json").output)
    assert [(line["action"], line["customer_id"]) for line in noted] == [("export", WANG)]
    again = site.run("customers", "export", WANG, "--out", str(file))
    assert "there already: name another file" in again.output
    assert "no customer 'X'" in site.run("customers", "export", "X", "-o", "none.json").output


def test_an_erased_customer_is_gone_and_the_journal_still_verifies(site: Site) -> None:
    before = {table: query(site, f"SELECT * FROM {table}") for table in ("journal", "customers")}  # noqa: S608 - our own names
    key = load_secrets(site.settings).pseudonym
    changes = query(site, "SELECT value FROM crm_meta WHERE name = 'changes'")
    refused = site.run("customers", "erase", WANG, "--reason", "x", "--yes")
    assert "at least four characters" in refused.output
    done = site.run("customers", "erase", WANG, "--reason", "request 4711", "--yes")
    assert done.exit_code == 0, done.output
    assert "2 notes of agents, 1 voicemails, 1 callbacks" in done.output

    verified = site.run("calls", "verify")
    assert verified.exit_code == 0, verified.output
    assert query(site, "SELECT * FROM journal") == before["journal"]
    assert load_secrets(site.settings).pseudonym != key
    assert query(site, "SELECT value FROM crm_meta WHERE name = 'changes'") != changes
    assert len(query(site, "SELECT * FROM customers")) == len(before["customers"]) - 1

    own = [canary for canary in CANARIES if canary not in (WANG_NUMBER,)]
    raw = site.everything()
    assert not [canary for canary in (*own, f"agent's note on {WANG}") if canary.encode() in raw]
    assert f"agent's note on {LI}".encode() in raw
    tables = [name for (name,) in query(site, "SELECT name FROM sqlite_master WHERE type='table'")]
    left = {}
    for table in tables:
        columns = [row[1] for row in query(site, f"PRAGMA table_info({table})")]
        if "customer_id" in columns:
            count = query(site, f"SELECT count(*) FROM {table} WHERE customer_id = '{WANG}'")  # noqa: S608 - our own names
            left[table] = count[0][0]
    assert {table: count for table, count in left.items() if count} == {"privacy_audit": 1}
    assert [path.stem for path in voicemail.folder(site.settings).glob("*.wav")] == ["call-li"]
    kept = asyncio.run(callbacks(site.settings).all())
    assert [each.callback.customer_id for each in kept] == [LI]

    looked = site.run("customers", "lookup", WANG_NUMBER)
    assert "no customer has this number" in looked.output
    (line,) = json.loads(site.run("privacy", "audit", "list", "--customer", WANG, "--json").output)
    assert (line["action"], line["outcome"], line["reason"]) == ("erase", "done", "request 4711")
    assert (
        "no customer" in site.run("customers", "erase", WANG, "--reason", "again", "--yes").output
    )


def test_an_erasure_asks_first(site: Site) -> None:
    rows = site.rows()
    refused = site.run("customers", "erase", WANG, "--reason", "request 4711")
    assert refused.exit_code == 1
    assert "(王**) for good?" in refused.output
    assert site.rows() == rows


def test_a_customer_in_postgresql_is_exported_and_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.privacy.customer.CANCEL_SECONDS", 0.0)
    file, out = tmp_path / "hotline.toml", tmp_path / "wang.json"
    with databases().fresh() as url:
        file.write_text(
            f'state_dir = "{tmp_path}"\n[database]\nurl = "{url}"\n[privacy]\nseal = true\n',
            encoding="utf-8",
        )
        db.run_sync(url, fill_base)

        def run(*words: str) -> str:
            done = CliRunner().invoke(app, ["--config", str(file), *words])
            assert done.exit_code == 0, done.output
            return done.output

        run("privacy", "seal")
        run("customers", "export", WANG, "--out", str(out))
        assert all(canary in out.read_text(encoding="utf-8") for canary in CANARIES)
        run("customers", "erase", WANG, "--reason", "request 4711", "--yes")
        run("calls", "verify")
        assert postgres(url, "SELECT 1 FROM customers WHERE customer_id = $1", WANG) == []
        assert postgres(url, "SELECT 1 FROM customer_notes WHERE customer_id = $1", WANG) == []
        assert postgres(url, "SELECT action FROM privacy_audit ORDER BY audit_id") == [
            ("export",),
            ("erase",),
        ]
