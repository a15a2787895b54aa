"""Why a call was sent to this agent, in words for the agent; the codes are the router's.

See :mod:`cti.core.routing` and :mod:`cti.escalation` for the codes.  A code without words here
says nothing that helps in the conversation, and is left out.
"""

from collections.abc import Iterable
from typing import Final

from crm_lookup.model import Text

_WORDS: Final[dict[str, Text]] = {
    "segment=diamond": Text(zh="钻石客户", en="Diamond customer"),
    "segment=gold": Text(zh="金卡客户", en="Gold customer"),
    "segment=silver": Text(zh="银卡客户", en="Silver customer"),
    "segment=standard": Text(zh="普通客户", en="Standard customer"),
    "segment=unknown": Text(zh="未识别的来电", en="Caller not recognised"),
    "verified=pin": Text(zh="已通过密码核验", en="Verified by PIN"),
    "verified=number": Text(zh="仅号码匹配", en="Known by number only"),
    "verified=none": Text(zh="身份未核实", en="Not verified"),
    "language=zh": Text(zh="中文服务", en="Speaks Chinese"),
    "language=en": Text(zh="英文服务", en="Speaks English"),
    "queue=default": Text(zh="所拨号码的默认队列", en="The queue of the number dialled"),
    "queue=forced": Text(zh="菜单指定的队列", en="The menu chose the queue"),
    "overflow": Text(zh="由其他队列转来", en="Overflow from another queue"),
    "voicemail": Text(zh="转留言", en="Asked for a message"),
    "callback-offered": Text(zh="已提供回电", en="Was offered a callback"),
    "callback": Text(zh="由我们回电", en="We called the customer back"),
    "no-rule": Text(zh="无适用规则", en="No rule fitted"),
}


def route_words(reasons: Iterable[str], agent_id: str) -> tuple[Text, ...]:
    """Return the words for the codes, in their order, as ``agent_id`` should read them."""
    found = (_words(reason, agent_id) for reason in reasons)
    return tuple(text for text in found if text is not None)


def _words(reason: str, agent_id: str) -> Text | None:
    if reason in _WORDS:
        return _WORDS[reason]
    name, _, value = reason.partition("=")
    match name:
        case "last-agent" if value == agent_id:
            return Text(zh="客户上次由您接待", en="You served this customer last time")
        case "last-agent":
            return Text(zh=f"上次由坐席 {value} 接待", en=f"Agent {value} served them last time")
        case "waited":
            return Text(zh=f"已等候超过 {value} 秒", en=f"Waited more than {value} s")
        case "time" | "weekday":
            return Text(zh="按时段分配", en="By the time of the call")
        case "dnis":
            return Text(zh=f"拨打 {value}", en=f"Dialled {value}")
        case "closed":
            return Text(zh=f"队列 {value} 已关闭", en=f"Queue {value} is closed")
        case "supervisor":
            return Text(zh=f"由主管 {value} 调入", en=f"Sent here by supervisor {value}")
        case _:
            return None
