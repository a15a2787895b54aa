"""The state of one call in the menu, as the flow sees it."""

from collections.abc import Mapping
from typing import Final

import msgspec

from crm_lookup.model import CustomerId, Recognition
from cti.core.events import VerifiedLevel
from ivr.flow.effects import Claim
from ivr.ports import MenuPlace, Reader
from ivr.prompt_ids import Language
from ivr.secret import Secret
from ivr.values import Value

LONGEST_PATH: Final = 255
"""Characters of the menu path that are kept."""

FIRST_TOPIC: Final = "general"
"""What a caller is about whom no node has asked yet."""


EMERGENCIES: Final = frozenset({"fraud", "lost_card"})
"""Topics that routing rules may name whatever the menus ask: the shipped rules do."""


class Call(msgspec.Struct, kw_only=True):
    """Facts about the call; only the engine and the nodes change them."""

    call_id: str
    language: Language
    default_queue: str
    reader: Reader
    dnis: str = ""
    """The number that was dialled; empty if the dialplan did not say."""
    recognition: Recognition | None = None
    """``None`` while the look-up is running."""
    customer_id: CustomerId | None = None
    verified: VerifiedLevel = "none"
    segment: str = ""
    """Value segment of ``customer_id``; only for the queue, never for anything audible."""
    topic: str = FIRST_TOPIC
    """Why the caller would want a person now."""
    claim: Claim | None = None
    pin_failures: int = 0
    typed: Secret = Secret()
    """Keys that ended a prompt and belong to the next question."""
    values: dict[str, str] = msgspec.field(default_factory=dict)
    """What ``set`` nodes noted; never leaves the menu."""
    facts: dict[str, Value] = msgspec.field(default_factory=dict)
    """What the bank's services found, for ``say`` nodes and later services."""
    rows: tuple[Mapping[str, Value], ...] = ()
    """The rows of the last look-up."""
    cursor: str = ""
    """Where the next page of the last look-up begins; empty if there is none."""
    kept: dict[str, Secret] = msgspec.field(default_factory=dict)
    """What ``collect`` nodes took."""
    place: MenuPlace | None = None
    """Where the caller would go on after being lost now."""
    asked: int = 0
    """Requests to the bank's services in this call."""
    path: list[str] = msgspec.field(default_factory=list)

    @property
    def menu_path(self) -> str:
        """The nodes that were visited, joined by ``>``; the oldest are dropped first."""
        return ">".join(self.path)

    def enter(self, node: str, flow: str, *, is_item: bool) -> None:
        """Note that ``node`` of a flow was reached.

        ``is_item``: who is lost from here on can go on here.
        """
        if is_item and self.verified == "pin":
            self.place = MenuPlace(flow=flow, node=node, topic=self.topic, cursor=self.cursor)
        elif self.place is not None and not _is_within(node, self.place.node):
            self.place = None
        self.path.append(node)
        while len(self.menu_path) > LONGEST_PATH and len(self.path) > 1:
            del self.path[0]

    def take_typed(self) -> Secret:
        """Hand out the keys that were typed ahead, once."""
        typed, self.typed = self.typed, Secret()
        return typed


def _is_within(node: str, item: str) -> bool:
    """Tell whether a node stands in the same part of the menu; outside parts each is alone."""
    part, dot, _ = item.rpartition(".")
    return node == item or (bool(dot) and node.startswith(part + dot))
