"""No agent's page is ever sent a frame about another's call, whatever happens in between."""

import random
from collections.abc import Callable

from agent_console.config import DEFAULT_CATALOGUE
from agent_console.hub import Hub
from agent_console.messages import ENVELOPE_DECODER, Resume, Welcome
from agent_console.testing import FakeEngine
from agent_console.tickets import Pass
from tests.unit.console_kit import pass_of, pop
from tests.unit.socket_kit import FakeClock

AGENTS = 40
POPS = 10_000


class Seat:
    """One page: remembers the calls that were named to it, and where its knowledge ends."""

    def __init__(self) -> None:
        self.calls: set[str] = set()
        self.frames = 0
        self.seen = Resume(stream="", seq=0)

    def offer(self, frame: str) -> None:
        self.frames += 1
        envelope = ENVELOPE_DECODER.decode(frame)
        message = envelope.message
        if isinstance(message, Welcome):
            self.seen = Resume(stream=message.stream, seq=envelope.seq)
        self.seen = Resume(stream=self.seen.stream, seq=envelope.seq)
        named = [pop.call_id for pop in getattr(message, "pops", ())]
        if (raised := getattr(message, "pop", None)) is not None:
            named.append(raised.call_id)
        if (call_id := getattr(message, "call_id", None)) is not None:
            named.append(call_id)
        self.calls |= set(named)

    def close(self, code: int) -> None:
        raise AssertionError(code)


def test_ten_thousand_random_pops_reach_their_agents_alone() -> None:
    chance = random.Random(7)  # noqa: S311 - to choose, not to hide
    clock = FakeClock()
    engine = FakeEngine(clock)
    hub = Hub(engine, DEFAULT_CATALOGUE, clock)
    hub.start()
    pages: dict[str, tuple[Seat, Pass]] = {}
    wanted: dict[str, set[str]] = {str(n): set() for n in range(AGENTS)}
    got: dict[str, set[str]] = {str(n): set() for n in range(AGENTS)}
    frames = 0

    def sit(agent: str, resume: Resume | None = None) -> None:
        seat, holder = Seat(), pass_of(agent, f"s{agent}", now=clock())
        hub.join(seat, holder, resume)
        pages[agent] = (seat, holder)

    for agent in wanted:
        sit(agent)
    for n in range(POPS):
        agent = str(chance.randrange(AGENTS))
        call_id = f"c{n}"
        wanted[agent].add(call_id)
        engine.ring(agent, pop(call_id))
        more: list[Callable[[], None]] = [
            lambda a=agent, c=call_id: engine.complete(a, c, None),  # type: ignore[misc]
            lambda a=agent, c=call_id: engine.connect(a, c),  # type: ignore[misc]
            engine.set_queues,
            engine.resynchronise,
        ]
        if n % 50:
            more.pop()
        for step in chance.sample(more, chance.randrange(len(more))):
            step()
        if chance.random() < 0.3:  # a line breaks, and the page comes back at once or afresh
            who = str(chance.randrange(AGENTS))
            seat, holder = pages[who]
            hub.leave(seat, holder)
            got[who] |= seat.calls
            frames += seat.frames
            sit(who, seat.seen if chance.random() < 0.8 else None)
        engine.withdraw(agent, call_id)
    for agent, (seat, _) in pages.items():
        got[agent] |= seat.calls
        frames += seat.frames
    assert frames > 2 * POPS
    assert got == wanted
