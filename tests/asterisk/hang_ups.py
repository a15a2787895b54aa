"""Where callers may hang up in the menu: every node that says something, and how to come there.

Found by walking the menu over a bank in memory, along keys that change nothing at the bank.
"""

from collections.abc import Mapping

import msgspec

from ivr.config import Flows
from ivr.flow.calendar import Moment
from ivr.flow.simulate import Scenario, simulate
from ivr.prompts import PromptCatalogue
from ivr.testing import demo_bank, services, shipped_router
from ivr.testing_bank import demo_desk

CARD, PIN = "6222020000000018#", "135790"
PROVED = f"{CARD} {PIN}"
WALKS = (
    f"1 1 {PROVED} 1",
    f"1 1 {CARD} 111111 111111 111111",
    f"1 2 {PROVED} 1 9",
    f"1 3 1 {PROVED} 1",
    f"1 3 2 {PROVED} 1",
    f"1 4 1 {PROVED} 1",
    f"1 4 2 {PROVED} 1",
    f"1 4 3 {PROVED} 1",
    "1 5 1 2 3 1001# 3 9999# 9",
    f"1 6 1 {PROVED} 111111 111111",
    f"1 6 2 {PROVED} 1",
    "1 6 3 1 2",
    "1 6 3 2",
    f"1 7 1 {PROVED} 1 2",
    "1 7 2 6222020000099999# 2",
    "9 1 1",
)


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """A place to hang up: after these keys callers hear one of these nodes."""

    keys: tuple[str, ...]
    nodes: frozenset[str]

    def steps(self, seconds: float) -> tuple[str, ...]:
        """Return the steps of a caller who hangs up when so much was heard behind the keys."""
        return (*(step for key in self.keys for step in ("h0.5", f"d{key}")), f"h{seconds}")


async def stations(flows: Flows, catalogue: PromptCatalogue, moment: Moment) -> list[Station]:
    """Return every station of the walks, each once."""
    found: dict[frozenset[str], Station] = {}
    for keys in WALKS:
        for count, nodes in (await _heard_after(flows, catalogue, moment, keys)).items():
            if nodes:
                station = Station(keys=tuple(keys.split()[:count]), nodes=nodes)
                found.setdefault(nodes, station)
    return list(found.values())


async def _heard_after(
    flows: Flows, catalogue: PromptCatalogue, moment: Moment, keys: str
) -> Mapping[int, frozenset[str]]:
    """Return the nodes in which something is heard after so many keys."""
    bank = demo_bank()
    asked = msgspec.structs.replace(services(bank), reader=catalogue, bank=demo_desk(bank))
    scenario = Scenario(flow="main", caller="", keys=keys)
    heard: dict[int, set[str]] = {}
    count, node = 0, ""
    async for line in simulate(
        scenario, flows, asked, shipped_router(), lambda: moment, catalogue.spell
    ):
        if line.what == "node":
            node = line.text
        elif line.what == "hears":
            heard.setdefault(count, set()).add(node)
        elif line.what == "keys":
            count += 1
            if count > len(keys.split()):
                break
    return {number: frozenset(nodes) for number, nodes in heard.items()}
