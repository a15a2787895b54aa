"""The supervised AMI connection against a scripted manager on a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from cti.ami import client as client_module
from cti.ami.client import AmiClient, AmiConfig
from cti.ami.framing import Message
from cti.ami_actions import Action, queue_pause
from cti.errors import AmiOutcomeUnknownError, AmiUnavailableError


class Manager:
    """Answers logins and pings as Asterisk does; a test may freeze it or cut the line."""

    def __init__(self) -> None:
        self.port = 0
        self.actions: list[dict[str, str]] = []
        self.frozen = False
        self.mute: set[str] = set()
        self.refuse_login = False
        self.close_at_once = 0
        self.sessions = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def publish(self, text: bytes) -> None:
        for writer in self._writers:
            writer.write(text)

    def names(self) -> list[str]:
        return [a["Action"] for a in self.actions if a["Action"] != "Ping"]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.append(task)
        if self.close_at_once:
            self.close_at_once -= 1
            writer.transport.abort()
            return
        self._writers.append(writer)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                block = (await reader.readuntil(b"\r\n\r\n")).decode()
                lines = [line.partition(": ") for line in block.split("\r\n") if line]
                action = {key: value for key, _, value in lines}
                self.actions.append(action)
                if not self.frozen and action["Action"] not in self.mute:
                    self._answer(writer, action)
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    def _answer(self, writer: asyncio.StreamWriter, action: dict[str, str]) -> None:
        login = action["Action"] == "Login"
        word = "Error" if login and self.refuse_login else "Success"
        writer.write(f"Response: {word}\r\nActionID: {action['ActionID']}\r\n\r\n".encode())
        if login and not self.refuse_login:
            writer.write(b"Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n")


class Line:
    """A client and what it reported."""

    def __init__(self, manager: Manager) -> None:
        self.events: list[Message] = []
        self.ready = asyncio.Semaphore(0)
        self.down: asyncio.Queue[str] = asyncio.Queue()
        self.client = AmiClient(
            AmiConfig(
                port=manager.port,
                username="cti",
                secret="x",
                first_retry=0.01,
                longest_retry=0.02,
                timeout=0.3,
            ),
            on_event=self.events.append,
            on_ready=self.ready.release,
            on_down=self.down.put_nowait,
        )


@pytest.fixture
async def manager(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Manager]:
    monkeypatch.setattr(client_module, "PING_EVERY", 0.02)
    manager = Manager()
    await manager.start()
    yield manager
    await manager.stop()


@pytest.fixture
async def line(manager: Manager) -> AsyncIterator[Line]:
    line = Line(manager)
    await line.client.start()
    yield line
    await line.client.stop()


async def _soon(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 -- the far end has no event to wait for
            await asyncio.sleep(0.005)


async def test_it_signs_in_and_reports_when_asterisk_is_booted(
    manager: Manager, line: Line
) -> None:
    await line.ready.acquire()
    assert manager.actions[0]["Action"] == "Login"
    assert manager.actions[0]["Username"] == "cti"
    assert (await line.client.request(queue_pause("PJSIP/1001", "lunch"))).success


async def test_it_pings_and_hands_on_events(manager: Manager, line: Line) -> None:
    await line.ready.acquire()
    await _soon(lambda: sum(a["Action"] == "Ping" for a in manager.actions) > 3)
    manager.publish("Event: Newstate\r\nCallerIDName: 王芳\r\n\r\n".encode())
    await _soon(lambda: len(line.events) == 1)
    assert line.events[0].get("CallerIDName") == "王芳"


async def test_a_cut_line_is_restored_and_no_action_repeated(manager: Manager, line: Line) -> None:
    await line.ready.acquire()
    manager.mute.add("Originate")
    asked = asyncio.create_task(line.client.request(Action("Originate")))
    await _soon(lambda: "Originate" in manager.names())
    manager.cut()
    with pytest.raises(AmiOutcomeUnknownError, match="Originate"):
        await asked
    assert await line.down.get() == "closed"
    await line.ready.acquire()
    manager.mute.clear()
    assert (await line.client.request(Action("QueueStatus"))).success
    assert manager.names() == ["Login", "Originate", "Login", "QueueStatus"]


async def test_a_frozen_asterisk_is_noticed_and_left(manager: Manager, line: Line) -> None:
    await line.ready.acquire()
    manager.frozen = True
    assert await line.down.get() == "frozen"
    manager.frozen = False
    await line.ready.acquire()
    assert manager.sessions == 2


async def test_a_manager_that_hangs_up_at_once_is_tried_again(manager: Manager) -> None:
    manager.close_at_once = 3
    line = Line(manager)
    await line.client.start()
    async with asyncio.timeout(5):
        await line.ready.acquire()
    assert manager.sessions == 4
    await line.client.stop()


async def test_a_late_asterisk_is_waited_for() -> None:
    manager = Manager()
    await manager.start()
    await manager.stop()
    line = Line(manager)
    await line.client.start()
    with pytest.raises(AmiUnavailableError, match="hotline doctor"):
        await line.client.request(Action("QueueStatus"))
    await manager.start()
    async with asyncio.timeout(5):
        await line.ready.acquire()
    await line.client.stop()
    await manager.stop()


async def test_a_refused_login_is_told_and_tried_again(manager: Manager) -> None:
    manager.refuse_login = True
    line = Line(manager)
    await line.client.start()
    assert await line.down.get() == "login_refused"
    manager.refuse_login = False
    async with asyncio.timeout(5):
        await line.ready.acquire()
    await line.client.stop()


async def test_an_answer_that_does_not_come_is_an_unknown_outcome(
    manager: Manager, line: Line
) -> None:
    await line.ready.acquire()
    manager.mute.add("QueueAdd")
    with pytest.raises(AmiOutcomeUnknownError, match=r"within 0\.3 s"):
        await line.client.request(Action("QueueAdd"))
    assert (await line.client.request(Action("QueueStatus"))).success


async def test_after_stop_nothing_connects_any_more(manager: Manager) -> None:
    line = Line(manager)
    await line.client.start()
    await line.ready.acquire()
    await line.client.stop()
    sessions = manager.sessions
    await asyncio.sleep(0.1)
    assert manager.sessions == sessions
    with pytest.raises(AmiUnavailableError):
        await line.client.request(Action("Ping"))
