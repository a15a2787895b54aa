"""What the settings say of callbacks, as the engine and the menu take it."""

from datetime import datetime
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from crm_lookup.numbers import NumberReader
from cti.callback_rules import CallbackRules
from cti.core.ids import QueueName
from hotline.settings import Settings
from ivr.callback import CallbackNumbers

_CALLABLE: Final = frozenset(
    (
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
    )
)
"""Kinds of numbers that belong to a person; others cost more, or are nobody's."""


class DialledNumbers:
    """Which numbers may be dialled, and how they are written and said."""

    def __init__(self, settings: Settings, numbers: NumberReader) -> None:
        self._numbers = numbers
        self._home = settings.home_region
        self._regions = frozenset(settings.callbacks.regions or (settings.home_region,))
        self._own = {
            e164
            for number in settings.numbers
            for dnis in (number.dnis, *number.aliases)
            if (e164 := numbers.read(dnis).e164)
        }
        self._dial_as = settings.callbacks.dial_as

    def dialable(self, raw: str) -> str:
        """Return the number in E.164, or ``""`` if it must not or cannot be dialled."""
        read = self._numbers.read(raw)
        if not read.e164 or read.extension or read.region not in self._regions:
            return ""
        if read.e164 in self._own:
            return ""  # the hotline itself
        kind = phonenumbers.number_type(phonenumbers.parse(read.e164))
        return read.e164 if kind in _CALLABLE else ""

    def dial_form(self, e164: str) -> str:
        """Return what the trunk wants."""
        if self._dial_as == "e164":
            return e164
        number = phonenumbers.parse(e164)
        text = phonenumbers.format_out_of_country_calling_number(number, self._home)
        return "".join(c for c in text if c.isdigit())

    def spoken(self, e164: str) -> str:
        """Return digits and spaces as people at home say the number."""
        number = phonenumbers.parse(e164)
        home = phonenumbers.region_code_for_number(number) == self._home
        form = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
        text = phonenumbers.format_number(number, form)
        return " ".join("".join(c if c.isdigit() else " " for c in text).split())


def callback_rules(settings: Settings, numbers: NumberReader) -> CallbackRules:
    """Return what the engine must know."""
    own = settings.callbacks
    dialled = DialledNumbers(settings, numbers)

    def open_at(moment: float) -> bool:
        return own.open_at(datetime.fromtimestamp(moment, settings.zone).time())

    return CallbackRules(
        queues=frozenset(QueueName(q.name) for q in settings.queues if q.callback),
        trunk=settings.callback_trunk,
        tries=own.tries,
        pause=float(own.pause_seconds),
        expiry=own.expiry_minutes * 60.0,
        ring=float(own.ring_seconds),
        caller_id=own.caller_id or "",
        open_at=open_at,
        dialable=dialled.dialable,
        dial_form=dialled.dial_form,
    )


def callback_numbers(settings: Settings, numbers: NumberReader) -> CallbackNumbers:
    """Return what the menu's dialogue must know."""
    dialled = DialledNumbers(settings, numbers)
    return CallbackNumbers(dialable=dialled.dialable, spoken=dialled.spoken)
