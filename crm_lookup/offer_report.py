"""How customers answer offers: by offer, by segment and by agent."""

import sqlite3
from typing import Final, Literal, TypeAlias

import msgspec

By: TypeAlias = Literal["offer", "segment", "agent"]
_COLUMNS: Final[dict[str, str]] = {
    "offer": "offer_id",
    "segment": "COALESCE(segment, 'unknown')",
    "agent": "COALESCE(agent_id, 'unknown')",
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    presented: int
    accepted: int
    declined: int

    @property
    def rate(self) -> float:
        """Accepted of presented, 0 to 1."""
        return self.accepted / self.presented if self.presented else 0.0


def responses(database: sqlite3.Connection, by: By, *, since: float = 0.0) -> list[Line]:
    """Return one line for each offer, segment or agent, by name."""
    column = _COLUMNS[by]
    rows = database.execute(
        f"SELECT {column}, sum(response = 'presented'), sum(response = 'accepted'), "  # noqa: S608 - names from a closed list
        f"sum(response = 'declined') FROM offer_responses WHERE at >= ? GROUP BY 1 ORDER BY 1",
        (since,),
    )
    return [Line(name=n, presented=p, accepted=a, declined=d) for n, p, a, d in rows]
