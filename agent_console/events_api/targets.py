"""Where webhooks may be sent: keeps them away from this machine's neighbours and metadata.

Pure.  A host's addresses are checked after they were looked up, and the connection goes to a
checked address, so that a name that changes its mind in between wins nothing.
"""

import ipaddress
from collections.abc import Iterable
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

import msgspec

from agent_console.errors import WebhookRefusedError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_TUNNELS: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
"""IPv6 networks whose addresses hold an IPv4 address, perhaps a private one."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator allows."""

    networks: tuple[Network, ...] = ()
    """Networks beside the public internet and this machine to which webhooks may go."""
    plain_hosts: frozenset[str] = frozenset()
    """Hosts to which ``http:`` is allowed, in lower case."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook's address, taken apart."""

    url: str
    scheme: str
    host: str
    port: int


def read_url(url: str, policy: Policy) -> Target:
    """Take the address apart.  Raises :class:`agent_console.errors.WebhookRefusedError`."""
    parts = _split(url)
    try:
        port = parts.port
    except ValueError as error:
        raise WebhookRefusedError(f"{url}: the port is no number up to 65535") from error
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ("http", "https") or not host:
        raise WebhookRefusedError(f"{url}: write an address like https://crm.bank.example/pops")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise WebhookRefusedError("an address with a name, password or # is not accepted")
    if parts.scheme == "http" and not (is_loopback(host) or host in policy.plain_hosts):
        raise WebhookRefusedError(
            f"{host}: only https is accepted; if you must, allow the host in "
            "[integrations] plain_http_hosts"
        )
    default = 443 if parts.scheme == "https" else 80
    return Target(url=url, scheme=parts.scheme, host=host, port=port or default)


def is_loopback(host: str) -> bool:
    """Say whether the host is this machine by its spelling."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def choose(target: Target, found: Iterable[str], policy: Policy) -> tuple[str, ...]:
    """Return the host's addresses, all of which must be allowed.

    Raises :class:`agent_console.errors.WebhookRefusedError`.
    """
    addresses = [_address(text) for text in found]
    if not addresses:
        raise WebhookRefusedError(f"{target.host} has no address")
    for address in addresses:
        if not _allowed(address, policy):
            raise WebhookRefusedError(
                f"{target.host} is at {address}, to which nothing is sent; if that is right, "
                "allow its network in [integrations] webhook_networks"
            )
        if address.is_loopback and not is_loopback(target.host):
            raise WebhookRefusedError(f"{target.host} is this machine; write localhost")
    return tuple(dict.fromkeys(str(address) for address in addresses))


def _address(text: str) -> Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _allowed(address: Address, policy: Policy) -> bool:
    if any(address in n for n in policy.networks if n.version == address.version):
        return True
    if address.is_loopback:
        return True
    hidden = any(address in n for n in _TUNNELS if n.version == address.version)
    return address.is_global and not address.is_multicast and not hidden


def _split(url: str) -> SplitResult:
    if not url.isascii() or any(c <= " " or c in '\\"<>' for c in url) or len(url) > 1000:
        raise WebhookRefusedError("the address holds characters that must be escaped")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise WebhookRefusedError(f"{url}: not an address") from error
