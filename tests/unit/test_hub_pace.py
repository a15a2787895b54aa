"""What all pages are told comes in parts, so that one agent's pop never waits for all of them."""

from collections.abc import Callable

from agent_console.config import DEFAULT_CATALOGUE
from agent_console.hub import AT_ONCE, Hub
from agent_console.messages import (
    ENVELOPE_DECODER,
    CloseCode,
    PopRaised,
    QueueSummary,
    ServerMessage,
)
from agent_console.ports import Addressed
from agent_console.testing import FakeEngine
from tests.unit.console_kit import QUEUES, pass_of, pop
from tests.unit.socket_kit import FakeClock

NEWS = QueueSummary(queues=QUEUES)
PAGES = 3 * AT_ONCE


class Page:
    """A seat that keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[ServerMessage] = []

    def offer(self, frame: str) -> None:
        self.got.append(ENVELOPE_DECODER.decode(frame).message)

    def close(self, code: CloseCode) -> None:
        raise AssertionError(code)


class Floor:
    """A hub with many pages, and the work that it put off."""

    def __init__(self) -> None:
        self.later: list[Callable[[], None]] = []
        self.hub = Hub(FakeEngine(FakeClock()), DEFAULT_CATALOGUE, FakeClock(), self.later.append)
        self.pages = [Page() for _ in range(PAGES)]
        for number, page in enumerate(self.pages):
            self.hub.join(page, pass_of(str(number)), None)
            page.got.clear()

    def run(self) -> None:
        while self.later:
            self.later.pop(0)()

    def told(self) -> int:
        return sum(bool(page.got) for page in self.pages)


def test_a_pop_goes_out_before_all_pages_have_the_summary() -> None:
    floor = Floor()
    floor.hub.deliver(Addressed(agent_id=None, message=NEWS))
    assert floor.told() == AT_ONCE
    last = str(PAGES - 1)
    floor.hub.deliver(Addressed(agent_id=last, message=PopRaised(pop=pop())))
    assert [type(m) for m in floor.pages[-1].got] == [PopRaised]
    floor.run()
    assert [type(m) for m in floor.pages[-1].got] == [PopRaised, QueueSummary]
    assert all(NEWS in page.got for page in floor.pages)


def test_news_that_come_meanwhile_replace_what_is_still_to_be_told() -> None:
    floor = Floor()
    newer = QueueSummary(queues=())
    floor.hub.deliver(Addressed(agent_id=None, message=NEWS))
    floor.hub.deliver(Addressed(agent_id=None, message=newer))
    assert len(floor.later) == 1, "one thread of work at a time"
    floor.run()
    assert [page.got for page in floor.pages[:AT_ONCE]] == [[NEWS, newer]] * AT_ONCE
    assert [page.got for page in floor.pages[AT_ONCE:]] == [[newer]] * (PAGES - AT_ONCE)
