"""The menu with a fault planted: an answer to a PIN comes 30 ms later for customers who exist.

python -m bench.enumeration_calls.leaky --config FILE serve ivr
"""

import asyncio
from typing import Final

from hotline.cli import main
from ivr.flow.effects import CallerClaim, CardClaim, Checked, CheckPin, ServiceFailed, TailClaim
from ivr.inquiries import Inquiries

PLANTED: Final = 0.03
"""Seconds."""

_tight = Inquiries.check_pin


async def _leaky(self: Inquiries, effect: CheckPin) -> Checked | ServiceFailed:
    match effect.claim:
        case CardClaim(digits):
            found = await self._services.identities.by_card_number(digits.reveal())
        case TailClaim(tail, number):
            found = await self._services.identities.by_card_tail(number, tail.reveal())
        case CallerClaim(found):
            pass
        case _:
            found = None
    result = await _tight(self, effect)
    if found is not None:
        await asyncio.sleep(PLANTED)
    return result


if __name__ == "__main__":
    Inquiries.check_pin = _leaky  # type: ignore[method-assign]  # the fault
    main()
