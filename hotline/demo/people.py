"""Who works at the demo bank, and how they sign in.  For trials only."""

from typing import Final, Literal

import msgspec


class Employee(msgspec.Struct, frozen=True, kw_only=True):
    """One person at the demo bank."""

    login: str
    name: str
    role: Literal["agent", "supervisor"]
    password: str
    agent_id: str | None = None
    extension: str | None = None
    queues: tuple[str, ...] = ()


PASSWORD: Final = "hotline-demo"  # noqa: S105 - printed on purpose: the demo listens on loopback only

AGENTS: Final = tuple(
    Employee(
        login=number,
        name=name,
        role="agent",
        password=PASSWORD,
        agent_id=number,
        extension=number,
        queues=queues,
    )
    for number, name, queues in (
        ("1001", "李晓明", ("service", "vip")),
        ("1002", "陈思雨", ("service", "vip")),
        ("1003", "赵建国", ("service",)),
        ("1004", "周雅琴", ("service",)),
        ("1005", "吴海涛", ("service",)),
        ("1006", "郑美玲", ("vip",)),
    )
)

SUPERVISOR: Final = Employee(
    login="2001", name="孙丽华", role="supervisor", password=PASSWORD, extension="2001"
)

EMPLOYEES: Final = (*AGENTS, SUPERVISOR)
