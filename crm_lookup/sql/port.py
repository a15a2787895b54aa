"""What the customers' statements need of a database, and how a statement is written.

A statement is one constant text that both SQLite and PostgreSQL understand, with named parameters
(``:name``).  Constant, because both drivers keep a text that they know prepared.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Protocol, TypeAlias

from crm_lookup.errors import CrmError

Kind: TypeAlias = Literal["text", "bigint", "double precision"]
"""Type of a parameter; PostgreSQL cannot always tell it from where the parameter stands."""

_NAME: Final = re.compile(r"(?<!:):([a-z_]+)")


class ConflictError(CrmError):
    """A statement would have broken a rule of the schema; nothing was changed."""


class Statement:
    """One SQL text; ``kinds`` are the types of those parameters that are no text."""

    __slots__ = ("dollars", "names", "text")

    def __init__(self, text: str, **kinds: Kind) -> None:
        self.text = text
        """With ``:name``, as SQLite reads it."""
        self.names: tuple[str, ...] = tuple(dict.fromkeys(_NAME.findall(text)))
        """The parameters in the order of ``$1``, ``$2``, …"""
        unknown = kinds.keys() - set(self.names)
        if unknown:
            raise ValueError(f"the statement has no parameter {', '.join(sorted(unknown))}")
        place = {
            name: f"CAST(${number} AS {kinds.get(name, 'text')})"
            for number, name in enumerate(self.names, 1)
        }
        self.dollars = _NAME.sub(lambda found: place[found[1]], text)
        """With ``$1``, as PostgreSQL reads it."""

    def values(self, named: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the values in the order of :attr:`dollars`."""
        return tuple(named[name] for name in self.names)


class Database(Protocol):
    """Runs statements; rows are sequences in the order of their columns.

    Every method raises :class:`ConflictError`, or :class:`crm_lookup.errors.NotReadyError` when
    the database cannot be reached or does not answer in time.
    """

    async def read(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return the rows; never waits behind a write of the same process."""

    async def write(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Any]:
        """Carry out one change, durable when this returns, and return what it says."""

    async def write_all(self, changes: Sequence[tuple[Statement, Mapping[str, Any]]]) -> None:
        """Carry out the changes in one transaction: all or none."""

    async def close(self) -> None:
        """Give back what was opened."""
