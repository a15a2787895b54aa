"""A customer, calls and target groups as the browser tests show them: full, in both languages."""

import time
from collections.abc import Sequence
from typing import Any

from agent_console.messages import (
    CandidateCard,
    Choice,
    CustomerCard,
    CustomerInteraction,
    OpenCase,
    PersonalLine,
    Pop,
    ProbableNeed,
    RankedOffer,
    SatisfactionCard,
    ScoreCard,
)
from agent_console.rest_messages import (
    CustomerGroup,
    GroupExport,
    GroupFields,
    GroupWord,
)
from agent_console.store.knowledge_model import StoredArticle
from crm_lookup.model import Text
from crm_lookup.target_words import NUMBERS, VALUES, WORDS

DAY = 86_400.0


def pop(call_id: str = "c1", **changes: Any) -> Pop:
    now = time.time()
    fields: dict[str, Any] = {
        "call_id": call_id,
        "phase": "ringing",
        "queue": "vip",
        "reason": "card",
        "menu_path": ("main", "card", "card_bill", "agent"),
        "route": (Text("客户上次由您接待", "You served this customer last time"),),
        "verified": "number",
        "number": "+86 138****8000",
        "queued_at": now - 38,
        "raised_at": now,
    }
    return Pop(**{**fields, **changes})


def card() -> CustomerCard:
    now = time.time()
    return CustomerCard(
        customer_id="C0001",
        name="王**",
        phone="+86 138****8000",
        segment="diamond",
        segment_reason=Text(
            zh="金融资产连续 12 个月超过 600 万元", en="Assets above 6 million for 12 months"
        ),
        language="zh",
        customer_since="2011-05-18",
        products=(
            Text(zh="活期账户", en="Current account"),
            Text(zh="信用卡（白金）", en="Platinum credit card"),
            Text(zh="手机银行", en="Mobile banking"),
        ),
        balance_band=Text(zh="500万元以上", en="Above 5 million"),
        flags=("complaint",),
        relationship_manager="赵敏",
        interactions=_interactions(now),
        needs=(
            ProbableNeed(
                need="bill_due",
                title=Text(zh="信用卡还款", en="Credit card payment"),
                reason=Text(zh="账单 3 天后到期", en="The bill is due in 3 days"),
                weight=80,
                topic="card",
            ),
        ),
        satisfaction=SatisfactionCard(last=4, last_at=now - 2 * DAY, mean=3.0, count=2),
        cases=(
            OpenCase(
                case_id="K1",
                kind="complaint",
                status="open",
                subject=Text(zh="对年费收取有异议", en="Disputes the yearly fee"),
                opened_at=now - 3 * DAY,
                due_at=now + 2 * DAY,
            ),
        ),
        offers=_OFFERS,
        personal=(
            PersonalLine(field="name", shown="王晓明"),
            PersonalLine(field="phone", shown="+86 138****8000", on_request=True),
            PersonalLine(field="id_number", shown="****2X"),
            PersonalLine(field="address", shown="上海市****", on_request=True),
        ),
        scores=_SCORES,
        services=(
            Text(zh="优先接入人工", en="Ahead in the queue"),
            Text(zh="可减免一次年费", en="One yearly fee may be waived"),
        ),
    )


def _interactions(now: float) -> tuple[CustomerInteraction, ...]:
    return (
        CustomerInteraction(
            at=now - 2 * DAY,
            channel="phone",
            summary=Text(zh="咨询年费减免，已答复", en="Asked about the fee, answered"),
            satisfaction=4,
        ),
        CustomerInteraction(
            at=now - 9 * DAY,
            channel="branch",
            summary=Text(zh="续存三年期定期", en="Renewed a three-year deposit"),
        ),
        CustomerInteraction(
            at=now - 30 * DAY,
            channel="app",
            summary=Text(zh="申请临时提高信用卡额度", en="Asked for a higher card limit"),
            satisfaction=2,
        ),
    )


_OFFERS = (
    RankedOffer(
        offer_id="term_deposit",
        title=Text(zh="三年期大额存单", en="Three-year certificate of deposit"),
        reason=Text(zh="活期余额已闲置 90 天", en="The balance has been idle for 90 days"),
        script=Text(
            zh="您账户里有一笔资金一直是活期，存成大额存单每年可以多拿不少利息，需要我为您介绍一下吗？",
            en="Part of your balance earns next to nothing. A certificate would pay more each "
            "year; may I tell you about it?",
        ),
        chance=0.62,
        worth=480.0,
    ),
    RankedOffer(
        offer_id="fund",
        title=Text(zh="基金定投", en="Monthly fund savings plan"),
        reason=Text(
            zh="每月有工资入账，相似客户中 41% 已办理",
            en="A salary comes in each month; 41 % of similar customers have one",
        ),
        script=Text(zh="您可以从每月 500 元开始。", en="You can begin with CNY 500 a month."),
        chance=0.41,
        worth=210.0,
    ),
    RankedOffer(
        offer_id="insurance",
        title=Text(zh="家庭保障保险", en="Family insurance"),
        reason=Text(zh="有住房贷款且未投保", en="A mortgage, and no insurance yet"),
        script=Text(zh="为家人加一份保障。", en="A little safety for the family."),
        chance=0.18,
        worth=90.0,
    ),
)


def _score(name: str, title: Text, value: Text, *reasons: Text) -> ScoreCard:
    return ScoreCard(score=name, title=title, value=value, reasons=reasons)


_SCORES = (
    _score(
        "profit",
        Text(zh="创造利润", en="Profit created"),
        Text(zh="每年 8,640 元", en="CNY 8,640 a year"),
        Text(zh="存款 712,000 元", en="CNY 712,000 on accounts"),
    ),
    _score(
        "potential",
        Text(zh="潜在利润", en="Potential profit"),
        Text(zh="每年 11,900 元", en="CNY 11,900 a year"),
        Text(zh="相似客户中 62% 持有定期存款", en="62 % of similar customers hold: Term deposit"),
    ),
    _score(
        "loyalty",
        Text(zh="忠诚度", en="Loyalty"),
        Text(zh="86 分", en="86 of 100"),
        Text(zh="开户 15 年", en="a customer for 15 years"),
        Text(zh="近 12 个月中有 12 个月有交易", en="active in 12 of the last 12 months"),
    ),
    _score("attrition", Text(zh="流失概率", en="Chance of leaving"), Text(zh="4%", en="4%")),
)


def candidates() -> tuple[CandidateCard, ...]:
    return (
        CandidateCard(
            customer_id="C0001",
            name="王**",
            phone="+86 138****8000",
            segment="diamond",
            reasons=(Text(zh="昨天从此号码来电", en="Called from here yesterday"),),
            need=Text(zh="信用卡还款", en="Credit card payment"),
        ),
        CandidateCard(customer_id="C0002", name="李**", phone="+86 10****5678", segment="silver"),
    )


ARTICLE = StoredArticle(
    article_id="yearly-fee",
    version=1,
    department="cards",
    audience="everybody",
    topics=("card",),
    title_zh="信用卡年费减免",
    title_en="Waiving the yearly card fee",
    body_zh="本年度消费满 6 万元可免年费。\n钻石客户可直接减免一次。",
    body_en="Who spends CNY 60,000 in a year pays no fee.\nDiamond customers may be freed once.",
    script_zh="您今年的消费已接近免年费标准。",
    script_en="You have nearly spent enough this year to pay no fee.",
    changed_at=time.time() - 5 * DAY,
    changed_by="boss",
)


class SampleGroups:
    """Target groups over the words of the real ones; a condition on ``rfm`` finds nobody."""

    async def group(self, conditions: Sequence[str], offer: str) -> CustomerGroup | None:
        if any(text.startswith("city_code") for text in conditions):
            return None
        if any(text.startswith("rfm") for text in conditions):
            return CustomerGroup(size=0, segments={}, means={}, expected_value=0.0)
        means = {name: 1234.5 if name == "profit" else 61.25 for name in NUMBERS}
        return CustomerGroup(
            size=18_420,
            segments={"diamond": 310, "gold": 2_410, "silver": 5_900, "standard": 9_800},
            means=means | {"birth_year": 1979.4},
            expected_value=642_000.0 if offer else 3_120_500.0,
        )

    async def fields(self) -> GroupFields:
        return GroupFields(
            numbers=tuple(Choice(code=code, text=text) for code, text in NUMBERS.items()),
            words=tuple(
                GroupWord(
                    code=code,
                    text=text,
                    values=tuple(
                        Choice(code=value, text=name)
                        for value, name in VALUES.get(code, {}).items()
                    ),
                )
                for code, text in WORDS.items()
            ),
            offers=(Choice(code="fund", text=Text(zh="基金定投", en="Monthly fund savings")),),
        )

    async def export(self, conditions: Sequence[str], *, by: str, role: str) -> GroupExport | None:
        del role
        return GroupExport(size=1, csv=f"customer_id,segment\r\nC1,{by}:{len(conditions)}\r\n")
