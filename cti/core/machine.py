"""State tables: state × input → state.  What a table does not have raises, changing nothing."""

from collections.abc import Mapping
from typing import Generic, TypeVar

StateT = TypeVar("StateT", bound=str)


class IllegalTransitionError(Exception):
    """The table has no row for this input in this state."""

    def __init__(self, machine: str, state: str, symbol: str) -> None:
        """Name the machine, its state and the input that it refused."""
        super().__init__(f"{machine} in state {state!r} does not accept {symbol!r}")
        self.machine = machine
        self.state = state
        self.symbol = symbol


class Table(Generic[StateT]):
    """A transition table that can print itself."""

    def __init__(self, name: str, initial: StateT, rows: Mapping[StateT, Mapping[str, StateT]]):
        """``rows`` maps each state to the inputs that it accepts and the states they lead to."""
        self.name = name
        self.initial = initial
        self.rows = rows
        unknown = {s for row in rows.values() for s in row.values()} - set(rows)
        if unknown:
            raise ValueError(f"table {name} leads to states without a row: {sorted(unknown)}")

    def next(self, state: StateT, symbol: str) -> StateT:
        """Return the state after ``symbol``; raise :class:`IllegalTransitionError` if none."""
        try:
            return self.rows[state][symbol]
        except KeyError:
            raise IllegalTransitionError(self.name, state, symbol) from None

    def accepts(self, state: StateT, symbol: str) -> bool:
        """Say whether ``symbol`` is legal in ``state``."""
        return symbol in self.rows[state]

    def mermaid(self) -> str:
        """Return the table as a Mermaid state diagram; inputs that share an arrow share a line."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        for state, row in self.rows.items():
            arrows: dict[str, list[str]] = {}
            for symbol, target in row.items():
                arrows.setdefault(target, []).append(symbol)
            lines += [f"    {state} --> {to}: {', '.join(by)}" for to, by in arrows.items()]
            if not row:
                lines.append(f"    {state} --> [*]")
        return "\n".join(lines) + "\n"
