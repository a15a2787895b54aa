"""The bank's days: China's holidays, and flows that branch on the time."""

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

import dialplans
from hotline.cli import app
from hotline.doctor import calendar_findings
from hotline.settings import Settings
from ivr.errors import CalendarFileError, FlowFileError
from ivr.flow.calendar import Calendar, load_calendar
from ivr.flow.call import Call
from ivr.flow.effects import AskTime, KnowCaller
from ivr.flow.kinds.branch import BranchNode
from ivr.flow.kinds.set import SetNode
from ivr.flow.loader import load_flow
from ivr.flow.model import Flow, Goto
from ivr.testing import PlainReader

SHIPPED = load_calendar(Path(dialplans.__path__[0]) / "calendar.yaml")
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2026-01-01", "holiday"),
        ("2026-01-04", "workday"),  # a Sunday that is worked
        ("2026-02-14", "workday"),  # a Saturday that is worked
        ("2026-02-15", "holiday"),
        ("2026-02-23", "holiday"),
        ("2026-02-24", "workday"),
        ("2026-03-07", "weekend"),
        ("2026-10-07", "holiday"),
        ("2026-10-10", "workday"),
        ("2027-02-06", "holiday"),
        ("2027-03-01", "workday"),
    ],
)
def test_the_shipped_calendar(day: str, kind: str) -> None:
    assert SHIPPED.day(dt.date.fromisoformat(day)) == kind


def test_every_exchanged_workday_is_a_weekend_day() -> None:
    assert len(SHIPPED.workdays) == 6
    assert all(day.weekday() >= 5 for day in SHIPPED.workdays)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- x\n", ":1: the calendar maps years"),
        ('"2026": {feasts: [2026-01-01]}\n', ":1: 2026: accepted: holidays, workdays"),
        ('"2026":\n  holidays: [2026-13-01]\n', ":2: holidays: '2026-13-01' is no day"),
        ('"2026":\n  holidays:\n    - 2027-01-01\n', ":3: 2027-01-01 is not in 2026"),
        ('"2026":\n  holidays: [2026-01-03..2026-01-01]\n', "has -1 days"),
        ('"2026":\n  holidays: [{a: b}]\n', ":2: 2026, holidays: must be a list"),
        (
            '"2026": {holidays: [2026-01-01], workdays: [2026-01-01]}\n',
            "2026-01-01 is both a holiday and a workday",
        ),
    ],
)
def test_a_wrong_calendar_is_told_where(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "calendar.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CalendarFileError) as caught:
        load_calendar(file)
    assert words in str(caught.value)


def visit(node: BranchNode, at: str = "", **known: object) -> str:
    """Visit a branch; return where it leads."""
    call = Call(call_id="c", language="zh", default_queue="q", reader=PlainReader())
    for name, value in known.items():
        setattr(call, name, value)
    script = node.run(Flow(name="f", start="b", nodes={"b": node}), call)
    answer = None
    try:
        effect = next(script)
        while True:
            assert isinstance(effect, AskTime | KnowCaller)
            if isinstance(effect, AskTime):
                now = dt.datetime.fromisoformat(at).replace(tzinfo=SHANGHAI)
                answer = SHIPPED.moment(now)
            effect = script.send(answer)
    except StopIteration as stop:
        goto: Goto = stop.value
        return goto.target


@pytest.mark.parametrize(
    ("on", "case", "at", "holds"),
    [
        ("time", "09:00-17:30", "2026-03-02T09:00", True),
        ("time", "09:00-17:30", "2026-03-02T17:29", True),
        ("time", "09:00-17:30", "2026-03-02T17:30", False),
        ("time", "22:00-06:00", "2026-03-02T05:59", True),
        ("time", "18:00-24:00", "2026-03-02T23:59", True),
        ("weekday", "mon-fri", "2026-03-06T12:00", True),
        ("weekday", "mon-fri", "2026-03-07T12:00", False),
        ("weekday", "sat-mon", "2026-03-02T12:00", True),
        ("weekday", "sun", "2026-03-02T12:00", False),
        ("day", "holiday", "2026-10-01T12:00", True),
        ("day", "workday", "2026-10-10T12:00", True),
        ("day", "weekend", "2026-10-10T12:00", False),
    ],
)
def test_branches_on_the_time(on: str, case: str, at: str, holds: bool) -> None:
    node = BranchNode(on=on, cases={case: "yes"}, otherwise="no")  # type: ignore[arg-type] # literal
    assert visit(node, at) == ("yes" if holds else "no")


@pytest.mark.parametrize(
    ("on", "known"), [("segment", "gold"), ("language", "en"), ("verified", "pin"), ("topic", "x")]
)
def test_branches_on_what_is_known(on: str, known: str) -> None:
    node = BranchNode(on=on, cases={known: "yes"}, otherwise="no")  # type: ignore[arg-type] # literal
    assert visit(node, **{on: known}) == "yes"
    assert visit(node) == "no"


def test_a_value_that_was_set_is_branched_on() -> None:
    call = Call(call_id="c", language="zh", default_queue="q", reader=PlainReader())
    node = SetNode(values={"wish": "card"}, next="b")
    with pytest.raises(StopIteration) as stopped:
        next(node.run(Flow(name="f", start="s", nodes={"s": node}), call))
    assert stopped.value.value == Goto("b")
    branch = BranchNode(on="value", value="wish", cases={"card": "yes"}, otherwise="no")
    assert visit(branch, values=call.values) == "yes"
    assert visit(branch) == "no"
    with pytest.raises(ValueError, match="needs the field 'value'"):
        BranchNode(on="value", cases={"card": "yes"}, otherwise="no")


@pytest.mark.parametrize(
    ("on", "case", "words"),
    [
        ("day", "sunday", "accepted: workday, weekend, holiday"),
        ("verified", "yes", "accepted: none, number, pin"),
        ("time", "9-17", "write it like 09:00-17:30"),
        ("time", "09:00-09:00", "begins when it ends"),
        ("weekday", "mon-fre", "accepted: mon, tue"),
    ],
)
def test_a_case_that_never_holds_is_refused(
    tmp_path: Path, on: str, case: str, words: str
) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(
        f'start: b\nnodes:\n  b: {{kind: branch, on: {on}, otherwise: q, cases: {{"{case}": q}}}}'
        "\n  q: {kind: queue}\n"
    )
    with pytest.raises(FlowFileError) as caught:
        load_flow(file)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{file}:3: node 'b'")


def test_an_empty_calendar_follows_the_week() -> None:
    assert Calendar().day(dt.date(2026, 10, 1)) == "workday"
    assert Calendar().day(dt.date(2026, 10, 3)) == "weekend"


def test_the_simulator_takes_a_time(tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "main.yaml").write_text(
        "start: day\nnodes:\n"
        "  day: {kind: branch, on: day, cases: {workday: time}, otherwise: closed}\n"
        '  time: {kind: branch, on: time, cases: {"09:00-17:00": open}, otherwise: closed}\n'
        "  open: {kind: queue}\n  closed: {kind: hangup, prompts: [queue_closed]}\n"
    )
    settings = tmp_path / "hotline.toml"
    settings.write_text(f'state_dir = "{tmp_path}"\n[ivr]\nflows = "{flows}"\n')

    def end(at: str) -> str:
        words = ["--config", str(settings), "flow", "simulate", "--at", at]
        return CliRunner().invoke(app, words).output.splitlines()[-1]

    assert "queue at node open" in end("2026-10-10T10:00")
    assert "hangup at node closed" in end("2026-10-10T18:00")
    assert "hangup at node closed" in end("2026-10-01T10:00")
    wrong = CliRunner().invoke(app, ["flow", "simulate", "--at", "noon"])
    assert "write the time like" in wrong.output


def test_it_says_which_year_is_not_complete_when_that_matters() -> None:
    assert SHIPPED.years == {2026}
    assert SHIPPED.unknown_year(dt.date(2026, 10, 31)) is None
    assert SHIPPED.unknown_year(dt.date(2026, 11, 1)) == 2027
    assert SHIPPED.unknown_year(dt.date(2027, 1, 1)) == 2027
    assert Calendar().unknown_year(dt.date(2026, 1, 1)) == 2026


def test_a_provisional_year_is_said_by_true_or_false(tmp_path: Path) -> None:
    file = tmp_path / "calendar.yaml"
    file.write_text('"2027":\n  provisional: perhaps\n')
    with pytest.raises(CalendarFileError, match="accepted: true, false"):
        load_calendar(file)


@pytest.mark.parametrize(("known", "level"), [(2, "ok"), (0, "warning")])
def test_the_doctor_warns_of_a_calendar_that_runs_out(
    tmp_path: Path, known: int, level: str
) -> None:
    (tmp_path / "flows").mkdir()
    settings = Settings.model_validate({"ivr": {"flows": tmp_path / "flows"}})
    year = dt.datetime.now(settings.zone).year
    lines = [f'"{year + n}":\n  holidays: [{year + n}-01-01]\n' for n in range(known)]
    (tmp_path / "calendar.yaml").write_text("".join(lines) or f'"{year}": {{provisional: true}}\n')
    (found,) = calendar_findings(settings)
    assert (found.level, str(year) in found.detail) == (level, not known)
