"""A flow: named nodes of registered kinds.  Data with the rule of what a visit to it does.

A kind is a small module in :mod:`ivr.flow.kinds` with one class; see :func:`register`.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias, TypeVar, cast

import msgspec

from ivr.errors import UnknownFlowError
from ivr.flow.call import EMERGENCIES, FIRST_TOPIC, Call
from ivr.flow.effects import AnyEffect, Collect, Effect, Play
from ivr.prompt_ids import PromptId
from ivr.secret import Secret

T = TypeVar("T")
Script: TypeAlias = Generator[AnyEffect, Any, T]
"""Yields effects, is sent their results, returns what the visit came to."""

NodeId: TypeAlias = str
Prompts: TypeAlias = tuple[PromptId, ...]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0.5, le=30)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=10)]
Key: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9*#]$")]

MOST_REPEATS: Final = 5
"""How often a caller may hear a question again before that counts as a failed try."""


class Goto(msgspec.Struct, frozen=True):
    """The visit to a node is over and the flow goes on there."""

    target: NodeId


class Node(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"
):
    """Base of all kinds of nodes."""

    targets: ClassVar[tuple[str, ...]] = ()
    """Names of the fields that name another node."""
    target_maps: ClassVar[tuple[str, ...]] = ()
    """Names of the fields that map labels to nodes."""
    texts: ClassVar[tuple[str, ...]] = ("prompts",)
    """Names of the fields that hold prompt ids."""
    inaudible: ClassVar[tuple[str, ...]] = ("topic", "queue", "resume")
    """Names of the fields that change nothing in what the caller hears."""

    topic: str = ""
    """What the caller is about from here on; goes to the agent as the reason of the call."""
    prompts: Prompts = ()
    resume: Prompts = ()
    """Callers with a PIN who are lost from here on are offered this when they call again; until
    they leave the part of the menu, or this node if it stands in no part."""

    def edges(self) -> Iterator[tuple[str, NodeId]]:
        """Yield every way out as (label, node id)."""
        for field in self.targets:
            if target := getattr(self, field):
                yield field, target
        for field in self.target_maps:
            yield from getattr(self, field).items()

    def place(self, label: str) -> tuple[str | int, ...]:
        """Return where a way out stands in the node's file, for messages."""
        for field in self.target_maps:
            if label in getattr(self, field):
                return field, label
        return (label,)

    def led(self, to: Callable[[NodeId], NodeId]) -> Self:
        """Return the node with every way out leading to what ``to`` makes of its target."""
        changed: dict[str, object] = {
            field: to(target) for field in self.targets if (target := getattr(self, field))
        }
        for field in self.target_maps:
            ways = getattr(self, field)
            changed[field] = {label: to(target) for label, target in ways.items()}
        return msgspec.structs.replace(self, **changed)

    def ways(self, pin: bool) -> Iterator[tuple[str, NodeId, bool]]:
        """Yield the ways out (label, node id, PIN shown after it) of a caller.

        ``pin`` tells whether the caller has shown the PIN before.
        """
        for label, target in self.edges():
            yield label, target, pin

    def quiet(self, pin: bool) -> Iterable[str]:
        """Return the labels of the ways on which a caller is led who keys nothing here."""
        return [label for label, _, _ in self.ways(pin)]

    def prompt_ids(self) -> Iterator[PromptId]:
        """Yield every prompt that the node names itself."""
        for field in (*self.texts, "resume"):
            yield from getattr(self, field)

    def run(self, flow: "Flow", call: Call) -> Script[Goto | None]:
        """Visit the node; ``None`` means that the flow is over."""
        raise NotImplementedError


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One voice menu.  Calls keep the object that they began with."""

    name: str
    start: NodeId
    nodes: Mapping[NodeId, Node]
    everywhere: Mapping[Key, NodeId] = {}
    """Keys that mean the same in every node (for inputs: if nothing else was keyed)."""
    exits: frozenset[str] = frozenset()
    """The ways back of a flow that is a part of others; empty for one that callers begin with."""


class FlowSet(msgspec.Struct, frozen=True):
    """The loaded flows by name."""

    flows: Mapping[str, Flow]

    def get(self, name: str) -> Flow:
        """Return a flow; raise :class:`UnknownFlowError` naming the known ones."""
        try:
            flow = self.flows[name]
        except KeyError:
            known = ", ".join(sorted(self.flows)) or "none"
            raise UnknownFlowError(
                f"no flow {name[:40]!r} is loaded (loaded: {known}); add dialplans/flows/"
                f"<name>.yaml or correct the number's flow in the settings"
            ) from None
        if flow.exits:
            raise UnknownFlowError(
                f"the flow {name!r} is a part of other flows (it has 'return' nodes), and no call "
                "can begin with it; name a flow that uses it"
            )
        return flow

    def topics(self) -> tuple[str, ...]:
        """Return every topic that a node sets, the first of every call, and the emergencies."""
        found = {node.topic for flow in self.flows.values() for node in flow.nodes.values()}
        return tuple(sorted((found | EMERGENCIES | {FIRST_TOPIC}) - {""}))


KINDS: Final[dict[str, type[Node]]] = {}
"""Every kind of node by its name in the flow files."""

NodeT = TypeVar("NodeT", bound=Node)


def register(kind: type[NodeT]) -> type[NodeT]:
    """Class decorator: make a kind of node known under its tag."""
    KINDS[str(kind.__struct_config__.tag)] = kind
    return kind


def do(effect: Effect[T]) -> Script[T]:
    """Yield one effect and return its result."""
    return cast(T, (yield cast(AnyEffect, effect)))


def say(flow: Flow, call: Call, prompts: Prompts) -> Script[Goto | None]:
    """Play prompts.  A key ends them: it works everywhere, or belongs to the next question."""
    if not prompts or call.typed:
        return None
    key = yield from do(Play(prompts=prompts))
    if key is None:
        return None
    if key in flow.everywhere:
        return Goto(flow.everywhere[key])
    call.typed = Secret(key)
    return None


class Question(Node, frozen=True, kw_only=True):
    """Base of the nodes that ask for keys."""

    targets: ClassVar[tuple[str, ...]] = ("failed",)
    texts: ClassVar[tuple[str, ...]] = ("prompts", "no_input", "invalid")

    def quiet(self, pin: bool) -> Iterable[str]:
        return ("failed",)

    failed: NodeId
    """Where the caller goes after ``tries`` failures."""
    wait: Seconds = 6.0
    """Seconds for the first key, after the prompts."""
    between: Seconds = 4.0
    """Seconds for each further key."""
    tries: Count = 3
    no_input: Prompts = ()
    """Said before the question is asked again because nothing was keyed."""
    invalid: Prompts = ()
    """Said before the question is asked again because of what was keyed."""

    def ask(
        self,
        flow: Flow,
        call: Call,
        collect: Callable[[Prompts, Secret], Collect],
        accept: Callable[[Secret], T | None],
        said: Prompts = (),
    ) -> Script[T | Goto]:
        """Ask until ``accept`` makes something of the digits, or give up after ``tries``.

        ``said`` goes before the question the first time.
        """
        failures = repeats = 0
        while failures < self.tries:
            keyed = yield from do(collect(said + self.prompts, call.take_typed()))
            said = ()
            if len(keyed.digits) == 1 and (key := keyed.digits.reveal()) in flow.everywhere:
                return Goto(flow.everywhere[key])
            if keyed.ended == "cleared" and repeats < MOST_REPEATS:
                repeats += 1
                continue
            if keyed.ended == "timeout" and not keyed.digits:
                failures, said = failures + 1, self.no_input
                continue
            if keyed.ended != "cleared" and (found := accept(keyed.digits)) is not None:
                return found
            failures, said = failures + 1, self.invalid
        return Goto(self.failed)
