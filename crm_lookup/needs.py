"""What a customer probably calls about, from what the bank knows: rules, each with its reason.

Pure: a record and a moment in, needs out, the likeliest first.  The same record gives the same
needs at the same moment, in whatever order its parts were read.  No reason names an amount: what
is owed or held stays behind the verified level, as in the balance band.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, tzinfo
from typing import Final, NamedTuple, TypeAlias

from crm_lookup.catalogue import product_name
from crm_lookup.model import Need, Text
from crm_lookup.records import CustomerRecord
from crm_lookup.topics import GENERAL, topic_name

MOST: Final = 5
"""So many needs are told; more help nobody while the phone rings."""
BILL_DAYS: Final = 7
"""A bill or an instalment is near so many days before its day."""
MATURING_DAYS: Final = 14
FAILURE_DAYS: Final = 7
REPEAT_DAYS: Final = 7
"""Calls so long ago are still the same matter."""
PLACE_SECONDS: Final = 86_400.0
"""So long a call that broke off in the menu is remembered."""

_DAY: Final = 86_400.0
_CAUSES: Final = {
    "funds": Text("余额不足", "not enough money"),
    "limit": Text("超过限额", "above the limit"),
    "card_blocked": Text("卡片已锁定", "the card is blocked"),
    "wrong_details": Text("收款信息有误", "wrong details of the payee"),
    "technical": Text("系统原因", "a technical fault"),
}
_STAGES: Final = {
    "received": Text("已受理", "ordered"),
    "in_production": Text("制卡中", "being made"),
    "sent": Text("已寄出", "sent"),
}


class _Moment(NamedTuple):
    now: float
    today: date


Rule: TypeAlias = Callable[[CustomerRecord, _Moment], Iterator[Need]]


def probable_needs(
    record: CustomerRecord, *, now: float, zone: tzinfo, most: int = MOST
) -> tuple[Need, ...]:
    """Return at most ``most`` needs of the customer, the likeliest first.

    ``now`` is epoch seconds; ``zone`` says which day it is in the bank.  Of one kind of need only
    the weightiest is told.
    """
    moment = _Moment(now, datetime.fromtimestamp(now, zone).date())
    best: dict[str, Need] = {}
    for rule in RULES:
        for need in rule(record, moment):
            known = best.get(need.need)
            if known is None or _order(need) < _order(known):
                best[need.need] = need
    return tuple(sorted(best.values(), key=_order)[:most])


def _order(need: Need) -> tuple[int, str, str, str]:
    return -need.weight, need.need, need.reason.en, str(sorted(need.facts.items()))


def _pin_locked(record: CustomerRecord, moment: _Moment) -> Iterator[Need]:
    if record.pin_locked_until is None or record.pin_locked_until <= moment.now:
        return
    minutes = max(1, round((record.pin_locked_until - moment.now) / 60))
    yield Need(
        need="pin_locked",
        title=Text("电话银行密码被锁", "Telephone PIN is locked"),
        reason=Text(
            f"密码输错次数过多，{minutes} 分钟后自动解锁",
            f"too many wrong PINs; the lock ends by itself in {minutes} minutes",
        ),
        weight=90,
        topic="pin",
        facts={"minutes": minutes},
    )


def _failed_payment(record: CustomerRecord, moment: _Moment) -> Iterator[Need]:
    for failure in record.failures:
        days = _days_ago(failure.at, moment)
        if not 0 <= days <= FAILURE_DAYS:
            continue
        cause = _CAUSES[failure.cause]
        when = _ago(days)
        yield Need(
            need="failed_payment",
            title=Text("付款失败", "A payment failed"),
            reason=Text(
                f"{when.zh}付给“{failure.payee}”的款项未成功：{cause.zh}",
                f"a payment to {failure.payee} failed {when.en}: {cause.en}",
            ),
            weight=88 - 5 * days,
            topic="payment",
            facts={"payee": failure.payee, "cause": failure.cause, "days_ago": days},
        )


def _due_bill(record: CustomerRecord, moment: _Moment) -> Iterator[Need]:
    for bill in record.bills:
        left = _days_until(bill.due_on, moment)
        if bill.paid >= bill.amount or not -30 <= left <= BILL_DAYS:
            continue
        is_minimum_paid = bill.paid >= bill.minimum
        when = _until(left)
        weight = 84 if left < 0 else 76 - 4 * left
        part = (
            Text("，已还最低还款额", "; the minimum is paid") if is_minimum_paid else Text("", "")
        )
        late = Text("已过还款日", "is overdue") if left < 0 else Text("还款日将到", "is due")
        yield Need(
            need="due_bill",
            title=Text("信用卡账单待还", "Card bill to be paid"),
            reason=Text(
                f"尾号 {bill.tail} 的信用卡账单{late.zh}（{bill.due_on}，{when.zh}）{part.zh}",
                f"the bill of the card ending in {bill.tail} {late.en} "
                f"({bill.due_on}, {when.en}){part.en}",
            ),
            weight=weight - (25 if is_minimum_paid else 0),
            topic="card_bill",
            facts={
                "tail": bill.tail,
                "due_on": bill.due_on,
                "days_left": left,
                "minimum_paid": "yes" if is_minimum_paid else "no",
            },
        )


def _loan(record: CustomerRecord, moment: _Moment) -> Iterator[Need]:
    for loan in record.loans:
        left, name = _days_until(loan.due_on, moment), product_name(loan.product)
        facts: dict[str, str | int | float] = {"tail": loan.tail, "due_on": loan.due_on}
        if loan.overdue > 0:
            yield Need(
                need="loan_overdue",
                title=Text("贷款逾期", "A loan is overdue"),
                reason=Text(
                    f"尾号 {loan.tail} 的{name.zh}有逾期款项",
                    f"an instalment of the {name.en.lower()} ending in {loan.tail} is overdue",
                ),
                weight=86,
                topic="loans",
                facts=facts,
            )
        elif 0 <= left <= BILL_DAYS:
            when = _until(left)
            yield Need(
                need="loan_due",
                title=Text("贷款即将扣款", "A loan instalment is due"),
                reason=Text(
                    f"尾号 {loan.tail} 的{name.zh}{when.zh}扣款（{loan.due_on}）",
                    f"the {name.en.lower()} ending in {loan.tail} is due {when.en} "
                    f"({loan.due_on})",
                ),
                weight=46 - 3 * left,
                topic="loans",
                facts=facts | {"days_left": left},
            )


def _card_order(record: CustomerRecord, moment: _Moment) -> Iterator[Need]:
    for order in record.card_orders:
        left = _days_until(order.expected_on, moment)
        kind = Text("信用卡", "credit") if order.kind == "credit" else Text("借记卡", "debit")
        facts: dict[str, str | int | float] = {
            "stage": order.stage,
            "ordered_on": order.ordered_on,
            "expected_on": order.expected_on,
        }
        if order.stage == "delivered":
            if left < -60:
                continue  # whoever left it in a drawer for months calls about something else
            yield Need(
                need="card_activation",
                title=Text("新卡待激活", "A new card waits to be activated"),
                reason=Text(
                    f"新{kind.zh}已送达，尚未激活",
                    f"a new {kind.en} card was delivered and is not activated",
                ),
                weight=66,
                topic="activate_card",
                facts=facts,
            )
            continue
        stage, late = _STAGES[order.stage], left < 0
        when = Text("，已过预计送达日", "; it is late") if late else Text("", "")
        yield Need(
            need="card_delivery",
            title=Text("卡片派送中", "A card is on its way"),
            reason=Text(
                f"{order.ordered_on} 申请的{kind.zh}{stage.zh}，"
                f"预计 {order.expected_on} 送达{when.zh}",
                f"the {kind.en} card of {order.ordered_on} is {stage.en}, "
                f"expected on {order.expected_on}{when.en}",
            ),
            weight=79 if late else 62,
            topic="card_order",
            facts=facts | {"days_left": left},
        )


def _open_case(record: CustomerRecord, moment: _Moment) -> Iterator[Need]:
    for case in record.cases:
        days = max(0, _days_ago(case.opened_at, moment))
        late = case.due_at is not None and case.due_at < moment.now
        opened = _ago(days)
        promised = (
            Text("，已超过承诺时间", "; the promised time is over") if late else Text("", "")
        )
        yield Need(
            need="open_case",
            title=Text("未结工单", "An open case"),
            reason=Text(
                f"“{case.subject.zh}”{opened.zh}受理，尚未办结{promised.zh}",
                f"“{case.subject.en}”, opened {opened.en}, is not closed{promised.en}",
            ),
            weight=82 if late else max(58, 72 - days),
            topic="complaint" if case.kind == "complaint" else "services",
            facts={"case_id": case.case_id, "kind": case.kind, "days_ago": days},
        )


def _repeated_call(record: CustomerRecord, moment: _Moment) -> Iterator[Need]:
    calls = [
        said
        for said in record.interactions
        if said.channel == "phone" and 0 <= _days_ago(said.at, moment) <= REPEAT_DAYS
    ]
    if not calls:
        return
    counts = Counter(said.topic or GENERAL for said in calls)
    newest = {said.topic or GENERAL: said.at for said in sorted(calls, key=lambda said: said.at)}
    topic = min(counts, key=lambda code: (-counts[code], -newest[code], code))
    count, days = counts[topic], _days_ago(newest[topic], moment)
    name, when = topic_name(topic), _ago(days)
    times = Text(f"{count} 次", "twice" if count == 2 else f"{count} times")
    yield Need(
        need="repeated_call",
        title=Text("重复来电", "A repeated call"),
        reason=Text(
            f"近 {REPEAT_DAYS} 天已为“{name.zh}”来电 {times.zh}，最近一次：{when.zh}",
            f"called {'once' if count == 1 else times.en} in {REPEAT_DAYS} days about "
            f"“{name.en}”, last {when.en}",
        ),
        weight=min(85, 40 + 14 * count) - 2 * days,
        topic=topic,
        facts={"calls": count, "days_ago": days, "topic": topic},
    )


def _maturing(record: CustomerRecord, moment: _Moment) -> Iterator[Need]:
    for held in record.maturing:
        left = _days_until(held.matures_on, moment)
        if not 0 <= left <= MATURING_DAYS:
            continue
        name, when = product_name(held.product), _until(left)
        tail = (
            Text(f"（尾号 {held.tail}）", f" ending in {held.tail}") if held.tail else Text("", "")
        )
        then = (
            Text("将自动转存", "it will be renewed")
            if held.renews
            else Text("尚无转存指示", "what happens then is open")
        )
        yield Need(
            need="maturing",
            title=Text("即将到期", "A deposit matures"),
            reason=Text(
                f"{name.zh}{tail.zh}{when.zh}到期，{then.zh}",
                f"the {name.en.lower()}{tail.en} matures {when.en}; {then.en}",
            ),
            weight=(38 if held.renews else 56) - left,
            topic="deposits",
            facts={"matures_on": held.matures_on, "days_left": left, "tail": held.tail},
        )


def _broken_off(record: CustomerRecord, moment: _Moment) -> Iterator[Need]:
    place = record.place
    if place is None or not 0 <= moment.now - place.at <= PLACE_SECONDS:
        return
    minutes = int((moment.now - place.at) // 60)
    name = topic_name(place.topic)
    when = (
        Text(f"{minutes} 分钟前", f"{minutes} minutes ago")
        if minutes < 120
        else Text(f"{minutes // 60} 小时前", f"{minutes // 60} hours ago")
    )
    yield Need(
        need="broken_off",
        title=Text("上次来电中断", "The last call broke off"),
        reason=Text(
            f"{when.zh}在语音菜单“{name.zh}”中断线",
            f"was cut off {when.en} in the voice menu, at “{name.en}”",
        ),
        weight=80 if minutes < 60 else 64,
        topic=place.topic,
        facts={"topic": place.topic, "node": place.node, "minutes_ago": minutes},
    )


_FLAGS: Final = {
    "fraud": (
        "suspected_fraud",
        Text("账户有欺诈风险", "Fraud is suspected"),
        Text(
            "账户标有欺诈风险，请按流程核实身份", "the customer is flagged for fraud; verify first"
        ),
        78,
        "fraud",
    ),
    "collections": (
        "overdue_debt",
        Text("有逾期催收", "Debts are collected"),
        Text("客户有款项在催收中", "the customer is in collections"),
        60,
        "collections",
    ),
    "complaint": (
        "complaint",
        Text("有投诉在处理", "A complaint is worked on"),
        Text("客户有投诉在处理中", "the customer has complained lately"),
        57,
        "complaint",
    ),
}


def _flagged(record: CustomerRecord, _moment: _Moment) -> Iterator[Need]:
    told = {case.kind for case in record.cases}
    late = any(loan.overdue > 0 for loan in record.loans)
    for flag in record.flags:
        if flag in told or (flag == "collections" and late):
            continue  # the case or the loan says more
        need, title, reason, weight, topic = _FLAGS[flag]
        yield Need(
            need=need, title=title, reason=reason, weight=weight, topic=topic, facts={"flag": flag}
        )


RULES: Final[tuple[Rule, ...]] = (
    _pin_locked,
    _failed_payment,
    _due_bill,
    _loan,
    _card_order,
    _open_case,
    _repeated_call,
    _maturing,
    _broken_off,
    _flagged,
)


def _days_ago(at: float, moment: _Moment) -> int:
    return int((moment.now - at) // _DAY)


def _days_until(day: str, moment: _Moment) -> int:
    return (date.fromisoformat(day) - moment.today).days


def _ago(days: int) -> Text:
    if days <= 0:
        return Text("24 小时内", "within the last 24 hours")
    return Text(f"{days} 天前", "1 day ago" if days == 1 else f"{days} days ago")


def _until(days: int) -> Text:
    if days < 0:
        late = -days
        return Text(f"已过 {late} 天", "1 day ago" if late == 1 else f"{late} days ago")
    if days == 0:
        return Text("今天", "today")
    return Text(f"{days} 天后", "tomorrow" if days == 1 else f"in {days} days")
