"""What the columns of reports are called, for people; docs/figures.md says what they mean."""

from typing import Final, Literal, TypeAlias

from crm_lookup.model import Text

What: TypeAlias = Literal["queues", "agents", "topics", "segments", "nodes"]
Unit: TypeAlias = Literal["count", "share", "seconds", "number"]

NAME: Final[dict[What, Text]] = {
    "queues": Text(zh="队列", en="Queue"),
    "agents": Text(zh="坐席", en="Agent"),
    "topics": Text(zh="业务主题", en="Topic"),
    "segments": Text(zh="客户等级", en="Segment"),
    "nodes": Text(zh="菜单节点", en="Menu node"),
}
"""The second column, by what is reported."""
START: Final = Text(zh="时段", en="From")
UNKNOWN: Final = Text(zh="未知", en="Unknown")
SEGMENTS: Final[dict[str, Text]] = {
    "diamond": Text(zh="钻石客户", en="Diamond"),
    "gold": Text(zh="金卡客户", en="Gold"),
    "silver": Text(zh="银卡客户", en="Silver"),
    "standard": Text(zh="普通客户", en="Standard"),
}
"""Value segments, the best first."""

WORDS: Final[dict[str, Text]] = {
    "calls": Text(zh="通话", en="Calls"),
    "solved": Text(zh="自助解决", en="Solved themselves"),
    "messages": Text(zh="留言", en="Left a message"),
    "hung_up": Text(zh="菜单中挂断", en="Hung up in the menu"),
    "reached": Text(zh="接通人工", en="Reached an agent"),
    "gave_up": Text(zh="排队放弃", en="Gave up waiting"),
    "turned_away": Text(zh="未接通离队", en="Left unanswered"),
    "self_service_rate": Text(zh="自助解决率", en="Self-service rate"),
    "offered": Text(zh="呼入", en="Offered"),
    "answered": Text(zh="接通", en="Answered"),
    "abandoned": Text(zh="放弃", en="Abandoned"),
    "left_queue": Text(zh="离队", en="Left queue"),
    "found_closed": Text(zh="遇队列关闭", en="Found it closed"),
    "missed": Text(zh="漏接", en="Missed"),
    "transferred": Text(zh="转接", en="Transferred"),
    "completed": Text(zh="完成通话", en="Completed"),
    "disposed": Text(zh="已登记结果", en="Outcome noted"),
    "service_level": Text(zh="服务水平", en="Service level"),
    "asa": Text(zh="平均应答", en="ASA"),
    "abandon_rate": Text(zh="放弃率", en="Abandon rate"),
    "mean_wait_abandoned": Text(zh="放弃前等待", en="Wait of abandoned"),
    "mean_ring_time": Text(zh="平均振铃", en="Ring time"),
    "mean_talk_time": Text(zh="平均通话", en="Talk time"),
    "mean_hold_time": Text(zh="平均保持", en="Hold time"),
    "mean_wrap_up_time": Text(zh="平均话后", en="Wrap-up time"),
    "aht": Text(zh="平均处理", en="AHT"),
    "signed_in_time": Text(zh="签入时长", en="Signed in"),
    "paused_time": Text(zh="小休时长", en="Paused"),
    "occupancy": Text(zh="工时利用率", en="Occupancy"),
    "offers_presented": Text(zh="推介", en="Offers presented"),
    "offers_accepted": Text(zh="接受", en="Offers accepted"),
    "offers_declined": Text(zh="谢绝", en="Offers declined"),
    "acceptance_rate": Text(zh="接受率", en="Acceptance rate"),
    "scores": Text(zh="评分数", en="Scores"),
    "mean_score": Text(zh="平均评分", en="Mean score"),
    "entered": Text(zh="进入", en="Entered"),
    "services": Text(zh="自助成功", en="Services done"),
    "went_on": Text(zh="进入下一步", en="Went on"),
    "queued": Text(zh="转入队列", en="To a queue"),
    "hang_up_rate": Text(zh="挂断率", en="Hang-up rate"),
    "mean_time": Text(zh="平均停留", en="Mean time"),
}

SHARES: Final = frozenset(
    {
        *("service_level", "abandon_rate", "occupancy", "self_service_rate"),
        *("acceptance_rate", "hang_up_rate"),
    }
)
"""Columns that are shares from 0 to 1."""


def unit_of(column: str) -> Unit:
    """Say how a column's values are to be read."""
    if column in SHARES:
        return "share"
    if column == "mean_score":
        return "number"
    if column in ("asa", "aht") or column.startswith("mean_") or column.endswith("_time"):
        return "seconds"
    return "count"
