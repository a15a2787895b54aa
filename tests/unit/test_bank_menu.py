"""The shipped menu, walked to the end of every service in both languages over a bank in memory."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

import dialplans
from cti.core.routing import Window
from ivr import lengths
from ivr.config import IvrLimits
from ivr.flow import load
from ivr.flow.calendar import Moment, load_calendar
from ivr.flow.graph import mermaid
from ivr.flow.simulate import Line, Scenario, simulate
from ivr.prompt_ids import Language
from ivr.prompts import PromptCatalogue
from ivr.testing import MemoryBank, demo_bank, services, shipped_router
from ivr.testing_bank import demo_desk

FOLDER = Path(dialplans.__path__[0])
CATALOGUE = PromptCatalogue.load()
FLOWS = load(FOLDER / "flows", CATALOGUE)
HOURS = Window(9 * 60, 18 * 60)
CALENDAR = msgspec.structs.replace(
    load_calendar(FOLDER / "calendar.yaml"),
    hours={"workday": HOURS, "weekend": HOURS, "holiday": None},
)
ROUTER = shipped_router()


def at(text: str) -> Moment:
    return CALENDAR.moment(datetime.fromisoformat(text).replace(tzinfo=UTC))


MONDAY = at("2026-03-02T14:30")


def walk(
    keys: str,
    *,
    bank: MemoryBank | None = None,
    caller: str = "+8613800138000",
    moment: Moment = MONDAY,
    flow: str = "main",
    language: Language = "zh",
) -> list[Line]:
    bank = bank or demo_bank()
    scenario = Scenario(flow=flow, caller=caller, keys=keys, language=language)
    asked = msgspec.structs.replace(services(bank), reader=CATALOGUE, bank=demo_desk(bank))

    async def run() -> list[Line]:
        lines = simulate(scenario, FLOWS, asked, ROUTER, lambda: moment, CATALOGUE.spell)
        return [line async for line in lines]

    return asyncio.run(run())


def heard(lines: list[Line]) -> str:
    return " | ".join(line.text for line in lines if line.what == "hears")


def end(lines: list[Line]) -> str:
    return lines[-1].text


JOURNEYS = {
    "transactions, two pages": (
        "- 2 # 135790 1 0",
        "三月一日支出二百五十八元整，二月二十八日收入一万八千五百元整，二月二十七日支出九十九元整",
        "二月二十五日支出一千二百元五角，二月二十二日支出三十六元整",
    ),
    "credit card bill": (
        "- 3 1 # 135790 0",
        "尾号九九二幺的信用卡，本期账单金额是三千五百八十元整最低还款额是三百五十八元整",
        "还款日是二零二六年三月十二日，请您在还款日以前还款。",
    ),
    "new card on its way": (
        "- 3 2 # 135790 0",
        "您申请的信用卡已经寄出，预计送达日期是三月五日",
    ),
    "activation": ("- 3 3 # 135790 0", "尾号九九二幺的银行卡已经激活"),
    "loan": ("- 4 1 # 135790 0", "的住房贷款，下期应还金额是六千五百二十三元整还款日是"),
    "deposit": ("- 4 2 # 135790 0", "本金是五万元整到期日是二零二六年六月一日到期以后自动转存"),
    "limits": (
        "- 4 3 # 135790 0",
        "手机银行，单笔限额是五万元整每日限额是二十万元整，自动柜员机，单笔限额是一万元整",
    ),
    "exchange rates without a PIN": ("- 5 1 0", "一百美元，买入价是七百一十六元三角二分"),
    "deposit rates without a PIN": ("- 5 2 0", "一年定期百分之零点九五"),
    "branch": (
        "- 5 3 1001# 0",
        "周一到周五上午九点到下午五点三十分，星期六上午九点三十分到下午四点",
        "网点电话是零幺零六五零幺零零零幺",
    ),
    "no such branch": ("- 5 3 9999# 0", "没有查到这个网点。"),
    "new PIN, a weak one first": (
        "- 6 1 # 135790 123456 123456 204061 204061 0",
        "这个密码过于简单，请换一个密码。 | 请输入新的六位电话查询密码",
        "您的电话查询密码已经修改成功。",
    ),
    "statement": ("- 6 2 # 135790 1 0", "尾号零零幺八的活期账户，请按一", "对账单申请已经受理"),
    "complaint": ("- 6 3 1 2 0", "关于账户和交易，请按2", "您的投诉已经登记"),
    "lost card": (
        "- 7 1 # 135790 2 1 0",
        "尾号零零幺八的借记卡，请按一，尾号九九二幺的信用卡，请按二",
        "尾号九九二幺的银行卡已经挂失，受理编号是",
    ),
    "block cancelled": ("- 7 1 # 135790 1 2 0", "操作已经取消。"),
    "English transactions": (
        "9 2 # 135790 9 0",
        "On March first you paid two hundred fifty-eight yuan,",
    ),
    "English bill": (
        "9 3 1 # 135790 0",
        "the last bill is three thousand five hundred eighty yuan with a minimum payment of",
        "due on March twelfth twenty twenty-six",
    ),
    "English rates": ("9 5 2 0", "For one year, zero point nine five percent"),
    "English branch": (
        "9 5 3 1001# 0",
        "From Monday to Friday, from nine a.m. until five thirty p.m.",
    ),
    "English lost card": (
        "9 7 1 # 135790 1 1 0",
        "For your debit card ending in zero zero one eight press one",
        "Your card ending in zero zero one eight has been blocked. Your case number is",
    ),
}


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_is_heard_word_by_word_and_ends_with_a_person(name: str) -> None:
    keys, *words = JOURNEYS[name]
    lines = walk(keys)
    for expected in words:
        assert expected in heard(lines)
    assert end(lines).startswith("queue at node agent_now")
    assert "failed" not in " ".join(line.text for line in lines if line.what == "service")


def test_no_recording_is_so_long_that_a_frozen_menu_holds_its_caller() -> None:
    """Asterisk takes the caller back after the recording and the guard: 12 s in all."""
    seconds = lengths.read(FOLDER / "sounds")
    longest = 12.0 - IvrLimits().guard - 0.2
    assert len(seconds) > 600
    assert [key for key, length in seconds.items() if length > longest] == []


def test_the_shipped_flows_know_the_greeting_of_each_part_of_the_day() -> None:
    for hour, greeting in (("09:00", "早上好"), ("14:00", "下午好"), ("03:00", "晚上好")):
        assert greeting in heard(walk("- 0", moment=at(f"2026-03-02T{hour}")))


def test_after_the_pin_the_greeting_knows_the_person_and_before_it_nobody() -> None:
    before = heard(walk("- 1 # 111111 111111 111111"))
    assert "尊敬的" not in before
    assert "尊敬的金卡客户，您好。" in heard(walk("- 1 # 135790 0"))


@pytest.mark.parametrize(
    ("keys", "moment", "expected"),
    [
        ("- 0 -", "2026-03-02T20:00", "hangup at node bye"),
        ("- 0 2", "2026-03-02T20:00", "voicemail at node message"),
        ("- 0 2", "2026-10-01T10:00", "voicemail at node message"),
        ("- 0", "2026-10-10T10:00", "queue at node agent_now"),  # a Saturday that is worked
        ("- 7 0", "2026-10-01T03:00", "queue at node agent_now"),
        ("- 7 3", "2026-03-02T23:00", "queue at node agent_now"),
        ("- 0 1 3", "2026-03-02T23:00", "queue at node agent_now"),
    ],
)
def test_out_of_hours_lost_cards_and_fraud_still_have_a_person(
    keys: str, moment: str, expected: str
) -> None:
    lines = walk(keys, moment=at(moment))
    assert end(lines).startswith(expected)
    assert "failed" not in end(lines)


def test_fraud_goes_before_everybody_in_the_queue() -> None:
    assert "HOTLINE_PRIORITY=60" in end(walk("- 7 3", caller=""))
    assert "HOTLINE_REASON=fraud" in end(walk("- 7 3", caller=""))
    assert "HOTLINE_PRIORITY=0" in end(walk("- 0", caller=""))


def test_an_emergency_block_sounds_the_same_for_every_number_that_is_keyed() -> None:
    real = walk("- 7 2 6222020000000018# 1 9 0")
    other = walk("- 7 2 6222020000099999# 1 9 0", caller="")
    assert heard(real) == heard(other)
    assert "这个卡号已经登记紧急止付" in heard(real)


def test_whom_the_number_names_changes_nothing_audible_before_the_pin() -> None:
    for keys in ("- 2 # 111111 111111 111111", "- 7 1 # - -", "- 5 1 2 9 4 1 * #", "- 6 3 2 0"):
        known, stranger = walk(keys), walk(keys, caller="+8613999999999")
        assert heard(known) == heard(stranger)


def test_wrong_locked_and_unknown_sound_alike() -> None:
    locked = demo_bank()
    locked.locked.add(next(iter(locked.pin_codes)))
    card = "6222020000000018#"
    wrong = walk(f"- 2 {card} 111111 222222 333333")
    assert heard(walk(f"- 2 {card} 135790 135790 135790", bank=locked)) == heard(wrong)
    assert heard(walk("- 2 6222020000099999# 135790 135790 135790")) == heard(wrong)
    assert "输错的次数过多" in heard(wrong)
    assert end(wrong).startswith("queue")


def test_a_failing_bank_is_an_apology_and_a_person() -> None:
    bank = demo_bank()

    class Down:
        async def ask(self, service: str, facts: object) -> None:
            raise RuntimeError("down")

    scenario = Scenario(flow="main", caller="", keys="- 5 1")
    asked = msgspec.structs.replace(services(bank), reader=CATALOGUE, bank=Down())

    async def run() -> list[Line]:
        lines = simulate(scenario, FLOWS, asked, ROUTER, lambda: MONDAY, CATALOGUE.spell)
        return [line async for line in lines]

    lines = asyncio.run(run())
    assert "暂时无法为您办理这项业务。 | 正在为您转接人工服务" in heard(lines)
    assert end(lines).startswith("queue")


@pytest.mark.parametrize(
    ("keys", "score"), [("5", "score:5"), ("9 1", "score:1"), ("", ""), ("7 8", "")]
)
def test_the_survey_keeps_one_score_or_none(keys: str, score: str) -> None:
    lines = walk(keys, flow="survey")
    told = [line.text for line in lines if "SurveyAnswered" in line.text]
    assert [text.split(",")[-1] for text in told] == ([score] if score else [])
    assert end(lines).startswith("hangup")


def test_parts_are_drawn_and_begin_no_call() -> None:
    for name in ("identify", "accounts", "cards", "loans", "rates", "lost", "services"):
        assert FLOWS.flows[name].exits
        assert "flowchart" in mermaid(FLOWS.flows[name])
    assert not FLOWS.flows["main"].exits
