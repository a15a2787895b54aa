"""Customers as plain UDP sockets: SIP, RTP, keyed digits (RFC 4733), and every packet they heard.

A caller acts on what it has heard, not on a clock: ``h1.5`` waits for one and a half seconds of
sound since the last key, however long a busy machine takes to send them.  What was heard is put
together packet by packet, so that no recording has holes that the caller's own machine made.
"""

import asyncio
import random
import re
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

ADDRESS: Final = "127.0.0.2"
"""The trunk's address, as in :mod:`hotline.carrier`."""
FRAME: Final = 160
"""Samples of a packet: 20 ms."""
QUIET: Final = 1.0
"""Seconds without a packet after which the menu is taken to listen."""
PATIENCE: Final = 60.0
_ALAW, _EVENTS = 8, 101
_SILENCE: Final = b"\xd5" * FRAME
_KEYS: Final = "0123456789*#"


def linear(packets: "Sequence[Packet]") -> NDArray[np.float64]:
    """Return the sound of packets, one behind the other, as numbers between -1 and 1."""
    return _LINEAR[np.frombuffer(b"".join(one.payload for one in packets), np.uint8)]


def _alaw_table() -> NDArray[np.float64]:
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    value = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108))
    value = np.where(exponent > 1, value << np.maximum(exponent - 1, 0), value)
    return np.where(code & 0x80, value, -value) / 32768.0


_LINEAR: Final = _alaw_table()
LOUD: Final = 0.25
"""Amplitude of a tone; full scale is 1."""


def tone(hertz: int) -> bytes:
    """Return a packet of a tone that goes on smoothly in the next one: a multiple of 50 Hz."""
    wave = LOUD * np.sin(2 * np.pi * hertz * np.arange(FRAME) / 8000)
    return bytes(int(np.argmin(np.abs(_LINEAR - value))) for value in wave)


class Packet(msgspec.Struct, frozen=True):
    at: float
    payload: bytes
    stamp: int = 0
    """Its RTP timestamp: when it was sent, in samples."""

    def behind(self, before: "Packet") -> float:
        """Return the seconds from one packet to this, as they were sent.

        When they arrive says how busy this process is.
        """
        samples = (self.stamp - before.stamp) & 0xFFFFFFFF
        return samples / 8000 if samples < 2**31 else self.at - before.at  # another source


class Caller:
    """One call."""

    def __init__(self, line: "Line", dialled: str, number: str, steps: Sequence[str]) -> None:
        self.number = number
        self.status = 0
        """The final SIP status."""
        self.ended_by = ""
        self.began = 0.0
        self.keyed: list[tuple[float, str]] = []
        self.heard: list[Packet] = []
        self._line, self._dialled, self._steps = line, dialled, steps
        self._marked = 0
        self._call_id = f"{random.getrandbits(64):016x}"
        self._tag = self._call_id[:8]
        self._answer = asyncio.Event()
        self._gone = asyncio.Event()
        self._dialog: tuple[str, str] = ("", "")
        self._rtp: asyncio.DatagramTransport | None = None
        self._peer: tuple[str, int] = ("", 0)
        self._sequence = self._stamp = 0
        self._speaks = False
        self.tone = tone(400)
        """What it says at the step ``s``."""
        self._events: list[tuple[bool, int, bytes]] = []

    # --- the script ------------------------------------------------------------------------

    async def run(self) -> None:
        """Place the call, do the steps, hang up.

        ``h1.5`` hears so much, ``q`` waits until the menu listens, ``d12#`` keys, ``s2`` speaks,
        ``S`` begins to speak and goes on, ``w2`` waits, ``e`` waits for the other side to hang
        up.  ``t`` waits until the line was told of what the next steps follow, and counts what is
        heard from there.
        """
        loop = asyncio.get_running_loop()
        self._rtp, _ = await loop.create_datagram_endpoint(
            lambda: _Media(self), local_addr=(ADDRESS, 0)
        )
        try:
            await self._invite()
            for step in self._steps:
                if self._gone.is_set():
                    break
                await self._do(step[0], step[1:])
        finally:
            if self.status == 200 and not self._gone.is_set():
                self.ended_by = "caller"
                self._send("BYE", 2)
            self._line.talking.discard(self)
            self._rtp.close()

    async def _do(self, what: str, value: str) -> None:
        match what:
            case "h":
                wanted = self._marked + int(float(value) * 50)
                await self._until(lambda: len(self.heard) >= wanted)
            case "q":
                await self._until(
                    lambda: (
                        len(self.heard) > self._marked
                        and time.monotonic() - self.heard[-1].at > QUIET
                    )
                )
            case "d":
                for key in value:
                    self._key(key)
                await self._until(lambda: not self._events)
                self.keyed.append((time.monotonic(), value))
                self._marked = len(self.heard)
            case "s":
                self._speaks = True
                await asyncio.sleep(float(value))
                self._speaks = False
            case "S":
                self._speaks = True
            case "w":
                await asyncio.sleep(float(value))
            case "t":
                await self._until(self._line.told.is_set)
                self._marked = len(self.heard)
            case "e":
                await self._until(self._gone.is_set)
            case _:
                raise ValueError(f"no such step: {what}{value}")

    async def _until(self, holds: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not holds() and not self._gone.is_set() and time.monotonic() < until:  # noqa: ASYNC110 - packets are counted
            await asyncio.sleep(0.02)

    # --- sound -----------------------------------------------------------------------------

    def sound(self) -> NDArray[np.float64]:
        """Return what was heard at 8 kHz; a wait of the menu is 0.2 s long."""
        parts: list[NDArray[np.float64]] = []
        last: Packet | None = None
        for packet in self.heard:
            if last is not None and packet.behind(last) > 0.6:
                parts.append(np.zeros(FRAME * 10))
            parts.append(_LINEAR[np.frombuffer(packet.payload, np.uint8)])
            last = packet
        return np.concatenate(parts) if parts else np.zeros(0)

    def tick(self) -> None:
        """Send the packet of these 20 ms."""
        if self._rtp is None or not self._peer[1]:
            return
        payload, kind, marker, stamp = _SILENCE, _ALAW, 0, self._stamp
        if self._speaks:
            payload = self.tone
        if self._events:
            begins, back, event = self._events.pop(0)
            if event:  # every packet of a key carries the time at which the key began
                payload, kind, marker = event, _EVENTS, int(begins)
                stamp = self._stamp - back * FRAME
        header = struct.pack(
            "!BBHII",
            0x80,
            kind | marker << 7,
            self._sequence & 0xFFFF,
            stamp & 0xFFFFFFFF,
            int(self._tag, 16),
        )
        self._sequence += 1
        self._stamp += FRAME
        self._rtp.sendto(header + payload, self._peer)

    def _key(self, key: str) -> None:
        event = _KEYS.index(key)
        for part in range(8):  # 100 ms, and the end three times
            flags = 0x80 if part >= 5 else 0
            length = FRAME * (min(part, 5) + 1)
            self._events.append((part == 0, part, struct.pack("!BBH", event, flags | 10, length)))
        self._events += [(False, 0, b"")] * 3  # then a pause

    def take(self, data: bytes) -> None:
        """Keep a packet of sound."""
        if len(data) > 12 and data[1] & 0x7F == _ALAW:
            stamp = int.from_bytes(data[4:8], "big")
            self.heard.append(Packet(time.monotonic(), data[12:], stamp))

    # --- SIP -------------------------------------------------------------------------------

    async def _invite(self) -> None:
        assert self._rtp is not None
        port = self._rtp.get_extra_info("sockname")[1]
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {ADDRESS}\r\ns=-\r\nc=IN IP4 {ADDRESS}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {_ALAW} {_EVENTS}\r\na=rtpmap:{_ALAW} PCMA/8000\r\n"
            f"a=rtpmap:{_EVENTS} telephone-event/8000\r\na=fmtp:{_EVENTS} 0-15\r\na=ptime:20\r\n"
        )
        self._line.calls[self._call_id] = self
        self._send("INVITE", 1, body)
        await asyncio.wait_for(self._answer.wait(), PATIENCE)

    def _send(self, method: str, number: int, body: str = "") -> None:
        host, port = self._line.target
        mine = self._line.port
        to, target = self._dialog
        lines = [
            f"{method} {target or f'sip:{self._dialled}@{host}:{port}'} SIP/2.0",
            f"Via: SIP/2.0/UDP {ADDRESS}:{mine};branch=z9hG4bK{self._tag}{number}{method};rport",
            f"From: <sip:{self.number or 'anonymous'}@{ADDRESS}>;tag={self._tag}",
            f"To: {to or f'<sip:{self._dialled}@{host}>'}",
            f"Call-ID: {self._call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{self.number or 'anonymous'}@{ADDRESS}:{mine}>",
            "Max-Forwards: 70",
            *(["Privacy: id"] if not self.number else []),
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._line.send("\r\n".join(lines) + "\r\n\r\n" + body)

    def respond(self, text: str) -> None:
        """Take a response, or a request within the call."""
        first, _, _ = text.partition("\r\n")
        if not first.startswith("SIP/2.0"):
            method = first.split()[0]
            if method == "ACK":
                return
            self._line.send(_ok(text))
            if method == "BYE":
                self.ended_by = "hotline"
                self._gone.set()
            return
        status = int(first.split()[1])
        if "INVITE" not in _header(text, "CSeq") or status < 200:
            return
        to = _header(text, "To")
        if status == 200:
            contact = re.search(r"<([^>]+)>", _header(text, "Contact"))
            self._dialog = (to, contact[1] if contact else "")
            media = re.search(r"c=IN IP4 (\S+).*?m=audio (\d+)", text, re.DOTALL)
            self._peer = (media[1], int(media[2])) if media else ("", 0)
        self._send("ACK", 1)
        if not self.status:
            self.status, self.began = status, time.monotonic()
            self._line.talking.add(self)
            if status != 200:
                self._gone.set()
            self._answer.set()


class Line:
    """The customers' end of the trunk: one SIP socket for all their calls."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.port = 0
        self.calls: dict[str, Caller] = {}
        self.talking: set[Caller] = set()
        self.told = asyncio.Event()
        """What callers at the step ``t`` wait for."""
        self._transport: asyncio.DatagramTransport | None = None
        self._ticking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Line":
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Signalling(self), local_addr=(ADDRESS, 0)
        )
        self.port = self._transport.get_extra_info("sockname")[1]
        self._ticking = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._transport is not None
        assert self._ticking is not None
        self._ticking.cancel()
        self._transport.close()

    async def call(self, dialled: str, number: str, steps: Sequence[str]) -> Caller:
        """Place a call and return when it is over."""
        caller = Caller(self, dialled, number, steps)
        await caller.run()
        return caller

    def send(self, text: str) -> None:
        assert self._transport is not None
        self._transport.sendto(text.encode(), self.target)

    async def _tick(self) -> None:
        due = time.monotonic()
        while True:
            for caller in tuple(self.talking):
                caller.tick()
            due = max(due + 0.02, time.monotonic() - 0.1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))


class _Signalling(asyncio.DatagramProtocol):
    def __init__(self, line: Line) -> None:
        self._line = line

    def datagram_received(self, data: bytes, addr: Any) -> None:
        text = data.decode(errors="replace")
        caller = self._line.calls.get(_header(text, "Call-ID"))
        if caller is not None:
            caller.respond(text)
        elif not text.startswith(("SIP/2.0", "ACK")):
            self._line.send(_ok(text))


class _Media(asyncio.DatagramProtocol):
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._caller.take(data)


def _header(text: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r?$", text, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def _ok(request: str) -> str:
    kept = [
        line
        for line in request.split("\r\n\r\n")[0].split("\r\n")[1:]
        if line.split(":")[0].lower() in ("via", "from", "to", "call-id", "cseq")
    ]
    return "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])
