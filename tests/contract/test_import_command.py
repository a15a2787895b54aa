"""``hotline customers import`` as an operator meets it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from crm_lookup.importing import run as run_module
from crm_lookup.importing.records import Note
from crm_lookup.importing.stage import Stage
from hotline import db
from hotline.cli import app
from hotline.doctor import examine
from hotline.importing import import_folder, open_sink
from hotline.settings import load_settings
from tests.contract.import_kit import MAPPING, line, write_file
from tests.postgres_kit import query


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "hotline.toml"
    file.write_text(f'state_dir = "{tmp_path / "state"}"\n[ami]\nsecret = "very-secret-word"\n')
    db.upgrade(load_settings(file).database_url)
    (tmp_path / "m.yaml").write_text(MAPPING, encoding="utf-8")
    write_file(tmp_path / "c.csv", [line(n) for n in range(50)])
    return file


def command(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["-c", str(config), *words])


def hotline(config: Path, *words: str) -> Result:
    return command(config, "customers", "import", *words)


def dies(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def said(result: Result) -> str:
    return " ".join(result.output.split())


def test_from_template_to_customers(config: Path) -> None:
    made = hotline(config, "c.csv", "--mapping-template")
    assert made.exit_code == 0
    Path("guess.yaml").write_text(made.stdout, encoding="utf-8")
    tried = hotline(config, "c.csv", "--mapping", "guess.yaml", "--dry-run")
    assert (tried.exit_code, "50 would be added" in said(tried)) == (0, True)
    done = hotline(config, "c.csv", "--mapping", "guess.yaml")
    assert done.exit_code == 0
    assert "50 added, 0 changed, 0 unchanged, 0 rejected" in said(done)
    again = hotline(config, "c.csv", "--mapping", "guess.yaml", "--json")
    found = json.loads(again.stdout)
    assert (found["counts"]["unchanged"], found["rejects"], found["dry_run"]) == (50, "", False)


def test_rejects_end_with_their_own_status_and_file(config: Path) -> None:
    write_file(Path("bad.csv"), [line(1), line(2, 手机="=1+1"), line(3, 手机="")])
    done = hotline(config, "bad.csv", "-m", "m.yaml")
    assert done.exit_code == 3
    assert "2 added, 0 changed, 0 unchanged, 1 rejected" in said(done)
    assert "why: bad.csv.rejects.csv" in said(done)
    assert '"3","手机","\'=** (4 characters)"' in Path("bad.csv.rejects.csv").read_text()


WRONG = (
    (("c.csv",), 2, "--mapping-template"),
    ((), 2, "give either a FILE"),
    (("c.csv", "--resume"), 2, "give either a FILE"),
    (("c.csv", "-m", "m.yaml", "--missing", "maybe"), 2, "write close or keep"),
    (("c.csv", "-m", "m.yaml", "--format", "ods"), 2, "write csv, xlsx or parquet"),
    (("none.csv", "-m", "m.yaml"), 1, "none.csv is no file"),
    (("c.csv", "-m", "none.yaml"), 1, "none.yaml cannot be read"),
    (("c.csv", "-m", "m.yaml", "--delimiter", ";"), 1, "no column '客户号'"),
    (("c.csv", "-m", "m.yaml", "--encoding", "ebcdic"), 1, "there are auto, utf-8"),
    (("c.csv", "-m", "m.yaml", "--encoding", "utf-16"), 1, "is no UTF-16 LE"),
    (("--resume",), 0, "nothing is unfinished"),
    (("--discard",), 0, "nothing is unfinished"),
    (("--status",), 0, "no import is unfinished"),
)


def test_what_cannot_be_done_is_said(config: Path) -> None:
    for words, status, expected in WRONG:
        found = hotline(config, *words)
        assert found.exit_code == status, (words, found.output)
        assert expected in said(found)


def test_an_unfinished_import_is_told_of_and_finished_first(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(config)

    monkeypatch.setattr(run_module, "_write", dies)
    assert hotline(config, "c.csv", "-m", "m.yaml").exit_code == 130
    monkeypatch.undo()
    monkeypatch.chdir(config.parent)
    status = hotline(config, "--status")
    assert "c.csv: 0 of 50 customers are in; finish it with" in said(status)
    shown = json.loads(hotline(config, "--status", "--json").stdout)
    assert (shown["running"], shown["stage_there"]) == (False, True)
    [warning] = [finding for finding in examine(settings) if finding.name == "Imports"]
    assert (warning.level, "0 of 50" in warning.detail) == ("warning", True)
    write_file(Path("more.csv"), [line(n) for n in range(49, 60)])
    done = hotline(config, "more.csv", "-m", "m.yaml")
    assert done.exit_code == 0
    assert "c.csv was interrupted when 0 of 50 customers were in" in said(done)
    assert "50 added" in said(done)
    assert "10 added, 0 changed, 1 unchanged" in said(done)
    assert [finding for finding in examine(settings) if finding.name == "Imports"] == []


def test_an_import_whose_stage_is_gone_says_so(config: Path) -> None:
    settings = load_settings(config)
    folder = import_folder(settings)
    folder.mkdir(parents=True)
    stage = Stage.make(folder)
    with open_sink(settings) as sink:
        note = {
            "stage": stage.path.name, "source": "c.csv", "digest": "", "started_at": 0.0,
            "counts": {}, "staged": 7,
            "plan": {"columns": [], "numbers": False, "holdings": False, "details": []},
        }  # fmt: skip
        sink.begin(msgspec.convert(note, Note))
    stage.remove()
    assert "its stage is gone" in said(hotline(config, "--status"))
    failed = hotline(config, "c.csv", "-m", "m.yaml")
    assert (failed.exit_code, "give the run up with --discard" in said(failed)) == (1, True)
    assert "gave up c.csv" in said(hotline(config, "--discard"))
    assert hotline(config, "c.csv", "-m", "m.yaml").exit_code == 0


def test_customers_go_into_postgresql_too(config: Path, postgres_url: str) -> None:
    text = config.read_text()
    config.write_text(f'{text}[database]\nurl = "{postgres_url}"\n')
    assert "50 added" in said(hotline(config, "c.csv", "-m", "m.yaml"))
    assert "50 unchanged" in said(hotline(config, "c.csv", "-m", "m.yaml", "--dry-run"))
    assert "no import is unfinished" in said(hotline(config, "--status"))
    assert query(postgres_url, "SELECT count(*) FROM customers") == [(50,)]


def test_an_import_into_a_sealed_base_is_found_and_keeps_the_keys_in_place(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(config.read_text() + "[privacy]\nseal = true\n")
    settings = load_settings(config)
    path = db.sqlite_path(settings.database_url)
    monkeypatch.setattr(run_module, "_write", dies)
    assert hotline(config, "c.csv", "-m", "m.yaml").exit_code == 130
    monkeypatch.undo()
    monkeypatch.chdir(config.parent)
    # Nobody may change the key under which the stage is sealed.
    refused = command(config, "privacy", "seal")
    assert (refused.exit_code, "c.csv is unfinished" in said(refused)) == (1, True)
    assert "50 added" in said(hotline(config, "--resume"))
    with closing(sqlite3.connect(path)) as database:
        names = {row[0] for row in database.execute("SELECT name FROM customers")}
        [(keys,)] = database.execute("SELECT value FROM crm_meta WHERE name = 'seal_keys'")
    assert all(name.startswith("sealed:") for name in names)
    assert keys
    assert command(config, "privacy", "seal").exit_code == 0
    found = json.loads(command(config, "customers", "lookup", "13800000001", "--json").stdout)
    assert "C0000001" in json.dumps(found)
    assert "50 unchanged" in said(hotline(config, "c.csv", "-m", "m.yaml"))


def test_the_page_about_it_is_right() -> None:
    page = Path(__file__).parents[2].joinpath("docs/customers-import.md").read_text("utf-8")
    from crm_lookup.importing.lines import ENCODINGS
    from crm_lookup.importing.mapping_model import Columns

    for name in (*Columns.__struct_fields__, *ENCODINGS[1:]):
        assert f"`{name}`" in page, name
