"""Reports and plots of the page: who may read them, what they say, and their files."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from python_calamine import CalamineWorkbook

from agent_console.report_messages import DayPlots, ReportTable
from cti.core.ids import QueueName
from cti.history.figures import Figures, GroupKey, NodeKey, QueueKey
from hotline import plots
from hotline.report_words import UNKNOWN
from tests.report_kit import WORDS, ZONE, StoredFigures, busy_weeks, made_reports
from tests.unit.console_kit import Browser, Kit

NOW = datetime(2026, 3, 4, 10, 20, tzinfo=ZONE)  # a Wednesday
SERVICE, VIP = QueueName("service"), QueueName("vip")


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path / "dist")
    await kit.add("wang", "1001")
    await kit.add("boss", None)
    kit.figures.stored = lambda: busy_weeks(kit.clock())
    async with kit.running():
        yield kit


async def signed_in(kit: Kit, login: str) -> Browser:
    made = kit.browser()
    await made.sign_in(login)
    return made


def span(kit: Kit, days: int = 5, **more: str) -> dict[str, str]:
    last = datetime.fromtimestamp(kit.clock(), ZONE)
    first = last - timedelta(days=days - 1)
    return {"first": f"{first:%Y-%m-%d}", "last": f"{last:%Y-%m-%d}", **more}


async def test_reports_have_their_words_units_and_lines(kit: Kit) -> None:
    boss = await signed_in(kit, "boss")
    asked = await boss.http.get("/api/reports", params=span(kit, what="topics", by="whole"))
    assert asked.status_code == 200
    found = msgspec.json.decode(asked.content, type=ReportTable)
    titles = {line.name: line.title.en for line in found.lines}
    assert titles == {name: text.en for name, text in WORDS["topics"].items()}
    units = {column.name: column.unit for column in found.columns}
    assert units["calls"] == "count"
    assert (units["service_level"], units["asa"], units["mean_score"]) == (
        *("share", "seconds", "number"),
    )
    assert all(len(line.values) == len(found.columns) for line in found.lines)
    assert found.lines[0].start.endswith("T00:00")


async def test_a_long_report_shows_its_newest_lines(kit: Kit) -> None:
    boss = await signed_in(kit, "boss")
    asked = await boss.http.get("/api/reports", params=span(kit, what="nodes", by="quarter"))
    found = msgspec.json.decode(asked.content, type=ReportTable)
    assert len(found.lines) == 1000 < found.size
    assert found.lines[0].start < found.lines[-1].start


@pytest.mark.parametrize(
    ("language", "title", "name"), [("zh", "客户等级", "金卡客户"), ("en", "Segment", "Gold")]
)
async def test_files_speak_the_readers_language(
    kit: Kit, tmp_path: Path, language: str, title: str, name: str
) -> None:
    boss = await signed_in(kit, "boss")
    ask = span(kit, what="segments", by="whole", language=language)
    text = await boss.http.get("/api/reports/file", params={**ask, "format": "csv"})
    assert text.headers["content-type"].startswith("text/csv")
    assert text.headers["content-disposition"].endswith('.csv"')
    lines = text.content.decode("utf-8-sig").splitlines()
    assert lines[0].split(",")[1] == title
    assert name in {line.split(",")[1] for line in lines[1:]}
    book = await boss.http.get("/api/reports/file", params={**ask, "format": "xlsx"})
    (tmp_path / "r.xlsx").write_bytes(book.content)
    sheet = CalamineWorkbook.from_path(str(tmp_path / "r.xlsx")).get_sheet_by_index(0).to_python()
    assert sheet[0] == lines[0].split(",")
    assert len(sheet) == len(lines)


@pytest.mark.parametrize(
    "wrong",
    [
        {"last": "2001-03-01"},
        {"first": "2026-02-30", "last": "2026-03-01"},
        {"first": "2026-03-02", "last": "2026-03-01"},
        {"first": "2020-01-01", "last": "2026-03-01"},
        {"first": "2026-02-20", "last": "2026-03-01", "by": "quarter"},
        {"first": "2026-03-01", "last": "2026-03-01", "by": "year"},
        {"first": "2026-03-01", "last": "2026-03-01", "what": "customers"},
    ],
)
async def test_what_cannot_be_reported_is_refused(kit: Kit, wrong: dict[str, str]) -> None:
    boss = await signed_in(kit, "boss")
    for path in ("/api/reports", "/api/reports/file"):
        assert (await boss.http.get(path, params=wrong)).status_code == 400


@pytest.mark.parametrize("path", ["/api/reports", "/api/reports/file", "/api/plots"])
async def test_agents_are_refused(kit: Kit, path: str) -> None:
    wang = await signed_in(kit, "wang")
    assert (await wang.http.get(path, params=span(kit))).status_code == 403
    assert (await kit.browser().http.get(path)).status_code == 401


async def test_plots_come_over_http(kit: Kit) -> None:
    boss = await signed_in(kit, "boss")
    asked = await boss.http.get("/api/plots", params={"queue": "vip"})
    found = msgspec.json.decode(asked.content, type=DayPlots)
    assert found.arrivals.days == 8
    assert found.funnel.calls == sum(
        getattr(found.funnel, name)
        for name in ("solved", "messages", "hung_up", "reached", "gave_up", "turned_away")
    )


def at(day: int, hour: int, minute: int = 0) -> int:
    """Return a moment ``day`` days before the Wednesday."""
    when = (NOW - timedelta(days=day)).replace(hour=hour, minute=minute, second=0)
    return int(when.timestamp())


async def pictures(figures: Figures, queue: str = "") -> DayPlots:
    return await made_reports(NOW.timestamp, StoredFigures(figures)).day_plots(queue)


async def test_an_empty_day_is_told_as_empty() -> None:
    found = await pictures(Figures())
    assert (found.arrivals.days, found.arrivals.middle, sum(found.scores)) == (0, (), 0)
    assert set(found.waiting.service_level) == {None}
    assert (found.funnel.calls, found.funnel.losses, found.offers) == (0, (), ())
    assert sum(bar.answered + bar.abandoned for bar in found.waits) == 0


async def test_arrivals_stand_beside_the_same_weekdays() -> None:
    figures = Figures()
    for week, calls in enumerate((10, 20, 30, 40, 50), start=1):
        figures.group(GroupKey(at(7 * week, 9), "all", "")).arrived = calls
    figures.group(GroupKey(at(1, 9), "all", "")).arrived = 999  # a Tuesday
    figures.group(GroupKey(at(63, 9), "all", "")).arrived = 999  # nine weeks ago
    figures.group(GroupKey(at(0, 9), "all", "")).arrived = 33
    found = (await pictures(figures)).arrivals
    assert found.days == 5
    assert (found.low[36], found.middle[36], found.high[36]) == (14.0, 30.0, 46.0)
    assert (found.today[36], found.today[40], found.today[41]) == (33, 0, None)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([5.0], 0.1, 5.0), ([0.0, 10.0], 0.9, 9.0), ([3.0, 1.0, 2.0], 0.5, 2.0)],
)
def test_quantiles_lie_between_neighbours(
    values: Sequence[float], share: float, expected: float
) -> None:
    assert plots.quantile(values, share) == pytest.approx(expected)


async def test_waits_and_levels_are_of_the_queue_that_was_asked_for() -> None:
    figures = Figures()
    for queue, seconds in ((SERVICE, 5.0), (SERVICE, 25.0), (VIP, 700.0)):
        figures.waited(at(0, 9), queue, "answered", seconds)
        figures.queue(QueueKey(at(0, 9), queue)).waiting_ms += int(seconds * 1000)
    figures.waited(at(0, 9), VIP, "abandoned", 5.2)
    every, vip = await pictures(figures), await pictures(figures, "vip")
    assert every.waiting.mean_waiting[36] == pytest.approx(730 / 900, abs=0.001)
    assert every.waiting.service_level[35:40] == (None, 1 / 4, 1 / 4, 1 / 4, 1 / 4)
    assert every.waiting.service_level[40] is None
    assert vip.waiting.service_level[36] == 0.0
    assert [(bar.over, bar.answered, bar.abandoned) for bar in every.waits] == [
        *((0, 1, 0), (5, 0, 1), (10, 0, 0), (20, 1, 0), (30, 0, 0), (60, 0, 0)),
        *((120, 0, 0), (300, 0, 0), (600, 1, 0)),
    ]
    assert [bar.answered for bar in vip.waits] == [0] * 8 + [1]


async def test_the_funnel_names_where_callers_hung_up() -> None:
    figures = Figures()
    row = figures.group(GroupKey(at(0, 9), "all", ""))
    row.calls, row.solved, row.hung_up, row.reached = 10, 4, 3, 3
    for node, hung_up in (("pin", 2), ("odd", 1), ("balance", 0)):
        of_node = figures.node(NodeKey(at(0, 9), "main", node))
        of_node.entered, of_node.hung_up = 5, hung_up
    found = (await pictures(figures)).funnel
    assert (found.calls, found.solved) == (10, 4)
    assert [(each.title.en, each.hung_up) for each in found.losses] == [
        *(("PIN check", 2), ("odd", 1)),
    ]


async def test_offers_are_by_segment_the_best_first() -> None:
    figures = Figures()
    for name, told in (("", 1), ("silver", 2), ("gold", 3), ("standard", 0)):
        figures.group(GroupKey(at(0, 9), "segment", name)).offers_presented = told
    found = (await pictures(figures)).offers
    assert [each.title.en for each in found] == ["Gold", "Silver", UNKNOWN.en]


async def test_scores_are_of_today_and_of_four_weeks() -> None:
    figures = Figures()
    for day in (0, 1, 28, 29):
        figures.group(GroupKey(at(day, 9), "all", "")).score_5 = 1
    found = await pictures(figures)
    assert (found.scores, found.scores_before) == ((0, 0, 0, 0, 1), (0, 0, 0, 0, 2))


async def test_many_watchers_cost_one_reading() -> None:
    reader = StoredFigures(Figures())
    now = [NOW.timestamp()]
    made = made_reports(lambda: now[0], reader)
    await made.day_plots("")
    first = len(reader.asked)
    assert first == 10, "today, eight weekdays, four weeks"
    await made.day_plots("vip")
    assert len(reader.asked) == first
    now[0] += 60
    await made.day_plots("")
    assert len(reader.asked) == first + 1, "earlier days are read once a day"
