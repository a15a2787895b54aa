"""Imports that ``kill -9`` ends at random moments."""

import os
import random
import signal
import traceback
from pathlib import Path

import msgspec
import pytest

from crm_lookup.importing import checking
from crm_lookup.importing import run as run_module
from crm_lookup.importing.errors import ImportingError
from crm_lookup.importing.records import Note
from crm_lookup.importing.run import discard, resume
from tests.contract.import_kit import DESKS, Desk, SqliteDesk, desk_of, line, write_file


def killed(desk: Desk, file: Path, events: int, delay: float) -> str:
    """Import in a process that is killed ``delay`` after so many steps; return where it was."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reading)

            def tell(step: str, _done: int, _all: int) -> None:
                os.write(writing, step[:1].encode())

            with desk.sink() as sink:
                resume(sink, folder=desk.folder, pause=lambda _s: None, progress=tell)
            desk.run(file, progress=tell)
            os.write(writing, b"e")
        except BaseException:  # noqa: BLE001 - the child has nobody else to tell
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    heard = b""
    with open(reading, "rb", buffering=0) as pipe:
        while len(heard) < events and (more := pipe.read(1)):
            heard += more
        signal.sigtimedwait([], delay)  # nothing is waited for but the time
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        heard += pipe.read()
    return "ended" if heard.endswith(b"e") else {b"c": "checking", b"w": "writing"}[heard[-1:]]


@pytest.mark.parametrize("kind", DESKS)
def test_interrupted_runs_end_as_an_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(checking, "BATCH", 100)
    monkeypatch.setattr(run_module, "_FIRST", 20)
    monkeypatch.setattr(run_module, "_MOST", 60)
    rng = random.Random(20260701)  # noqa: S311 - places to be killed at
    old = write_file(tmp_path / "old.csv", [line(n) for n in range(600)])
    changes = [line(n, 地址="上海", 产品="") if n % 3 else line(n) for n in range(100, 900)]
    new = write_file(tmp_path / "new.csv", [*changes, line(5_000, 等级="?")])
    with desk_of(kind, tmp_path / "calm") as calm, desk_of(kind, tmp_path / "torn") as torn:
        calm.run(old)
        torn.run(old)
        before = torn.content()
        calm.run(new)
        where: list[str] = []
        while len(where) < 40 and "ended" not in where:
            where.append(killed(torn, new, rng.randrange(1, 25), rng.random() * 0.003))
            if where[-1] == "checking" and "writing" not in where:
                assert torn.content() == before  # nothing has happened
            nobody_is_half_in(torn)
        assert {"checking", "writing", "ended"} == set(where), where
        assert torn.content() == calm.content() != before
        assert torn.run(new).counts.unchanged == 800
        assert [path.name for path in torn.folder.iterdir()] == ["lock"]


def nobody_is_half_in(desk: Desk) -> None:
    """Who has the new address has the new products too, and a telephone."""
    assert desk.rows(
        "SELECT d.customer_id FROM customer_details AS d WHERE d.address = '上海' AND "
        "(EXISTS (SELECT 1 FROM holdings AS h WHERE h.customer_id = d.customer_id) OR NOT EXISTS "
        "(SELECT 1 FROM customer_numbers AS n WHERE n.customer_id = d.customer_id))"
    ) == []  # fmt: skip


def test_an_unfinished_run_can_be_resumed_or_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "_FIRST", 20)
    monkeypatch.setattr(run_module, "_MOST", 20)
    desk = SqliteDesk(tmp_path)
    file = write_file(tmp_path / "c.csv", [line(n) for n in range(100)])
    while killed(desk, file, 4, 0.0) != "writing":
        pass
    with desk.sink() as sink:
        note = sink.unfinished()
        assert isinstance(note, Note)
        assert (note.source, note.staged) == ("c.csv", 100)
        assert 0 < note.done < 100
        assert len(desk.rows("SELECT 1 FROM customers")) == note.done
        with pytest.raises(ImportingError, match="finish it first"):
            desk.run(file)
        assert desk.run(file, dry_run=True).counts.added == 100 - note.done
        stage = desk.folder / note.stage
        assert stage.stat().st_mode & 0o777 == 0o600
        hidden = stage.rename(desk.folder / "hidden")
        with pytest.raises(ImportingError, match="--discard"):
            resume(sink, folder=desk.folder)
        hidden.rename(stage)
        sound = stage.read_bytes()
        for damage in (sound[:4096], sound[: len(sound) // 2] + b"x" * (len(sound) // 2)):
            stage.write_bytes(damage)
            with pytest.raises(ImportingError, match="--discard"):
                resume(sink, folder=desk.folder, pause=lambda _s: None)
        stage.write_bytes(sound)
        sealed = msgspec.structs.replace(note, sealed_under="0a0b")
        sink.begin(sealed)  # a key that was thrown away since: nobody could open what it sealed
        with pytest.raises(ImportingError, match="sealed under key 0a0b"):
            resume(sink, folder=desk.folder)
        sink.begin(note)
        found = resume(sink, folder=desk.folder, pause=lambda _s: None)
        assert found is not None
        assert (found.resumed, found.counts.added) == (True, 100)
        assert len(desk.rows("SELECT 1 FROM customers")) == 100
        assert resume(sink, folder=desk.folder) is None
        sink.begin(note)
        assert discard(sink, folder=desk.folder) == note
        assert discard(sink, folder=desk.folder) is None
