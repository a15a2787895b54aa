"""How much of a person's data may be seen: by whom, after which proof, and in which shape.

Pure, and a table: :data:`SHOWN` says what stands on a page at once, :data:`ON_REQUEST` from which
level on a role may ask for the whole value with a reason.  Whoever is missing gets the least.

What lets somebody in (PINs, passwords, security codes; C3 of JR/T 0171-2020) is no field here: it
is never shown to anybody.  The fields are C2 data: masked, unless the caller has proved who it is
and the work needs them (minimum necessity, PIPL articles 6 and 28).  Masked texts have the same
shape whatever is hidden, so that they give away no length.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal, TypeAlias, get_args

import phonenumbers

Field: TypeAlias = Literal[
    "name", "phone", "id_number", "card", "account", "address", "email", "birth_year"
]
Viewer: TypeAlias = Literal["none", "agent", "leader", "supervisor", "admin"]
"""``none``: a program, or somebody whose role is not known."""
Verified: TypeAlias = Literal["none", "number", "pin"]
Amount: TypeAlias = Literal["hidden", "masked", "full"]

FIELDS: Final[tuple[Field, ...]] = get_args(Field)
VIEWERS: Final[tuple[Viewer, ...]] = get_args(Viewer)
LEVELS: Final[tuple[Verified, ...]] = get_args(Verified)

_HIDDEN: Final = "****"
_LEAST: Final[Amount] = "hidden"

_MASKED_ALWAYS: Final[dict[Verified, Amount]] = dict.fromkeys(LEVELS, "masked")
_AFTER_PIN: Final[dict[Verified, Amount]] = {"none": "hidden", "number": "hidden", "pin": "masked"}
_NAMED: Final[dict[Verified, Amount]] = {"none": "masked", "number": "masked", "pin": "full"}

_FOR_ALL: Final[dict[Field, Mapping[Verified, Amount]]] = {
    "name": _MASKED_ALWAYS,
    "phone": _MASKED_ALWAYS,
    "card": _MASKED_ALWAYS,
    "account": _MASKED_ALWAYS,
}
_FOR_DESKS: Final[dict[Field, Mapping[Verified, Amount]]] = {
    **_FOR_ALL,
    "name": _NAMED,
    "id_number": _AFTER_PIN,
    "address": _AFTER_PIN,
    "email": _AFTER_PIN,
    "birth_year": _AFTER_PIN,
}

SHOWN: Final[Mapping[Viewer, Mapping[Field, Mapping[Verified, Amount]]]] = {
    "none": _FOR_ALL,
    "agent": _FOR_DESKS,
    "leader": _FOR_DESKS,
    "supervisor": {
        **_FOR_DESKS,
        "id_number": _MASKED_ALWAYS,
        "address": _MASKED_ALWAYS,
        "email": _MASKED_ALWAYS,
    },
    "admin": _FOR_ALL,  # runs the machines; serves nobody
}
"""What stands there at once; what is missing is hidden."""

ON_REQUEST: Final[Mapping[Viewer, Mapping[Field, Verified]]] = {
    "none": {},
    "agent": {"name": "number", "phone": "pin", "address": "pin", "email": "pin"},
    "leader": {
        **{"name": "none", "phone": "number", "address": "pin", "email": "pin"},
        **{"birth_year": "pin", "id_number": "pin"},
    },
    "supervisor": {
        **{"name": "none", "phone": "none", "address": "number", "email": "number"},
        **{"birth_year": "number", "id_number": "number"},
    },
    "admin": {},
}
"""From which level on the whole value may be asked for.  Cards and accounts never: the database
holds the hash of a card's number and the last four digits, and nothing else."""


def amount(field: Field, viewer: str, level: str) -> Amount:
    """Return how much of ``field`` the viewer sees at once; the least for anything unknown."""
    for_viewer = SHOWN.get(viewer, SHOWN["none"])  # type: ignore[call-overload] # any text may come
    found: Amount = for_viewer.get(field, {}).get(level, _LEAST)
    return found


def may_ask(field: Field, viewer: str, level: str) -> bool:
    """Return whether the viewer may ask for the whole value now, with a reason."""
    needed = ON_REQUEST.get(viewer, {}).get(field)  # type: ignore[call-overload] # any text may come
    if needed is None or level not in LEVELS:
        return False
    return LEVELS.index(level) >= LEVELS.index(needed)


def view(field: Field, value: str, *, viewer: str, level: str, family_name: str = "") -> str:
    """Return ``value`` as this viewer sees it; an empty value stays empty.

    ``family_name`` is what may be shown of a name.
    """
    if not value:
        return ""
    match amount(field, viewer, level):
        case "full":
            return value
        case "masked":
            return masked(field, value, family_name=family_name)
        case "hidden":
            return _HIDDEN


def masked(field: Field, value: str, *, family_name: str = "") -> str:
    """Return the masked form of a value that is not empty."""
    match field:
        case "name":
            return masked_name(value, family_name)
        case "phone":
            return masked_phone(value)
        case "id_number":
            return _tail(value, 2, at_least=8)
        case "card" | "account":
            return masked_card(value)
        case "address":
            return _masked_address(value)
        case "email":
            return _masked_email(value)
        case "birth_year":
            return f"{value[:-2]}**" if len(value) == 4 else _HIDDEN


def masked_name(name: str, family_name: str) -> str:
    """Return ``王**`` or ``S**`` for a person and the first two characters for a company.

    A family name in Latin letters shows only its initial.
    """
    shown = family_name or name[:2]
    if shown.isascii():
        shown = shown[:1]
    return f"{shown}**"


@lru_cache(maxsize=4096)
def masked_phone(e164: str) -> str:
    """Return ``+86 138****8000``: country code, at most three leading and four last digits.

    Fewer are shown of a short number: at least four digits always stay hidden.
    """
    if not e164:
        return ""
    code = _country_code(e164)
    if not code:
        return _HIDDEN
    # Not the library's national number: to San Marino's it may add digits that nobody dialled.
    national = e164.removeprefix(f"+{code}")
    tail = min(4, max(0, len(national) - 4))
    head = min(3, max(0, len(national) - 4 - tail))
    return f"+{code} {national[:head]}{_HIDDEN}{national[len(national) - tail :]}"


def _country_code(e164: str) -> int:
    """Return 0 for what is no number."""
    if e164.startswith("+86") and len(e164) == 14 and e164[1:].isdecimal():
        return 86  # most are; no other code begins so
    try:
        return phonenumbers.parse(e164).country_code or 0
    except phonenumbers.NumberParseException:
        return 0


def masked_card(tail: str) -> str:
    """Return ``**** 0015`` for the last four digits of a card or account."""
    return f"{_HIDDEN} {tail[-4:]}"


def _masked_email(value: str) -> str:
    """The first character and the domain's last part: a domain may be somebody's name, too."""
    local, at, domain = value.partition("@")
    ending = domain.rpartition(".")[2]
    if not at or len(local) < 2 or not ending.isalpha() or len(ending) > 4 or "." not in domain:
        return _HIDDEN
    return f"{local[0]}{_HIDDEN}@{_HIDDEN}.{ending}"


def _masked_address(value: str) -> str:
    """The province or city alone; western addresses begin with the house."""
    place = value[:3]
    known = len(value) >= 9 and not any(letter.isascii() for letter in place)
    return f"{place}{_HIDDEN}" if known else _HIDDEN


def _tail(value: str, shown: int, *, at_least: int) -> str:
    return f"{_HIDDEN}{value[-shown:]}" if len(value) >= at_least else _HIDDEN


# The tables in words ---------------------------------------------------------------------------

_WORDS: Final[Mapping[Field, str]] = {
    "name": "name",
    "phone": "telephone number",
    "id_number": "ID number",
    "card": "card number",
    "account": "account number",
    "address": "address",
    "email": "e-mail",
    "birth_year": "year of birth",
}
_EXAMPLES: Final[Mapping[Field, tuple[str, str]]] = {
    "name": ("欧阳晓明", "欧阳"),
    "phone": ("+8613800138000", ""),
    "id_number": ("11010519491231002X", ""),
    "card": ("6222020000000015", ""),
    "account": ("6222020000000015", ""),
    "address": ("上海市浦东新区世纪大道100号", ""),
    "email": ("xiaoming@example.com", ""),
    "birth_year": ("1949", ""),
}


def table() -> str:
    """Return both tables in Markdown, as ``docs/privacy.md`` holds them.

    A cell names what is shown at the levels ``none / number / pin``; a ``?`` behind it says that
    the whole value may be asked for with a reason.
    """
    head = ["field", "masked form", *VIEWERS]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for field in FIELDS:
        value, family = _EXAMPLES[field]
        example = masked(field, value, family_name=family)
        cells = [_WORDS[field], f"`{example}`"]
        cells += [
            " / ".join(_cell(field, viewer, level) for level in LEVELS) for viewer in VIEWERS
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(field: Field, viewer: Viewer, level: Verified) -> str:
    shown = amount(field, viewer, level)
    return f"{shown}?" if shown != "full" and may_ask(field, viewer, level) else shown
