"""Callers written by hand: SIP, RTP and keys on our own sockets; every packet has its time.

One :class:`Trunk` places many calls at once from one address, which the settings must name as a
trunk.  What a caller hears is kept as one :class:`Frame` for each RTP packet.
"""

import asyncio
import functools
import itertools
import re
import struct
import time
import uuid
import zlib
from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

from tests.asterisk import prompts

_QUIET: Final = bytes((magnitude | sign) ^ 0x55 for magnitude in range(12) for sign in (0, 0x80))
"""A-law codes of what nobody hears."""
_LOUD: Final = 40
"""A frame of 160 samples is heard when so many are not quiet."""
_EVENT: Final = 96
_ALAW: Final = 8
_STEP: Final = 0.02
_EVENTS: Final = {key: code for code, key in enumerate("0123456789*#")}
SETTLE: Final = 0.15
"""Seconds that a caller listens before keying."""
_RETRY: Final = 0.5
_TRIES: Final = 6


class Frame(NamedTuple):
    """20 ms of what the caller hears."""

    at: float
    """When it came (``time.perf_counter``)."""
    sound: int
    """The same number for the same sound; 0 for silence."""


class CallFailedError(Exception):
    """The call was not answered, or something else was heard than should be."""


class _Media(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        payload = data[12:]
        if data[1] & 0x7F == _ALAW:
            loud = len(payload.translate(None, _QUIET)) > _LOUD
            self.frames.append(Frame(time.perf_counter(), zlib.crc32(payload) if loud else 0))


class Call:
    """One call that was answered."""

    def __init__(self, trunk: "Trunk", number: str, dialled: str) -> None:
        self.trunk, self.number, self.dialled = trunk, number, dialled
        self.id = f"{uuid.uuid4().hex}@{trunk.address}"
        self.over = asyncio.Event()
        """Set when either side has hung up."""
        self.placed = self.answered = 0.0
        self.answers: asyncio.Queue[tuple[int, str, str]] = asyncio.Queue()
        self._tag = uuid.uuid4().hex[:10]
        self._media = _Media()
        self._transport: asyncio.DatagramTransport | None = None
        self._to = f"<sip:{dialled}@{trunk.target[0]}>"
        self._uri = f"sip:{dialled}@{trunk.target[0]}:{trunk.target[1]}"
        self._rtp = ("", 0)
        self._sequence, self._stamp = 0, 160  # Asterisk takes an end at time 0 for an old one

    @property
    def frames(self) -> list[Frame]:
        """All that was heard so far."""
        return self._media.frames

    async def open(self) -> None:
        """Place the call.  Raises :class:`CallFailedError`."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self._media, local_addr=(self.trunk.address, 0)
        )
        port = self._transport.get_extra_info("sockname")[1]
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {self.trunk.address}\r\ns=-\r\n"
            f"c=IN IP4 {self.trunk.address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {_ALAW} {_EVENT}\r\n"
            f"a=rtpmap:{_ALAW} PCMA/8000\r\na=rtpmap:{_EVENT} telephone-event/8000\r\n"
            f"a=fmtp:{_EVENT} 0-15\r\n"
        )
        self.placed = time.perf_counter()
        status, words = await self._ask("INVITE", 1, body)
        if status != 200:
            self.over.set()
            self._transport.close()
            message = f"{self.number} → {self.dialled}: {status}"
            raise CallFailedError(message)
        self.answered = time.perf_counter()
        found = re.search(r"^c=IN IP4 (\S+)", words, re.MULTILINE)
        media = re.search(r"^m=audio (\d+)", words, re.MULTILINE)
        assert found is not None
        assert media is not None
        self._rtp = (found[1], int(media[1]))

    async def key(self, keys: str, *, held: float = 0.08, between: float = 0.06) -> float:
        """Press keys; return when the last one was let go."""
        assert self._transport is not None
        for key in keys:
            steps = max(2, round(held / _STEP))
            for step in range(steps + 3):
                ended = step >= steps
                length = min(step + 1, steps) * 160
                self._sequence += 1
                header = struct.pack(
                    "!BBHII", 0x80, _EVENT | (0x80 if step == 0 else 0), self._sequence & 0xFFFF,
                    self._stamp, 0x4D2,
                )  # fmt: skip
                event = struct.pack("!BBH", _EVENTS[key], 0x0A | (0x80 if ended else 0), length)
                self._transport.sendto(header + event, self._rtp)
                if not ended:
                    await asyncio.sleep(_STEP)
            let_go = time.perf_counter()
            self._stamp += 160 * (steps + 8)
            await asyncio.sleep(between)
        return let_go

    def heard(self, since: float = 0.0) -> list[str]:
        """The prompts that were heard after ``since``, in order; ``?`` is what is none."""
        known = prompts.frames()
        names = [known.get(one.sound, "?") for one in self.frames if one.sound and one.at > since]
        return [name for name, _ in itertools.groupby(names)]

    async def prompt(self, name: str, since: float, seconds: float = 30.0) -> float:
        """Wait for a prompt (``language/id``) after ``since``; return when it began.

        Raises :class:`CallFailedError`, naming what was heard instead.
        """
        return await self.any_prompt((name,), since, seconds)

    async def any_prompt(
        self, names: Collection[str], since: float, seconds: float = 30.0
    ) -> float:
        """Wait for the first of some prompts, else as :meth:`prompt`."""
        known = prompts.frames()
        until = time.perf_counter() + seconds
        looked = 0
        while time.perf_counter() < until:
            count = len(self.frames)
            for frame in self.frames[looked:count]:
                if frame.at > since and frame.sound and known.get(frame.sound) in names:
                    return frame.at
            if self.over.is_set():
                break
            looked = count
            await asyncio.sleep(_STEP)
        message = (
            f"{self.number}: no {' or '.join(names)} within {seconds:g} s, but {self.heard(since)}"
        )
        raise CallFailedError(message)

    async def sounds(self, since: float, seconds: float = 30.0) -> float:
        """Wait for any sound after ``since``; return when it came.

        Raises :class:`CallFailedError`.
        """
        until = time.perf_counter() + seconds
        while time.perf_counter() < until and not self.over.is_set():
            for frame in reversed(self.frames):
                if frame.at <= since:
                    break
                if frame.sound:
                    return next(one.at for one in self.frames if one.sound and one.at > since)
            await asyncio.sleep(_STEP)
        message = f"{self.number}: silence for {seconds:g} s"
        raise CallFailedError(message)

    async def hang_up(self) -> None:
        """End the call, if the other side has not."""
        if not self.over.is_set():
            await self._ask("BYE", 2)
            self.over.set()
        self.trunk.forget(self)
        self.close()

    def close(self) -> None:
        """Close our end of the media."""
        if self._transport is not None:
            self._transport.close()

    async def _ask(self, method: str, number: int, body: str = "") -> tuple[int, str]:
        text = self._request(method, number, body)
        for _ in range(_TRIES):
            self.trunk.send(text)
            try:
                async with asyncio.timeout(_RETRY * (4 if method == "INVITE" else 1)):
                    while True:
                        status, asked, words = await self.answers.get()
                        if asked == f"{number} {method}" and status >= 200:
                            break
            except TimeoutError:
                continue
            if method == "INVITE":
                self._to = re.search(r"^To: (.*)\r$", words, re.MULTILINE)[1]  # type: ignore[index]
                if contact := re.search(r"^Contact: .*<([^>]+)>", words, re.MULTILINE):
                    self._uri = contact[1]
                self.trunk.send(self._request("ACK", number))
            return status, words
        return 408, ""

    def _request(self, method: str, number: int, body: str = "") -> str:
        here = f"{self.trunk.address}:{self.trunk.port}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"{method} {self._uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{self._tag}{method}{number}\r\n"
            f"From: <sip:{self.number}@{here}>;tag={self._tag}\r\nTo: {self._to}\r\n"
            f"Call-ID: {self.id}\r\nCSeq: {number} {method}\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:{self.number}@{here}>\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )


class Trunk(asyncio.DatagramProtocol):
    """The carrier's end: one SIP socket for all calls."""

    def __init__(self, address: str, target: tuple[str, int]) -> None:
        self.address, self.target, self.port = address, target, 0
        self._calls: dict[str, Call] = {}
        self._socket: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        """Bind the socket."""
        await asyncio.to_thread(prompts.frames)  # takes seconds the first time
        loop = asyncio.get_running_loop()
        self._socket, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(self.address, 0)
        )
        self.port = self._socket.get_extra_info("sockname")[1]

    def close(self) -> None:
        """Close every socket; calls that were not hung up are left to Asterisk."""
        for call in self._calls.values():
            call.close()
        self._calls.clear()
        if self._socket is not None:
            self._socket.close()

    async def call(self, dialled: str, number: str) -> Call:
        """Place a call; it was answered when this returns.  Raises :class:`CallFailedError`."""
        call = Call(self, number, dialled)
        self._calls[call.id] = call
        try:
            await call.open()
        except BaseException:
            self.forget(call)
            raise
        return call

    def _end_call(self, words: str, call_id: str, *, bye: bool) -> None:
        """Acknowledge an answer; end the call that it began if nobody waits for it."""
        contact = re.search(r"^Contact: .*<([^>]+)>", words, re.MULTILINE)
        kept = "".join(re.findall(r"^(?:From|To): .*\r\n", words, re.MULTILINE))
        here = f"{self.address}:{self.port}"
        uri = contact[1] if contact else f"sip:{self.target[0]}:{self.target[1]}"
        for number, method in ((1, "ACK"), (2, "BYE"))[: 2 if bye else 1]:
            branch = f"z9hG4bK{uuid.uuid4().hex[:12]}"
            self.send(
                f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch={branch}\r\n{kept}"
                f"Call-ID: {call_id}\r\nCSeq: {number} {method}\r\nMax-Forwards: 70\r\n"
                "Content-Length: 0\r\n\r\n"
            )

    def forget(self, call: Call) -> None:
        self._calls.pop(call.id, None)

    def send(self, text: str) -> None:
        assert self._socket is not None
        self._socket.sendto(text.encode(), self.target)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        words = data.decode(errors="replace")
        found = re.search(r"^Call-ID: (\S+)", words, re.MULTILINE)
        asked = re.search(r"^CSeq: (.*)\r$", words, re.MULTILINE)
        if found is None or asked is None:
            return
        call = self._calls.get(found[1])
        if words.startswith("SIP/2.0 "):
            answered = words.startswith("SIP/2.0 200") and asked[1].endswith("INVITE")
            if call is not None and not (answered and call.answered):
                call.answers.put_nowait((int(words[8:11]), asked[1], words))
            elif answered:  # said again, or too late for us: a call that nobody ends would stay
                self._end_call(words, found[1], bye=call is None)
            return
        kept = re.findall(r"^(?:Via|From|To|Call-ID|CSeq): .*\r\n", words, re.MULTILINE)
        self.send(f"SIP/2.0 200 OK\r\n{''.join(kept)}Content-Length: 0\r\n\r\n")
        if call is not None and words.startswith("BYE "):
            call.over.set()


async def press(call: Call, steps: Sequence[tuple[str, str]], since: float) -> float:
    """For each prompt and keys: wait until the prompt is heard after the keys before it, and key.

    Returns when the last keys were let go.  Raises :class:`CallFailedError`, naming what was heard
    instead.
    """
    keyed = ""
    for prompt, keys in steps:
        since = await again(call, keyed, since, functools.partial(_heard, call, prompt, since))
        await call.prompt(prompt, since)
        await asyncio.sleep(SETTLE)
        since, keyed = await call.key(keys), keys
    return since


def _heard(call: Call, name: str, since: float) -> bool:
    return name in call.heard(since)


async def again(call: Call, keys: str, since: float, done: Callable[[], bool]) -> float:
    """Wait until it is done; press the keys again when the menu says that it heard none.

    On a busy machine a key may come between two commands of the menu.  Returns when keys were let
    go last.
    """
    until = time.perf_counter() + 30
    while not done() and not call.over.is_set() and time.perf_counter() < until:
        if keys and "zh/no_input" in call.heard(since):
            await asyncio.sleep(SETTLE)
            since = await call.key(keys)
        await asyncio.sleep(0.1)
    return since
