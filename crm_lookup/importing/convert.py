"""Rows into customers, by a mapping; or into the reasons why they cannot be.  Pure."""

from collections.abc import Callable
from datetime import date, datetime, time, tzinfo
from hashlib import sha256
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple

import msgspec

from crm_lookup import sealing
from crm_lookup.importing import values, words
from crm_lookup.importing.errors import MappingError
from crm_lookup.importing.mapping_model import ColumnUse, Mapping, Use
from crm_lookup.importing.parts import ConsentReader, HoldingReader, NumbersReader, Place
from crm_lookup.importing.phones import PhoneReader
from crm_lookup.importing.ports import Sealing
from crm_lookup.importing.records import COLUMNS, DETAILS, NO_SEGMENT, Customer, Plan
from crm_lookup.importing.rows import Refused
from crm_lookup.keys import DataKey

_LONGEST_ID: Final = 32
FORMAT: Final = 1
"""Raised when the same row would become another customer than before."""
_FIRST_DAY: Final = date(1900, 1, 1)
_REASON: Final = ("银行系统导入", "Given by the bank's systems")
_PERSONAL: Final = frozenset(("name", "family_name", "birth_date", "birth_year", *DETAILS))
_DEFAULTS: Final[dict[str, str]] = {
    "kind": "person",
    "status": "customer",
    "language": "zh",
}


class _Field(NamedTuple):
    name: str
    place: Place
    read: values.Reader
    default: Any


class Converter:
    """Turns the rows of one file into customers.

    ``now`` (epoch seconds) dates what the file does not date.  Raises :class:`MappingError` when
    the mapping names columns that the header does not hold.
    """

    def __init__(
        self,
        mapping: Mapping,
        header: list[str],
        *,
        key: DataKey,
        phones: PhoneReader,
        region: str,
        seals: Sealing,
        now: float,
        zone: tzinfo,
    ) -> None:
        self._key = key
        self._sealing = seals
        today = datetime.fromtimestamp(now, zone).date()
        self._today = today.isoformat()
        find = _Finder(header)
        uses = {
            name: use
            for name in mapping.columns.__struct_fields__
            if (use := getattr(mapping.columns, name)) is not None
        }
        self._fields = [_field(name, use, find, today) for name, use in uses.items()]
        self._id = next(f.place for f in self._fields if f.name == "external_id")
        self._fields = [f for f in self._fields if f.name != "external_id"]
        self._numbers = [NumbersReader(use, find, phones, seals) for use in mapping.numbers]

        def moment(day: str) -> float:
            return datetime.combine(date.fromisoformat(day), time(), zone).timestamp()

        days = values.day(_FIRST_DAY, today)
        self._consents = [ConsentReader(use, find, days, moment, now) for use in mapping.consents]
        late = values.day(_FIRST_DAY, date(2199, 12, 31))
        self._holdings = [HoldingReader(use, find, days, late) for use in mapping.holdings]
        self._cells = _getter(find.used)
        # Whatever changes how a row is understood changes its mark as well.
        rules = msgspec.json.encode([FORMAT, region, mapping, find.names])
        self._rules = sha256(rules).hexdigest()[:32]
        columns = {"birth_year" if n == "birth_date" else n for n in uses} & set(COLUMNS)
        if "name" in columns:
            columns.add("family_name")
        if "segment" in columns:
            columns |= {"segment_reason_zh", "segment_reason_en"}
        self.plan = Plan(
            columns=tuple(name for name in COLUMNS if name in columns),
            numbers=bool(self._numbers),
            holdings=bool(self._holdings),
            details=tuple(name for name in DETAILS if name in uses),
        )

    def external_id(self, line: int, cells: list[str]) -> str | Refused:
        cell = cells[self._id.at].strip()
        try:
            return values.external_id(cell)
        except ValueError as error:
            return self._id.refused(line, cell, str(error))

    def twin(self, external_id: str, line: int, first: int) -> Refused:
        """Say that an id stood on an earlier line already."""
        return self._id.refused(
            line, external_id, f"stands on line {first:,} already, and here on line {line:,} again"
        )

    def customer_id(self, external_id: str, taken: set[str]) -> str:
        """Return the bank's own id for a new customer: the external one wherever it can be."""
        if len(external_id) <= _LONGEST_ID and external_id not in taken:
            return external_id
        return f"X{self._key.order_key('customer', external_id)[: _LONGEST_ID - 1]}"

    def mark(self, cells: list[str]) -> str:
        """Return the keyed hash of what the mapping takes from a row."""
        return self._key.line_mark(self._rules, self._cells(cells))

    def customer(
        self,
        line: int,
        cells: list[str],
        *,
        change: Literal["added", "changed"],
        customer_id: str,
        external_id: str,
        mark: str,
    ) -> tuple[Customer | None, list[Refused]]:
        """Return the customer unless something is wrong, and what is wrong or was left out."""
        faults: list[Refused] = []
        got: dict[str, Any] = {}
        for name, place, read, default in self._fields:
            cell = cells[place.at].strip()
            if not cell:
                got[name] = default
                continue
            try:
                got[name] = read(cell)
            except ValueError as error:
                faults.append(place.refused(line, cell, str(error)))
        for name in ("name", "since"):
            if name in got and got[name] is None:
                place = next(f.place for f in self._fields if f.name == name)
                faults.append(place.refused(line, "", "is empty"))
        kind = got.get("kind") or "person"
        numbers = NumbersReader.all(self._numbers, line, cells, kind, customer_id, faults)
        consents = [c for reader in self._consents if (c := reader.read(line, cells, faults))]
        holdings = [h for reader in self._holdings for h in reader.read(line, cells, faults)]
        if len({h.product for h in holdings}) < len(holdings):
            faults.append(Refused(line=line, reason="a product stands there twice"))
        details = self._details(line, customer_id, got, faults)
        if any(not fault.left_out for fault in faults):
            return None, faults
        return Customer(
            change,
            customer_id,
            external_id,
            mark,
            self._values(kind, customer_id, got),
            numbers,
            tuple(consents),
            tuple(holdings),
            details,
        ), faults

    def _values(
        self, kind: str, customer_id: str, got: dict[str, Any]
    ) -> tuple[str | int | None, ...]:
        name = got["name"]
        family = got.get("family_name") or ""
        if kind == "company":
            family = ""
        elif not family:
            family = values.family_name(name)
        born = got.get("birth_year")
        if got.get("birth_date"):
            born = int(got["birth_date"][:4])
        zh, en = _REASON if got.get("segment") else NO_SEGMENT
        return (
            kind,
            got.get("status") or "customer",
            self._sealing.text(sealing.NAME, customer_id, name),
            self._sealing.text(sealing.FAMILY_NAME, customer_id, family) if family else "",
            got.get("segment") or "standard",
            zh,
            en,
            got.get("language") or "zh",
            born,
            got.get("gender"),
            got.get("city_code"),
            got.get("since") or self._today,
            got.get("relationship_manager"),
        )

    def _details(
        self, line: int, customer_id: str, got: dict[str, Any], faults: list[Refused]
    ) -> tuple[str | None, ...]:
        if not self.plan.details:
            return ()
        number, kind = got.get("id_number"), got.get("id_kind")
        if number:
            number = number.upper()
            if kind is None:
                kind = "identity_card" if len(number) == 18 and number[:17].isdigit() else None
            fault = values.id_fault(kind or "", number)
            if fault:
                place = next(f.place for f in self._fields if f.name == "id_number")
                faults.append(place.refused(line, number, fault))
        texts = (
            (sealing.ID_NUMBER, number),
            (sealing.ADDRESS, got.get("address")),
            (sealing.EMAIL, got.get("email")),
        )
        return (
            kind,
            *(text and self._sealing.text(column, customer_id, text) for column, text in texts),
        )


class _Finder:
    """Finds columns by their name in the header, or by their place."""

    def __init__(self, header: list[str]) -> None:
        self._header = header
        self.used: list[int] = []
        self.names: list[str] = []

    def __call__(self, column: str, *, personal: bool = False) -> Place:
        wanted = column.strip()
        places = [place for place, name in enumerate(self._header) if name == wanted]
        if not places and wanted.isdecimal() and 0 < int(wanted) <= len(self._header):
            places = [int(wanted) - 1]
        if len(places) != 1:
            names = ", ".join(self._header[:60])
            what = f"{len(places)} columns {wanted!r}" if places else f"no column {wanted!r}"
            raise MappingError(f"the file has {what}; its header: {names}")
        if places[0] not in self.used:
            self.used.append(places[0])
        self.names.append(wanted)
        return Place(places[0], self._header[places[0]], personal)


def _getter(used: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    if len(used) == 1:
        return lambda cells: (cells[used[0]],)
    return itemgetter(*used)


def _field(name: str, use: Use, find: _Finder, today: date) -> _Field:
    if isinstance(use, str):
        use = ColumnUse(column=use)
    place = find(use.column, personal=name in _PERSONAL)
    read = _reader(name, use, today)
    default = _DEFAULTS.get(name)
    if use.default:
        try:
            default = read(use.default)
        except ValueError as error:
            raise MappingError(f"columns.{name}: default {use.default!r} {error}") from None
    return _Field(name, place, read, default)


def _reader(name: str, use: ColumnUse, today: date) -> values.Reader:
    if use.format and name not in ("birth_date", "since"):
        raise MappingError(f"columns.{name}: format belongs to birth_date and since")
    choices = {
        "kind": words.KINDS,
        "status": words.STATUSES,
        "gender": words.GENDERS,
        "language": words.LANGUAGES,
        "segment": words.SEGMENTS,
        "id_kind": words.ID_KINDS,
    }
    if name in choices:
        codes = tuple(dict.fromkeys(choices[name].values()))
        strange = sorted(set(use.values.values()) - set(codes))
        if strange:
            raise MappingError(
                f"columns.{name}: values gives {', '.join(strange)}; accepted: {', '.join(codes)}"
            )
        own = {word.strip().casefold(): code for word, code in use.values.items()}
        return values.choice({**choices[name], **own}, codes)
    if use.values:
        raise MappingError(f"columns.{name}: values belongs to {', '.join(choices)}")
    readers: dict[str, values.Reader] = {
        "external_id": values.external_id,
        "birth_date": values.day(_FIRST_DAY, today, use.format),
        "since": values.day(_FIRST_DAY, today, use.format),
        "birth_year": values.year(1900, today.year),
        "city_code": values.city_code,
        "email": values.email,
        "name": values.text(128),
        "address": values.text(500),
    }
    return readers.get(name, values.text(64))
