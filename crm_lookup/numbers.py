"""From the caller id that a carrier sent to one E.164 number, or to the reason why there is none.

Pure: no I/O.  The numbering plans are those of ``phonenumbers``; what stands here are the forms in
which carriers of the home region send numbers, and the refusals.
"""

import re
from typing import Final, Literal, TypeAlias

import msgspec
import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from crm_lookup.errors import SettingError

NumberKind: TypeAlias = Literal[
    "mobile", "fixed", "toll_free", "other", "service", "extension", "withheld", "invalid"
]

_LONGEST: Final = 64
"""Characters of a caller id that are looked at; a SIP user part may be as long as it likes."""

_WITHHELD: Final = frozenset(
    (
        "anonymous",
        "private",
        "restricted",
        "unavailable",
        "unknown",
        "withheld",
        "s",  # Asterisk's start extension, left by a trunk without a From user
        "匿名",
        "未知",
        "保密",
    )
)
_EXTENSION: Final = re.compile(r"(?:转|分机|;?ext\.?=?|x|,|#)\s*(\d{1,6})$", re.IGNORECASE)
_DASHED_EXTENSION: Final = re.compile(r"[-－—]\s*(\d{1,6})$")
_SEPARATORS: Final = re.compile(r"[\s().\-－—·]+")
_SERVICE: Final[dict[str, re.Pattern[str]]] = {
    # 95588 (banks), 96xxx (regional), 10086 (carriers), 110, 12345 (government)
    "CN": re.compile(r"^(?:9[56]\d{3,6}|100\d{2}|11[0-9]|12[0-9]|123\d{2})$"),
}
_SERVICE_AFTER: Final[dict[str, re.Pattern[str]]] = {
    # a bank's 95588 behind country or area code, as some gateways send it; lines are longer
    "CN": re.compile(r"^(?:(?:\+|00)86(?:\d{2,3})?|0\d{2,3})(9[56]\d{3})$"),
}
_MOBILE_FORM: Final[dict[str, re.Pattern[str]]] = {"CN": re.compile(r"^1\d{10}$")}

_KINDS: Final[dict[int, NumberKind]] = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.SHARED_COST: "toll_free",
    PhoneNumberType.UAN: "toll_free",
}


class CallerNumber(msgspec.Struct, frozen=True, kw_only=True):
    """What a raw caller id turned out to be."""

    kind: NumberKind
    e164: str = ""
    """Set for ``mobile``, ``fixed``, ``toll_free`` (400 and 800 numbers) and ``other`` only."""
    region: str = ""
    """ISO 3166 region of ``e164``, as far as the number shows it."""
    extension: str = ""
    """Digits dialled behind the number, or the whole number of an internal telephone."""
    fault: Literal["", "malformed", "implausible"] = ""
    """Why it is ``invalid``: no number at all, or digits that no numbering plan has."""


_WITHHELD_NUMBER: Final = CallerNumber(kind="withheld")
_MALFORMED: Final = CallerNumber(kind="invalid", fault="malformed")
_IMPLAUSIBLE: Final = CallerNumber(kind="invalid", fault="implausible")


class NumberReader:
    """Reads raw caller ids for one home region.

    ``home_area_code`` (without the leading zero, such as ``10`` for Beijing) completes fixed
    lines of the bank's own town that arrive without one; leave it empty if none do.
    ``extension_digits`` are the least and greatest length of the bank's internal numbers.
    """

    def __init__(
        self,
        home_region: str = "CN",
        *,
        home_area_code: str = "",
        extension_digits: tuple[int, int] = (3, 5),
    ) -> None:
        self.home_region = home_region.upper()
        self._country_code = phonenumbers.country_code_for_region(self.home_region)
        if not self._country_code:
            raise SettingError(
                f"home region {home_region!r} is unknown: give an ISO 3166 code such as CN or HK"
            )
        if home_area_code and not home_area_code.isdecimal():
            raise SettingError(
                f"home area code {home_area_code!r} must be digits without the leading 0, "
                "such as 10 for Beijing"
            )
        self._area_code = home_area_code.lstrip("0")
        self._extension_digits = range(extension_digits[0], extension_digits[1] + 1)
        self._service = _SERVICE.get(self.home_region)
        self._service_after = _SERVICE_AFTER.get(self.home_region)
        self._mobile_form = _MOBILE_FORM.get(self.home_region)

    def read(self, raw: str | None) -> CallerNumber:
        """Return what ``raw`` is; never raises, whatever a carrier or an attacker sent."""
        if raw is None or len(raw) > _LONGEST:
            return _WITHHELD_NUMBER if raw is None else _MALFORMED
        text = _without_uri(raw.strip())
        if not text or text.casefold() in _WITHHELD:
            return _WITHHELD_NUMBER
        marked = _EXTENSION.search(text)
        if marked is not None:
            return self._read(text[: marked.start()], marked.group(1))
        number = self._read(text)
        dashed = _DASHED_EXTENSION.search(text)
        if number.kind == "invalid" and dashed is not None:
            # 010-62345678-803; only now, for the groups of 138-0013-8000 are parted likewise
            return self._read(text[: dashed.start()], dashed.group(1))
        return number

    def _read(self, text: str, extension: str = "") -> CallerNumber:
        digits = _SEPARATORS.sub("", text)
        plus = digits.startswith(("+", "＋"))
        digits = digits[1:] if plus else digits
        if not digits.isdecimal() or len(digits) > 20:
            return _MALFORMED
        digits = "".join(str(int(digit)) for digit in digits)  # full-width and other digits
        if not plus and not extension:
            if self._service is not None and self._service.match(digits):
                return CallerNumber(kind="service", extension=digits)
            if len(digits) in self._extension_digits:
                return CallerNumber(kind="extension", extension=digits)
        if self._service_after is not None and not extension:
            service = self._service_after.match(f"+{digits}" if plus else digits)
            if service is not None:
                return CallerNumber(kind="service", extension=service[1])
        for form in self._forms(digits, plus):
            number = self._valid(form)
            if number is not None:
                return CallerNumber(
                    kind=_KINDS.get(phonenumbers.number_type(number), "other"),
                    e164=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
                    region=phonenumbers.region_code_for_number(number) or "",
                    extension=extension,
                )
        return _IMPLAUSIBLE

    def _forms(self, digits: str, plus: bool) -> list[str]:
        """The readings to try, the likeliest first; the first valid one is taken."""
        if plus and not digits.startswith("0"):
            return [f"+{digits}"]
        forms = [digits]  # also after a plus that some gateways put before a trunk zero
        country = str(self._country_code)
        if digits.startswith("0" + country):
            forms.append("+" + digits[1:])
        if self._area_code and len(digits) in (7, 8) and not digits.startswith("0"):
            forms.append(f"+{country}{self._area_code}{digits}")
        if len(digits) > 9 and digits[0] != "0" and not self._looks_mobile(digits):
            # An international number whose plus was lost.  A mistyped home mobile is not one.
            forms.append("+" + digits)
        return forms

    def _looks_mobile(self, digits: str) -> bool:
        return self._mobile_form is not None and self._mobile_form.match(digits) is not None

    def _valid(self, form: str) -> phonenumbers.PhoneNumber | None:
        try:
            number = phonenumbers.parse(form, self.home_region)
        except NumberParseException:
            return None
        return number if phonenumbers.is_valid_number(number) else None


def _without_uri(text: str) -> str:
    for scheme in ("sips:", "sip:", "tel:"):
        if text[: len(scheme)].lower() == scheme:
            text = text[len(scheme) :]
            break
    text = text.split("@", 1)[0]
    return text.split(";phone-context", 1)[0].split(";user=", 1)[0].strip()
