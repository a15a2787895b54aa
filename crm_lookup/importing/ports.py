"""What importing needs of the storage, and of what seals personal data."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from crm_lookup.importing.records import Customer, Known, Note


class CustomerSink(Protocol):
    """Where customers are written.  Blocks; used by one thread.

    All writing methods are one short transaction each: they have happened or they have not.
    """

    exclusive: bool
    """While it writes, nobody else can: transactions are kept short, with pauses between."""

    def known(self, external_ids: Sequence[str]) -> dict[str, Known]:
        """Return those of the ids that stand for a customer.

        A customer without an external id is found by the bank's own id.
        """

    def taken(self, customer_ids: Sequence[str]) -> set[str]:
        """Return which of the bank's own ids somebody has."""

    def present(self) -> Iterator[list[tuple[str, str]]]:
        """Yield (external id, customer id) of all who came from imports and are not closed."""

    def unfinished(self) -> Note | None:
        """Return the run that is not finished."""

    def begin(self, note: Note) -> None:
        """Note a run whose stage is complete; replaces any other note."""

    def write(
        self, customers: Sequence[Customer], note: Note, *, clock: Callable[[], float]
    ) -> None:
        """Write the customers, and the note with them.

        They are changed at the moment (epoch seconds) at which the transaction holds the
        database: whoever looks for changes since a moment must not miss one that waited.
        """

    def finish(self, note: Note, *, at: float) -> None:
        """Remove the note and leave a line in ``import_runs``."""

    def forget(self) -> None:
        """Remove the note alone: the run is given up."""

    def close(self) -> None: ...


class Sealing(Protocol):
    """Turns personal data into what the database may hold; :class:`crm_lookup.sealing.Sealer`."""

    @property
    def seals(self) -> bool:
        """Whether it does, or leaves everything as it is."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the keys under which it can open values; it seals under the first."""

    def number(self, customer_id: str, e164: str) -> tuple[str, str | None]:
        """Return what the number is found by, and its sealed form if there is one."""

    def text(self, column: str, customer_id: str, value: str) -> str:
        """Return a text as it is stored; ``column`` is one of :mod:`crm_lookup.sealing`."""


class Unsealed:
    """Everything as it is."""

    seals = False
    ids: tuple[str, ...] = ()

    def number(self, customer_id: str, e164: str) -> tuple[str, str | None]:
        return e164, None

    def text(self, column: str, customer_id: str, value: str) -> str:
        return value


UNSEALED: Final = Unsealed()
