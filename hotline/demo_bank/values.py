"""Single invented values: numbers, names, sums, days, and the segments they lead to.  Pure."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Final

from crm_lookup.catalogue import balance_band
from crm_lookup.model import Text
from hotline.demo_bank import cast, lists

_WAN: Final = 1_000_000
_BORDERS: Final = (("diamond", 600 * _WAN), ("gold", 50 * _WAN), ("silver", 5 * _WAN))
_SHARES: Final = (
    # share of the customers, their least and greatest assets in fen
    (0.012, 600 * _WAN, 3000 * _WAN),
    (0.068, 50 * _WAN, 500 * _WAN),
    (0.230, 5 * _WAN, 45 * _WAN),
    (0.690, _WAN // 20, 4 * _WAN),
)
_TITLES: Final = {
    "diamond": Text("钻石客户", "Diamond"),
    "gold": Text("金卡客户", "Gold"),
    "silver": Text("银卡客户", "Silver"),
}


class Values:
    """Draws values from one random generator; numbers and cards never come twice."""

    def __init__(self, seed: int, today: date) -> None:
        self.rng = Random(seed)  # noqa: S311 - invented people, not secrets
        self._today = today
        self._numbers = set(cast.RESERVED)
        self._cards = len(cast.DEMO_CUSTOMERS)

    def card_number(self) -> str:
        """Return sixteen Luhn-valid digits."""
        self._cards += 1
        digits = f"622202{self._cards:09}"
        return digits + cast.luhn_digit(digits)

    def mobile(self) -> str:
        """Return a mobile number in E.164."""
        rng = self.rng
        return self._fresh(
            lambda: f"+86{rng.choice(lists.MOBILE_PREFIXES)}{rng.randrange(10**8):08}"
        )

    def fixed(self, area: str = "", start: str = "") -> str:
        """Return a fixed line in E.164, in any of the towns unless ``area`` is given."""
        rng = self.rng
        if not area:
            area, start, _ = rng.choice(lists.AREAS)
        return self._fresh(lambda: f"+86{area}{start}{rng.randrange(10**6):06}")

    def chinese_name(self) -> tuple[str, str]:
        """Return a family name and the whole name."""
        rng = self.rng
        family = lists.FAMILY_NAMES[int(rng.random() ** 2 * len(lists.FAMILY_NAMES))]
        given = rng.choice(lists.GIVEN_ONE if rng.random() < 0.3 else lists.GIVEN_TWO)
        return family, family + given

    def past_day(self, least: int, most: int, *, after: date | None = None) -> date:
        """Return a day ``least`` to ``most`` years ago, but not before ``after``."""
        days = self.rng.randrange(least * 365, max(least + 1, most) * 365)
        day = self._today - timedelta(days=days + 1)
        return max(day, after) if after else day

    def assets(self) -> int:
        """Return a customer's assets in fen: few have much."""
        point = self.rng.random()
        for share, least, most in _SHARES:
            if point < share:
                return int(least * (most / least) ** self.rng.random())
            point -= share
        return _SHARES[-1][1]

    def _fresh(self, make: Callable[[], str]) -> str:
        number = make()
        while number in self._numbers:
            number = make()
        self._numbers.add(number)
        return number


def segment_of(liquid: int) -> str:
    """Return the segment of somebody with ``liquid`` fen in current and savings accounts."""
    return next((segment for segment, border in _BORDERS if liquid >= border), "standard")


def segment_reason(segment: str, liquid: int) -> Text:
    """Return in words why it is that segment."""
    band = balance_band(liquid)
    if segment == "standard":
        return Text(f"余额{band.zh}，未达到银卡标准", f"Holds {band.en}: below the silver level")
    title, border = _TITLES[segment], dict(_BORDERS)[segment] // _WAN
    return Text(
        f"余额{band.zh}，达到{title.zh}标准（{border} 万元）",
        f"Holds {band.en}: {title.en} starts at CNY {border * 10_000:,}",
    )
