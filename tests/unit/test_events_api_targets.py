"""Where webhooks may go."""

import ipaddress

import pytest

from agent_console.errors import WebhookRefusedError
from agent_console.events_api.targets import Policy, choose, read_url

NOTHING = Policy()
BANK = Policy(
    networks=(ipaddress.ip_network("10.20.0.0/16"), ipaddress.ip_network("fd12::/16")),
    plain_hosts=frozenset({"crm.lan"}),
)
CRM = read_url("https://crm.bank.example/pops?x=1", NOTHING)


def test_an_address_is_taken_apart() -> None:
    assert (CRM.scheme, CRM.host, CRM.port) == ("https", "crm.bank.example", 443)
    assert read_url("http://127.0.0.1:9000/", NOTHING).port == 9000
    assert read_url("http://localhost/", NOTHING).port == 80
    assert read_url("http://[::1]:81/", NOTHING).host == "::1"
    assert read_url("http://CRM.lan/", BANK).host == "crm.lan"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://crm.bank.example/", "only https"),
        ("http://127.0.0.1.evil.example/", "only https"),
        ("http://crm.lan/", "only https"),
        ("ftp://crm.bank.example/", "https://crm"),
        ("https:///pops", "https://crm"),
        ("https://user:pass@crm.bank.example/", "password"),
        ("https://crm.bank.example/#x", "#"),
        ("https://crm.bank.example:99999/", "port"),
        ("https://crm.bank.example/a\r\nb", "escaped"),
        ("https://[::1", "address"),
    ],
)
def test_other_addresses_are_refused(url: str, why: str) -> None:
    with pytest.raises(WebhookRefusedError, match=why):
        read_url(url, NOTHING)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.1.1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "100.100.100.200",
        "10.0.0.1",
        "192.168.1.1",
        "0.0.0.0",  # noqa: S104 - compared, not bound
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
    ],
)
def test_a_name_may_not_lead_inwards(address: str) -> None:
    for found in ([address], ["93.184.215.14", address]):
        with pytest.raises(WebhookRefusedError):
            choose(CRM, found, NOTHING)


def test_what_is_public_or_allowed_may_be_sent_to() -> None:
    public = ["93.184.215.14", "2606:4700::1111"]
    assert choose(CRM, public, NOTHING) == tuple(public)
    assert choose(CRM, ["10.20.3.4"], BANK) == ("10.20.3.4",)
    assert choose(CRM, ["fd12::5"], BANK) == ("fd12::5",)
    with pytest.raises(WebhookRefusedError, match="webhook_networks"):
        choose(CRM, ["10.21.0.1"], BANK)
    with pytest.raises(WebhookRefusedError, match="no address"):
        choose(CRM, [], BANK)
    here = read_url("http://localhost:9000/", NOTHING)
    assert choose(here, ["::1", "127.0.0.1", "127.0.0.1"], NOTHING) == ("::1", "127.0.0.1")
