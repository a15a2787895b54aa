"""Who may connect to the FastAGI port: from where, how often; and what is said of those refused.

Decides only; :mod:`ivr.strangers` closes the connections.  Times are seconds of any steady clock.
Calls are not counted: only connections that never show the secret use up an address's pace.
"""

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Final

import structlog

from ivr import metrics
from ivr.config import IvrConfig

MOST_ADDRESSES: Final = 1024
"""Addresses whose pace is remembered; the one that was quiet longest is forgotten first."""

BURST_SECONDS: Final = 2.0
"""After a pause an address may connect as often at once as otherwise in so many seconds."""

LOG_EVERY: Final = 10.0
"""Seconds between two log lines about the same cause: an attack must not fill the disk."""

_log = structlog.get_logger(__name__)


def is_allowed(address: str, config: IvrConfig) -> bool:
    """Tell whether an address is in the allow-list; an IPv4 one may come mapped into IPv6."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in config.allow)


class Pace:
    """How many strangers each address may send: ``rate`` a second, and a burst after a pause."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._burst = max(1.0, rate * BURST_SECONDS)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """By address: connections that were left, and when that was so."""

    def allows(self, address: str, now: float) -> bool:
        """Count one connection; tell whether it is within the limit."""
        left, since = self._left.pop(address, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        allowed = left >= 1.0
        self._left[address] = (left - 1.0 if allowed else left, now)
        if len(self._left) > MOST_ADDRESSES:
            self._left.popitem(last=False)
        return allowed

    def give_back(self, address: str) -> None:
        """Count the last connection as none: it was no stranger."""
        if address in self._left:
            left, since = self._left[address]
            self._left[address] = (min(self._burst, left + 1.0), since)


class Refusals:
    """Counts refused connections by cause, and logs them in summary."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._silent: dict[str, int] = {}
        self._logged: dict[str, float] = {}

    def note(self, cause: str) -> None:
        """A connection was refused."""
        metrics.REFUSED.labels(cause).inc()
        now = self._now()
        count = self._silent.get(cause, 0) + 1
        if now - self._logged.get(cause, -LOG_EVERY) < LOG_EVERY:
            self._silent[cause] = count
            return
        self._silent[cause], self._logged[cause] = 0, now
        _log.info("agi_peer_refused", cause=cause, count=count)
