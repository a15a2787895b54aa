"""Who is let in: the carrier's declared numbers; nobody else, and nothing leads outwards."""

import asyncio
import csv

import pytest

from hotline.carrier import PHONES_ADDRESS, TRUNK_ADDRESS
from hotline.demo.site import HOST, Site
from tests.asterisk.sip import request

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", autouse=True)
def _running(site: Site) -> None:
    site.exchange.start(site.phones())


def calls_taken(site: Site) -> int:
    """Calls that reached the dialplan, by Asterisk's own count."""
    shown = site.exchange.process.command("core show channels count")
    return int(next(line for line in shown.splitlines() if "processed" in line).split()[0])


async def test_an_unknown_source_gets_no_call(site: Site) -> None:
    before = calls_taken(site)
    target = (HOST, site.plan.sip)
    for user in ("95500", "1001", "013800138000", "s", "00441234567"):
        answer = await asyncio.to_thread(
            request, "INVITE", target, source=("127.0.0.9", 45061), user=user
        )
        assert answer[-1:] == [401], user
    assert calls_taken(site) == before


async def test_a_phone_needs_its_secret(site: Site) -> None:
    before = calls_taken(site)
    answer = await asyncio.to_thread(
        request,
        "INVITE",
        (HOST, site.plan.sip),
        source=("127.0.0.9", 45062),
        caller="1001",
        headers=(
            'Authorization: Digest username="1001", realm="asterisk", nonce="x", '
            'uri="sip:95500@127.0.0.1", response="00000000000000000000000000000000"',
        ),
    )
    assert answer[-1:] == [401]
    assert calls_taken(site) == before


@pytest.mark.parametrize(
    "user",
    ["10086", "95500x", "*95500", "s", "h", "start", "menu", "queue", "+95500", "00441234567"],
)
async def test_the_carrier_reaches_only_declared_numbers(site: Site, user: str) -> None:
    before = calls_taken(site)
    answer = await asyncio.to_thread(
        request,
        "INVITE",
        (HOST, site.plan.sip),
        source=(TRUNK_ADDRESS, 45063),
        user=user,
        caller="13800138000",
    )
    assert answer[-1] == 404
    assert calls_taken(site) == before


async def test_a_registered_phone_can_dial_nothing(site: Site) -> None:
    carrier = await site.start_carrier(answer_after=-1)
    before = calls_taken(site)
    for number in ("95500", "1002", "013800138000", "00441234567"):
        carrier.process.command(f"channel originate Local/{number}@as-phone extension s@nowhere")
    await asyncio.sleep(2)
    assert calls_taken(site) == before
    with carrier.dirs.call_records.open() as file:
        outcomes = [row[6] for row in csv.reader(file) if row and row[10] == "Dial"]
    assert len(outcomes) == 4
    assert "ANSWERED" not in outcomes
    assert PHONES_ADDRESS != TRUNK_ADDRESS
