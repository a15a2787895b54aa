"""Agents' and supervisors' phones that say a tone of their own and keep every packet they hear."""

import asyncio
import re
import secrets
import struct
import time
from typing import Any, Final

import numpy as np

from bench.phone import Phone
from tests.asterisk.caller import FRAME, Packet, linear, tone

ADDRESS: Final = "127.0.0.3"
_ALAW: Final = 8


class TonePhone(Phone):
    """Answers at once, says its tone until it is hung up, and can hang up."""

    def __init__(self, extension: str, secret: str, server: tuple[str, int], hertz: int) -> None:
        super().__init__(extension, secret, server, 0.0, self._rung)
        self.heard: list[Packet] = []
        self.caller = ""
        """The number that the last call showed."""
        self.talking = False
        self._tone = tone(hertz)
        self._invite = ""
        self._tag = secrets.token_hex(4)
        self._peer = ("", 0)
        self._rtp: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        """Begin to live, and register."""
        loop = asyncio.get_running_loop()
        self._rtp, _ = await loop.create_datagram_endpoint(
            lambda: _Media(self.heard), local_addr=(ADDRESS, 0)
        )
        await loop.create_datagram_endpoint(lambda: self, local_addr=(ADDRESS, 0))
        self._spawn(self._speak())
        async with asyncio.timeout(5):
            await self.registered.wait()

    def datagram_received(self, data: bytes, address: object) -> None:
        if data.startswith(b"BYE "):
            self.talking = False
        super().datagram_received(data, address)

    def hang_up(self) -> None:
        """End the call from this side."""
        self.talking = False
        self._send(self._bye(self._invite, self._tag))

    def close(self) -> None:
        super().close()
        if self._rtp is not None:
            self._rtp.close()

    def _rung(self, _extension: str, caller: str, _at: float) -> None:
        self.caller = caller

    async def _answer(self, invite: str) -> None:
        assert self._rtp is not None
        self._invite = invite
        media = re.search(r"c=IN IP4 (\S+).*?m=audio (\d+)", invite, re.DOTALL)
        assert media is not None
        self._peer = (media[1], int(media[2]))
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {ADDRESS}\r\ns=-\r\nc=IN IP4 {ADDRESS}\r\nt=0 0\r\n"
            f"m=audio {self._rtp.get_extra_info('sockname')[1]} RTP/AVP {_ALAW}\r\n"
            f"a=rtpmap:{_ALAW} PCMA/8000\r\n"
        )
        self._send(self._reply(invite, "180 Ringing", self._tag, self._contact))
        self._send(self._reply(invite, "200 OK", self._tag, self._contact, body))
        self.talking = True

    async def _speak(self) -> None:
        assert self._rtp is not None
        due, number = time.monotonic(), 0
        while True:
            if self.talking:
                head = struct.pack("!BBHII", 0x80, _ALAW, number & 0xFFFF, number * FRAME, 7)
                self._rtp.sendto(head + self._tone, self._peer)
            number += 1
            due += 0.02
            await asyncio.sleep(max(0.0, due - time.monotonic()))


class _Media(asyncio.DatagramProtocol):
    def __init__(self, heard: list[Packet]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if len(data) > 12 and data[1] & 0x7F == _ALAW:
            self._heard.append(Packet(time.monotonic(), data[12:]))


def amplitude(packets: list[Packet], hertz: int) -> float:
    """Return how loud one tone is in the packets; full scale is 1."""
    sound = linear(packets)
    turn = np.exp(-2j * np.pi * hertz * np.arange(len(sound)) / 8000)
    return float(2 * abs(np.mean(sound * turn)))
