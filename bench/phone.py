"""Agents' phones on one UDP socket each: register, note when the INVITE came, answer, hang up.

Just enough SIP (RFC 3261) for an Asterisk on loopback; the time is taken by the kernel's side of
``recvfrom``, before anything of the message is read.
"""

import asyncio
import hashlib
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

RING = 0.15
"""Seconds from the INVITE to the answer."""
REGISTER_EVERY = 240.0
"""Seconds; Asterisk forgets a phone after 600."""

Invited = Callable[[str, str, float], None]
"""Takes the extension, the caller's number and when the INVITE came (seconds since the epoch)."""


class Phone(asyncio.DatagramProtocol):
    """One phone."""

    def __init__(
        self, extension: str, secret: str, server: tuple[str, int], talk: float, invited: Invited
    ) -> None:
        self.registered = asyncio.Event()
        self._extension = extension
        self._secret = secret
        self._server = server
        self._talk = talk
        self._invited = invited
        self._call_id = secrets.token_hex(8)
        self._sequence = 0
        self._calls: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._spawn(self._stay_registered())

    async def _stay_registered(self) -> None:
        while True:
            self._register("")
            await asyncio.sleep(REGISTER_EVERY)

    def datagram_received(self, data: bytes, _address: object) -> None:
        now = time.time()
        text = data.decode(errors="replace")
        first = text.partition("\r\n")[0]
        if first.startswith("SIP/2.0 "):
            if "REGISTER" in _header(text, "CSeq"):
                self._on_registered(int(first.split()[1]), text)
        elif first.startswith("INVITE "):
            if _header(text, "Call-ID") in self._calls:
                return  # sent again
            self._calls.add(_header(text, "Call-ID"))
            number = re.search(r"sip:([^@>;]*)", _header(text, "From"))
            self._invited(self._extension, number[1] if number else "", now)
            self._spawn(self._answer(text))
        elif not first.startswith("ACK "):
            self._send(self._reply(text, "200 OK"))

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._transport is not None:
            self._transport.close()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def _own(self) -> tuple[str, int]:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")
        return host, port

    def _send(self, text: str) -> None:
        assert self._transport is not None
        self._transport.sendto(text.encode(), self._server)

    def _register(self, authorization: str) -> None:
        self._sequence += 1
        (host, port), (to, to_port) = self._own, self._server
        lines = [
            f"REGISTER sip:{to}:{to_port} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{secrets.token_hex(6)};rport",
            f"From: <sip:{self._extension}@{to}>;tag={self._call_id}",
            f"To: <sip:{self._extension}@{to}>",
            f"Call-ID: {self._call_id}",
            f"CSeq: {self._sequence} REGISTER",
            f"Contact: <sip:{self._extension}@{host}:{port}>",
            "Expires: 600",
            "Max-Forwards: 70",
            *([authorization] if authorization else []),
            "Content-Length: 0",
        ]
        self._send("\r\n".join(lines) + "\r\n\r\n")

    def _on_registered(self, status: int, text: str) -> None:
        if status == 200:
            self.registered.set()
        elif status == 401:
            fields = dict(re.findall(r'(\w+)="?([^",]*)"?', _header(text, "WWW-Authenticate")))
            uri = f"sip:{self._server[0]}:{self._server[1]}"
            once = secrets.token_hex(4)
            ha1 = _md5(f"{self._extension}:{fields['realm']}:{self._secret}")
            ha2 = _md5(f"REGISTER:{uri}")
            digest = _md5(f"{ha1}:{fields['nonce']}:00000001:{once}:auth:{ha2}")
            opaque = f', opaque="{fields["opaque"]}"' if "opaque" in fields else ""
            self._register(
                f'Authorization: Digest username="{self._extension}", realm="{fields["realm"]}", '
                f'nonce="{fields["nonce"]}", uri="{uri}", response="{digest}", algorithm=MD5, '
                f'cnonce="{once}", qop=auth, nc=00000001{opaque}'
            )

    async def _answer(self, invite: str) -> None:
        tag = secrets.token_hex(4)
        await self._pick_up(invite, tag)
        await asyncio.sleep(self._talk)
        self._send(self._bye(invite, tag))

    async def _pick_up(self, invite: str, tag: str) -> None:
        """Ring, and answer."""
        self._send(self._reply(invite, "180 Ringing", tag, self._contact))
        await asyncio.sleep(RING)
        self._send(self._reply(invite, "200 OK", tag, self._contact, self._media()))

    def _media(self, direction: str = "sendrecv") -> str:
        host, _ = self._own
        return (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na={direction}\r\n"
        )

    @property
    def _contact(self) -> str:
        host, port = self._own
        return f"Contact: <sip:{self._extension}@{host}:{port}>"

    def _bye(self, invite: str, tag: str, number: int = 1) -> str:
        """Return the request that ends the call which ``invite`` began."""
        return self._request("BYE", number, invite, tag)

    def _request(self, method: str, number: int, invite: str, tag: str, body: str = "") -> str:
        """Return a request within the call; ``number`` must grow from one to the next."""
        host, port = self._own
        remote = re.search(r"<([^>]*)>", _header(invite, "Contact"))
        lines = (
            f"{method} {remote[1] if remote else ''} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{secrets.token_hex(6)};rport",
            f"From: {_header(invite, 'To')};tag={tag}",
            f"To: {_header(invite, 'From')}",
            f"Call-ID: {_header(invite, 'Call-ID')}",
            f"CSeq: {number} {method}",
            *([self._contact] if method == "INVITE" else []),
            "Max-Forwards: 70",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join(lines) + "\r\n\r\n" + body

    def _reply(
        self, request: str, status: str, tag: str = "", contact: str = "", body: str = ""
    ) -> str:
        to = _header(request, "To") + (f";tag={tag}" if tag else "")
        lines = [
            f"SIP/2.0 {status}",
            *(f"Via: {via}" for via in re.findall(r"^Via: (.*)\r$", request, re.MULTILINE)),
            f"From: {_header(request, 'From')}",
            f"To: {to}",
            f"Call-ID: {_header(request, 'Call-ID')}",
            f"CSeq: {_header(request, 'CSeq')}",
            *([contact] if contact else []),
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines) + "\r\n\r\n" + body


def _header(text: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*)\r$", text, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
