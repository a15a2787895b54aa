"""Connections to the FastAGI port that have not shown the secret yet.

A stranger costs as little as can be: no task, no codec, no session, only a look at its bytes.  An
attacker may share its address with Asterisk, so that nobody who is allowed is turned away unheard;
an address that sends too many strangers gives each of them less time.
"""

import asyncio
import hmac
import time
from collections.abc import Callable
from typing import Final, Literal, TypeAlias, cast

from ivr.admission import Pace, is_allowed
from ivr.agi.protocol import LARGEST_ENVIRONMENT, LONGEST_LINE
from ivr.config import IvrConfig

Verdict: TypeAlias = Literal["more", "garbage", "secret", "trusted"]
Welcome: TypeAlias = Callable[[asyncio.Transport, bytes, float], None]
"""Takes over a connection that has shown the secret: with all that it has said, and when it came
(``time.monotonic``)."""

_BEGINS: Final = b"agi_"
_SHOWN: Final = b"\nagi_arg_1: "


def judge(said: bytes | bytearray, secret: bytes) -> Verdict:
    """Tell what a stranger is by all that it has said: ``trusted`` with the right secret.

    Decides as soon as it can; ``more`` when an environment is not complete.
    """
    if said[: len(_BEGINS)] != _BEGINS[: len(said)] or len(said) > LARGEST_ENVIRONMENT:
        return "garbage"
    if len(said) - said.rfind(b"\n") - 1 > LONGEST_LINE:
        return "garbage"
    if b"\n\n" not in said and b"\n\r\n" not in said:
        return "more"
    start = said.find(_SHOWN) + len(_SHOWN)
    if start < len(_SHOWN):
        return "secret"
    shown = bytes(said[start : said.find(b"\n", start)]).removesuffix(b"\r")
    return "trusted" if hmac.compare_digest(shown, secret) else "secret"


class Strangers:
    """Lets strangers in, looks at them, and hands over those who show the secret.

    ``refused`` is told the cause for everyone else.
    """

    def __init__(
        self, config: IvrConfig, refused: Callable[[str], None], welcome: Welcome
    ) -> None:
        self._config = config
        self._secret = config.secret.encode()
        self._pace = Pace(config.limits.connections)
        self._refused = refused
        self._welcome = welcome
        self._inside: dict[_Stranger, None] = {}
        """The oldest first."""
        self._closed = False

    def next(self) -> asyncio.Protocol:
        """Return the protocol of the next connection."""
        return _Stranger(self)

    def close(self) -> None:
        """Turn everyone away, also those who still come."""
        self._closed = True
        for stranger in [*self._inside]:
            self._forget(stranger)
            stranger.transport.abort()

    def arrived(self, stranger: "_Stranger") -> None:
        """A peer has connected."""
        peer = stranger.transport.get_extra_info("peername")
        address = stranger.address = str(peer[0]) if peer else ""
        if self._closed:
            stranger.transport.abort()
        elif not address:
            self._refuse(stranger, "closed")
        elif not is_allowed(address, self._config):
            self._refuse(stranger, "address")
        else:
            self._take_in(stranger)

    def _take_in(self, stranger: "_Stranger") -> None:
        limits = self._config.limits
        if len(self._inside) >= limits.strangers:
            self._refuse(next(iter(self._inside)), "crowd")
        stranger.hurried = not self._pace.allows(stranger.address, stranger.since)
        patience = limits.hurry if stranger.hurried else limits.handshake
        loop = asyncio.get_running_loop()
        stranger.timer = loop.call_later(patience, self._too_slow, stranger)
        self._inside[stranger] = None

    def heard(self, stranger: "_Stranger", said: bytearray) -> None:
        """A stranger has said so much by now."""
        if stranger not in self._inside:
            return
        verdict = judge(said, self._secret)
        if verdict == "trusted":
            self._forget(stranger)
            if not stranger.hurried:
                self._pace.give_back(stranger.address)
            self._welcome(stranger.transport, bytes(said), stranger.since)
        elif verdict != "more":
            self._refuse(stranger, verdict)

    def gone(self, stranger: "_Stranger") -> None:
        """A stranger has closed its side."""
        if stranger in self._inside:
            self._refuse(stranger, "closed")

    def _too_slow(self, stranger: "_Stranger") -> None:
        self._refuse(stranger, "pace" if stranger.hurried else "idle")

    def _refuse(self, stranger: "_Stranger", cause: str) -> None:
        self._forget(stranger)
        stranger.transport.abort()
        self._refused(cause)

    def _forget(self, stranger: "_Stranger") -> None:
        self._inside.pop(stranger, None)
        if stranger.timer is not None:
            stranger.timer.cancel()


class _Stranger(asyncio.Protocol):
    """One connection; all that it does is told to :class:`Strangers`."""

    transport: asyncio.Transport
    """Set as soon as there is a connection."""

    def __init__(self, strangers: Strangers) -> None:
        self._strangers = strangers
        self._said = bytearray()
        self.address = ""
        self.since = time.monotonic()
        self.hurried = False
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._strangers.arrived(self)

    def data_received(self, data: bytes) -> None:
        self._said += data
        self._strangers.heard(self, self._said)

    def eof_received(self) -> None:
        self._strangers.gone(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._strangers.gone(self)
