"""Readers of what a customer has several of: numbers, consents, products."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from crm_lookup.importing import values
from crm_lookup.importing.mapping_model import ConsentUse, HoldingUse, NumberUseOf
from crm_lookup.importing.phones import PhoneReader
from crm_lookup.importing.ports import Sealing
from crm_lookup.importing.records import Consent, Holding, Number
from crm_lookup.importing.rows import Refused
from crm_lookup.importing.words import PRODUCT_WORDS


class Place(NamedTuple):
    """A column of the file."""

    at: int
    column: str
    personal: bool

    def refused(self, line: int, cell: str, reason: str, *, left_out: bool = False) -> Refused:
        return Refused(
            line=line,
            column=self.column,
            shown=values.shown(cell, self.personal),
            reason=reason,
            left_out=left_out,
        )


class Find(Protocol):
    def __call__(self, column: str, *, personal: bool = False) -> Place: ...


class NumbersReader:
    """Reads one column of telephone numbers."""

    def __init__(
        self,
        use: NumberUseOf,
        find: Find,
        phones: PhoneReader,
        sealing: Sealing,
    ) -> None:
        self._use = use
        self._place = find(use.column, personal=True)
        self._phones = phones
        self._sealing = sealing

    @staticmethod
    def all(
        readers: list["NumbersReader"],
        line: int,
        cells: list[str],
        kind: str,
        customer_id: str,
        faults: list[Refused],
    ) -> tuple[Number, ...]:
        """Return a customer's numbers, one of them the primary: the first marked, or the first."""
        found: dict[str, tuple[str, str, bool]] = {}
        for reader in readers:
            reader._read(line, cells, kind, faults, found)
        first = next((n for n, (_, _, marked) in found.items() if marked), next(iter(found), ""))
        made = []
        for e164, (use, relation, _) in found.items():
            key, sealed = readers[0]._sealing.number(customer_id, e164)
            made.append(Number(key, use, e164 == first, relation, sealed))
        return tuple(made)

    def _read(
        self,
        line: int,
        cells: list[str],
        kind: str,
        faults: list[Refused],
        found: dict[str, tuple[str, str, bool]],
    ) -> None:
        use, cell = self._use, cells[self._place.at].strip()
        parts = cell.split(use.separator) if use.separator else (cell,)
        for part in map(str.strip, parts):
            if not part:
                continue
            try:
                phone = self._phones.read(part)
            except ValueError as error:
                faults.append(
                    self._place.refused(line, part, str(error), left_out=use.invalid == "skip")
                )
                continue
            if phone.e164 not in found:
                usual = "mobile" if phone.mobile else "work" if kind == "company" else "home"
                found[phone.e164] = (use.kind or usual, use.relation, use.primary)


class ConsentReader:
    """Reads one consent; an empty cell says nothing."""

    def __init__(
        self,
        use: ConsentUse,
        find: Find,
        day: values.Reader,
        moment: Callable[[str], float],
        now: float,
    ) -> None:
        self._use = use
        self._place = find(use.column)
        self._date = find(use.date) if use.date else None
        self._words = {word.casefold(): False for word in use.refused}
        self._words |= {word.casefold(): True for word in use.granted}
        self._day, self._moment, self._now = day, moment, now
        self._moments: dict[str, float] = {}

    def read(self, line: int, cells: list[str], faults: list[Refused]) -> Consent | None:
        cell = cells[self._place.at].strip()
        if not cell:
            return None
        granted = self._words.get(cell.casefold())
        if granted is None:
            reason = "is neither yes nor no; list it under granted or refused"
            faults.append(self._place.refused(line, cell, reason))
            return None
        at, dated = self._now, False
        if self._date is not None and (said := cells[self._date.at].strip()):
            try:
                at, dated = self._at(self._day(said)), True
            except ValueError as error:
                faults.append(self._date.refused(line, said, str(error)))
                return None
        return Consent(self._use.purpose, at, granted, dated)

    def _at(self, day: str) -> float:
        found = self._moments.get(day)
        if found is None:
            found = self._moments[day] = self._moment(day)
        return found


class HoldingReader:
    """Reads products: one column with the codes of all, or the columns of one."""

    def __init__(
        self, use: HoldingUse, find: Find, past: values.Reader, future: values.Reader
    ) -> None:
        self._use = use
        self._column = find(use.column) if use.column else None
        self._amount = find(use.amount) if use.amount else None
        self._opened = find(use.opened) if use.opened else None
        self._matures = find(use.matures) if use.matures else None
        own = {word.strip().casefold(): code for word, code in use.values.items()}
        self._words = {**PRODUCT_WORDS, **own}
        self._money = values.money(use.unit)
        self._past, self._future = past, future
        granted = ConsentUse(column="", purpose="marketing")
        self._held = {word.casefold(): False for word in granted.refused}
        self._held |= {word.casefold(): True for word in granted.granted}

    def read(self, line: int, cells: list[str], faults: list[Refused]) -> list[Holding]:
        if self._use.product:
            return self._one(line, cells, faults)
        assert self._column is not None  # noqa: S101 - the mapping was checked
        cell = cells[self._column.at].strip()
        codes: dict[str, None] = {}
        for part in cell.split(self._use.separator) if cell else ():
            if not (word := part.strip()):
                continue
            code = self._words.get(word.casefold())
            if code is None:
                reason = "is no product of ours; list it in values"
                faults.append(self._column.refused(line, word, reason))
            else:
                codes[code] = None
        return [Holding(code, None, None, None, None, False) for code in codes]

    def _one(self, line: int, cells: list[str], faults: list[Refused]) -> list[Holding]:
        use = self._use
        if self._column is not None:
            cell = cells[self._column.at].strip()
            held = self._held.get(cell.casefold()) if cell else False
            if held is None:
                faults.append(self._column.refused(line, cell, "is neither yes nor no"))
            if not held:
                return []
        amount = self._value(self._amount, self._money, line, cells, faults)
        if self._column is None and not amount:
            return []
        return [
            Holding(
                use.product,
                self._value(self._opened, self._past, line, cells, faults),
                amount,
                use.currency if amount is not None else None,
                self._value(self._matures, self._future, line, cells, faults),
                True,
            )
        ]

    @staticmethod
    def _value(
        place: Place | None,
        read: values.Reader,
        line: int,
        cells: list[str],
        faults: list[Refused],
    ) -> Any:
        cell = cells[place.at].strip() if place is not None else ""
        if place is None or not cell:
            return None
        try:
            return read(cell)
        except ValueError as error:
            faults.append(place.refused(line, cell, str(error)))
            return None
