"""Finds what a well-formed flow still does wrong to its callers.  No I/O beyond ``known``.

The loader (:mod:`ivr.flow.loader`) refuses what cannot run.  This module walks the graph of a flow
for callers before and after the PIN and names dead ends, nodes that nobody reaches, missing
prompts, questions that do not help, circles, and what a stranger could learn before the PIN.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final, Protocol

import msgspec

from ivr.flow.kinds.account import AccountNode
from ivr.flow.kinds.bank import LookupNode
from ivr.flow.kinds.branch import BranchNode
from ivr.flow.kinds.choose import ChooseNode
from ivr.flow.kinds.collect import CollectNode
from ivr.flow.kinds.language import LanguageNode
from ivr.flow.kinds.resume import ResumeNode
from ivr.flow.kinds.say import SayNode
from ivr.flow.kinds.set import SetNode
from ivr.flow.kinds.transfer import TransferNode
from ivr.flow.linker import FlowFile
from ivr.flow.model import Flow, Node, NodeId, Question
from ivr.flow.yaml_marks import Path_
from ivr.prompt_ids import LANGUAGES, Language

State = tuple[NodeId, bool]
"""A node, and whether the caller has shown the PIN when coming there."""


class Texts(Protocol):
    """What is known of prompts; :class:`ivr.prompts.PromptCatalogue` answers it."""

    def has_text(self, prompt_id: str, language: Language) -> bool: ...

    def has_recording(self, prompt_id: str, language: Language) -> bool: ...

    def slots(self, sentence: str, language: Language) -> Collection[str] | None: ...


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What exists outside the flow; ``None`` leaves a check out."""

    prompts: Texts | None = None
    queues: Collection[str] | None = None
    transfers: Collection[str] | None = None
    """Names of the numbers to which callers may be put through."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One fault; ``str()`` is the line for people."""

    file: str
    line: int
    rule: str
    node: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: node {self.node!r}: {self.problem} [{self.rule}]"


def lint(file: FlowFile, known: Known) -> list[Finding]:
    """Return every fault of a flow, in the order of its lines."""
    return sorted(set(_Linter(file, known).findings()))


class _Linter:
    def __init__(self, file: FlowFile, known: Known) -> None:
        self._places: Final = file.places
        self._flow: Final = file.flow
        self._known: Final = known
        self._ways: Final = ways(file.flow)

    def findings(self) -> Iterator[Finding]:
        yield from self._unreachable()
        yield from self._dead_ends()
        yield from self._circles()
        yield from self._before_the_pin()
        for name, node in self._flow.nodes.items():
            yield from self._queue(name, node)
            yield from self._question(name, node)
            yield from self._prompts(name, node)
            yield from self._sentences(name, node)
            yield from self._transfer(name, node)
            yield from self._resume(name, node)

    def _found(self, rule: str, name: NodeId, problem: str, at: Path_ = ()) -> Finding:
        source, there = self._places[name]
        line = source.line(("nodes", there, *at))
        return Finding(file=str(source.path), line=line, rule=rule, node=there, problem=problem)

    def _unreachable(self) -> Iterator[Finding]:
        reached = {self._places[name] for name, _ in self._ways}  # a part may stand in twice
        for name in self._flow.nodes:
            if self._places[name] not in reached:
                yield self._found(
                    "unreachable",
                    name,
                    "no caller comes here; remove it, or let another node lead to it",
                )

    def _dead_ends(self) -> Iterator[Finding]:
        ending = {state for state, out in self._ways.items() if not out}
        grew = True
        while grew:
            more = {
                state
                for state, out in self._ways.items()
                if state not in ending and any(target in ending for _, target in out)
            }
            grew = bool(more)
            ending |= more
        for name in dict.fromkeys(name for name, pin in self._ways if (name, pin) not in ending):
            yield self._found(
                "dead-end",
                name,
                "no way leads from here to a queue or a hang-up; give it one",
            )

    def _circles(self) -> Iterator[Finding]:
        """Report each circle once, at the node of it that stands first in the file."""
        quiet: dict[State, list[State]] = {}
        for (name, pin), out in self._ways.items():
            labels = set(self._flow.nodes[name].quiet(pin))
            quiet[name, pin] = [target for label, target in out if label in labels]
        order = list(self._flow.nodes)
        told: set[NodeId] = set()
        for state in sorted(quiet, key=lambda one: order.index(one[0])):
            ahead = _reached(quiet, state)
            if state[0] in told or state not in ahead:
                continue
            circle = {one[0] for one in ahead if state in _reached(quiet, one)}
            told |= circle
            shown = " > ".join([*(n for n in order if n in circle), state[0]])
            yield self._found(
                "endless-loop",
                state[0],
                f"a caller who keys nothing goes round for ever ({shown}); lead one way of the "
                "circle out of it, best to a person",
            )

    def _before_the_pin(self) -> Iterator[Finding]:
        heard = audible_classes(self._flow, self._ways)
        for name, pin in self._ways:
            node = self._flow.nodes[name]
            if pin or self._flow.exits:  # who uses a part may have asked for the PIN before
                continue
            if isinstance(node, AccountNode | LookupNode) and node.needs_pin:
                yield self._found(
                    "account-before-pin",
                    name,
                    "callers come here who have not shown the PIN, and are only turned away; "
                    "lead them through verify_pin",
                    ("kind",),
                )
            if isinstance(node, BranchNode) and node.is_personal:
                arms = {label: heard[target] for label, target in self._ways[name, pin]}
                if len(set(arms.values())) > 1:
                    yield self._found(
                        "heard-before-pin",
                        name,
                        f"before the PIN callers hear from here who was recognised (by {node.on}: "
                        f"{', '.join(arms)}); put verify_pin before it, or let all sound alike",
                        ("on",),
                    )

    def _queue(self, name: NodeId, node: Node) -> Iterator[Finding]:
        queue, queues = getattr(node, "queue", None), self._known.queues
        if queue and queues is not None and queue not in queues:
            yield self._found(
                "unknown-queue",
                name,
                f"the settings have no queue {queue!r}; accepted: {', '.join(queues) or 'none'}",
                ("queue",),
            )

    def _question(self, name: NodeId, node: Node) -> Iterator[Finding]:
        if isinstance(node, Question | LanguageNode) and not node.prompts:
            yield self._found(
                "silent-question", name, "asks without a word; add 'prompts' that say what to key"
            )
        if isinstance(node, Question) and node.tries > 1:
            for field, when in (("no_input", "keys nothing"), ("invalid", "keys nonsense")):
                if not getattr(node, field):
                    yield self._found(
                        f"no-{field.replace('_', '-')}",
                        name,
                        f"a caller who {when} is asked again without being told why; "
                        f"add {field!r}, or set 'tries: 1'",
                    )

    def _prompts(self, name: NodeId, node: Node) -> Iterator[Finding]:
        prompts = self._known.prompts
        if prompts is None:
            return
        for field in (*node.texts, "resume"):
            for number, prompt in enumerate(getattr(node, field)):
                at = (field, number)
                for language in LANGUAGES:
                    if not prompts.has_text(prompt, language):
                        yield self._found(
                            "no-text",
                            name,
                            f"prompt {prompt!r} has no text in {language}; add it to "
                            f"dialplans/prompts/{language}.yaml",
                            at,
                        )
                    elif not prompts.has_recording(prompt, language):
                        yield self._found(
                            "no-recording",
                            name,
                            f"prompt {prompt!r} has no recording in {language}; render or import "
                            "it (hotline prompts)",
                            at,
                        )

    def _sentences(self, name: NodeId, node: Node) -> Iterator[Finding]:
        prompts = self._known.prompts
        if prompts is None or not isinstance(node, SayNode | ChooseNode):
            return
        given = {"position"} if isinstance(node, SayNode) else {"key"}
        for other in self._flow.nodes.values():
            if isinstance(other, LookupNode | AccountNode):
                given |= other.gives
        for field in node.spoken:
            for number, sentence in enumerate(getattr(node, field)):
                for language in LANGUAGES:
                    slots = prompts.slots(sentence, language)
                    if slots is None:
                        yield self._found(
                            "no-text",
                            name,
                            f"there is no sentence {sentence!r} in {language}; add it to "
                            f"dialplans/prompts/{language}.yaml",
                            (field, number),
                        )
                    elif self._flow.exits:
                        continue  # who uses a part may have asked before
                    elif unknown := sorted(set(slots) - given):
                        yield self._found(
                            "unknown-value",
                            name,
                            f"sentence {sentence!r} needs {unknown[0]!r}, which no look-up and no "
                            f"action of this flow gives; given: {', '.join(sorted(given))}",
                            (field, number),
                        )

    def _resume(self, name: NodeId, node: Node) -> Iterator[Finding]:
        begins = isinstance(node, LookupNode | CollectNode) or (
            isinstance(node, AccountNode) and node.action == "balance"
        )
        if node.resume and not begins:
            yield self._found(
                "resume-midway",
                name,
                "nobody can go on here in another call: what the nodes before found is missing; "
                "put 'resume' on a 'lookup', a 'collect' or the action 'balance'",
                ("resume",),
            )
        if isinstance(node, ResumeNode) and (name, False) in self._ways and not self._flow.exits:
            yield self._found(
                "resume-before-pin",
                name,
                "callers come here who have not shown the PIN, and are never offered anything; "
                "put it behind verify_pin",
                ("kind",),
            )

    def _transfer(self, name: NodeId, node: Node) -> Iterator[Finding]:
        allowed = self._known.transfers
        if isinstance(node, TransferNode) and allowed is not None and node.to not in allowed:
            yield self._found(
                "unknown-transfer",
                name,
                f"the settings allow no transfer {node.to!r}; "
                f"accepted: {', '.join(allowed) or 'none'}",
                ("to",),
            )


def ways(flow: Flow) -> dict[State, list[tuple[str, State]]]:
    """Return every state that a caller can come to, with the ways out of it."""
    found: dict[State, list[tuple[str, State]]] = {}
    waiting: list[State] = [(flow.start, False)]
    while waiting:
        state = waiting.pop()
        if state in found:
            continue
        name, pin = state
        node = flow.nodes[name]
        out = [(label, (target, after)) for label, target, after in node.ways(pin)]
        if out and _listens(node):
            taken = {label for label, _ in out}
            out += [
                (key, (target, pin)) for key, target in flow.everywhere.items() if key not in taken
            ]
        found[state] = out
        waiting += [target for _, target in out]
    return found


def audible_classes(flow: Flow, out: Mapping[State, list[tuple[str, State]]]) -> dict[State, int]:
    """Put states together from which callers, whatever they key, hear the same.

    Nodes without a word are looked through, unless they note what a later branch asks for.  A
    branch on the person counts as its first arm: if its arms differ, the branch itself is
    reported.
    """
    through = {state: _through(flow, out, state) for state in out}
    speaking = sorted(set(through.values()))
    classes = _numbered({state: _sound(flow, state[0]) for state in speaking})
    while True:
        finer = _numbered(
            {
                state: (
                    classes[state],
                    tuple(sorted((label, classes[through[to]]) for label, to in out[state])),
                )
                for state in speaking
            }
        )
        if len(set(finer.values())) == len(set(classes.values())):
            return {state: classes[end] for state, end in through.items()}
        classes = finer


def _through(flow: Flow, out: Mapping[State, list[tuple[str, State]]], state: State) -> State:
    """Return the first state from ``state`` on that can be told from others."""
    seen: set[State] = set()
    while state not in seen:
        seen.add(state)
        node = flow.nodes[state[0]]
        targets = [target for _, target in out[state]]
        is_personal = isinstance(node, BranchNode) and node.is_personal
        is_told = _listens(node) or _notes(flow, node)
        if not targets or is_told or (len(set(targets)) > 1 and not is_personal):
            break
        state = targets[0]
    return state


def _notes(flow: Flow, node: Node) -> bool:
    """Whether the node leaves something behind on which a later branch may depend."""
    return isinstance(node, SetNode) or (bool(node.topic) and _asks_topic(flow))


def _asks_topic(flow: Flow) -> bool:
    return any(isinstance(node, BranchNode) and node.on == "topic" for node in flow.nodes.values())


def _sound(flow: Flow, name: NodeId) -> object:
    node = flow.nodes[name]
    hidden = {*node.targets, *node.inaudible}
    if _asks_topic(flow):
        hidden.discard("topic")
    return (
        type(node).__name__,
        *(
            (field, repr(getattr(node, field)))
            for field in node.__struct_fields__
            if field not in hidden
        ),
    )


def _numbered(keys: Mapping[State, object]) -> dict[State, int]:
    numbers: dict[object, int] = {}
    return {state: numbers.setdefault(key, len(numbers)) for state, key in keys.items()}


def _listens(node: Node) -> bool:
    """Whether the caller hears something here, and can key meanwhile."""
    return isinstance(node, Question | LanguageNode | SayNode) or any(
        getattr(node, field) for field in node.texts
    )


def _reached(graph: Mapping[State, list[State]], state: State) -> set[State]:
    found: set[State] = set()
    waiting = list(graph[state])
    while waiting:
        if (one := waiting.pop()) not in found:
            found.add(one)
            waiting += graph[one]
    return found
