"""How large the bank is, and who banks there: the personas whose habits are planted."""

from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

import numpy as np

BLOCK: Final = 20_000
"""Customers of a whole block."""

CATEGORIES: Final = (
    # category, kind, payees
    ("groceries", "shopping", ("盒马鲜生", "永辉超市", "京东商城")),
    ("dining", "shopping", ("美团外卖", "星巴克", "肯德基")),
    ("transport", "shopping", ("滴滴出行", "地铁乘车", "中国石化")),
    ("fashion", "shopping", ("淘宝", "名创优品", "屈臣氏")),
    ("travel", "shopping", ("携程旅行", "中国国航", "华住酒店")),
    ("education", "payment", ("新东方", "当当网", "市第一中学")),
    ("health", "payment", ("市人民医院", "同仁堂", "阿里健康")),
    ("utilities", "payment", ("国家电网电费", "中国移动话费", "市自来水")),
    ("wealth", "investment", ("天天基金", "理财申购", "证券转账")),
    ("business", "payment", ("华信贸易", "恒通物流", "瑞丰建筑")),
    ("salary", "salary", ("金桥科技", "东方文化传媒", "安泰医药")),
    ("rent", "rent", ("房东", "自如", "贝壳")),
)
CHANNELS: Final = ("app", "pos", "web", "atm", "branch", "phone", "auto")


class Persona(NamedTuple):
    """Habits that many customers share; what an analysis should find again."""

    name: str
    share: float
    """Of all customers."""
    monthly: float
    """Mean transactions a month on the current account, beside salary and rent."""
    tastes: tuple[int, ...]
    """Weight of each of the first ten categories."""
    channels: tuple[int, ...]
    """Weight of each channel."""
    ages: tuple[int, int]
    wealth: float
    """By which the usual assets are multiplied."""
    leaving: float = 0.0
    """Chance to leave within the last four months: dealings thin out to nothing."""


PERSONAS: Final = (
    Persona(
        "family", 0.30, 22, (9, 4, 4, 4, 2, 5, 3, 4, 1, 0), (6, 4, 1, 1, 0, 0, 2), (30, 52), 1.2
    ),
    Persona(
        "young",
        0.24,
        26,
        (4, 9, 6, 7, 3, 1, 1, 2, 1, 0),
        (9, 2, 2, 0, 0, 0, 1),
        (18, 31),
        0.4,
        leaving=0.06,
    ),
    Persona(
        "retired", 0.18, 9, (8, 1, 2, 1, 1, 0, 7, 4, 1, 0), (1, 4, 0, 4, 4, 1, 2), (56, 84), 1.1
    ),
    Persona(
        "investor",
        0.10,
        14,
        (3, 3, 2, 2, 4, 1, 1, 1, 12, 0),
        (8, 1, 5, 0, 1, 1, 0),
        (32, 66),
        6.0,
        leaving=0.04,
    ),
    Persona(
        "trader",
        0.06,
        34,
        (2, 3, 4, 1, 2, 1, 1, 3, 1, 18),
        (5, 2, 6, 1, 2, 0, 1),
        (26, 60),
        3.0,
    ),
    Persona(
        "dormant",
        0.12,
        2,
        (5, 3, 2, 2, 0, 0, 1, 3, 0, 0),
        (3, 3, 0, 3, 1, 0, 2),
        (22, 75),
        0.3,
        leaving=0.25,
    ),
)
"""Shares add up to one."""


class Block(NamedTuple):
    number: int
    first: int
    """Serial number of its first customer, counted from 0."""
    count: int  # type: ignore[assignment] # hides the tuple's own, which counts values


class BankShape(NamedTuple):
    """What there is to make; ``months`` of dealings end with the day ``today``."""

    customers: int
    seed: int = 20260701
    today: date = date(2026, 6, 30)
    months: int = 12
    activity: float = 1.0
    """By which every persona's number of transactions is multiplied."""

    def blocks(self) -> Iterator[Block]:
        for number, first in enumerate(range(0, self.customers, BLOCK)):
            yield Block(number, first, min(BLOCK, self.customers - first))

    def rng(self, block: Block, purpose: int) -> np.random.Generator:
        """Return the generator for one purpose in one block."""
        return np.random.default_rng((self.seed, block.number, purpose))

    @property
    def midnight(self) -> float:
        """Epoch second at which ``today`` ends in China."""
        return (self.today.toordinal() - date(1970, 1, 1).toordinal() + 1) * 86_400.0 - 28_800.0
