"""Who waits and who serves, as the browser tests show them."""

from agent_console.floor_messages import AgentSkills, WaitingLine
from agent_console.messages import Segment, SkillChoice
from tests.browser.board_samples import NAMES


def callers(now: float) -> list[WaitingLine]:
    tiers: tuple[Segment | None, ...] = ("diamond", None, "gold")
    return [
        WaitingLine(
            call_id=f"c{place + 1}",
            queue="service",
            position=place + 1,
            priority=30 - 10 * place,
            waiting_since=now - 50 + 10 * place,
            ringing=place == 2,
            reason="card",
            language="zh",
            verified="pin" if segment else "none",
            segment=segment,
        )
        for place, segment in enumerate(tiers)
    ]


def people() -> list[AgentSkills]:
    skills = (SkillChoice(queue="service", penalty=0), SkillChoice(queue="vip", penalty=3))
    return [
        AgentSkills(
            agent_id=agent_id,
            name=name,
            team="贷款组" if place % 2 else "",
            skills=skills if place % 3 else (),
            serves=("service", "vip"),
        )
        for place, (agent_id, name) in enumerate(NAMES.items())
    ]
