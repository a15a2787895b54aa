"""Tokens: only the right one opens, and guessing is slow."""

import pytest

from agent_console.events_api import tokens
from agent_console.events_api.session import BURST, Close, Enter, Session
from agent_console.store import MemoryIntegrationStore
from tests.unit.events_api_kit import START, grant


async def made(lifetime_s: float = 100.0) -> tuple[str, MemoryIntegrationStore, tokens.Gate]:
    store = MemoryIntegrationStore()
    text, record = tokens.new_token("CRM", grant("pops"), now=START, lifetime_s=lifetime_s)
    await store.add_token(record)
    assert text.split("_", 2)[2] not in repr(record)
    return text, store, tokens.Gate(store)


async def test_the_token_opens_until_it_ends_or_is_revoked() -> None:
    text, store, gate = await made()
    token = await gate.admit(text, "10.0.0.1", START)
    assert token is not None
    assert token.name == "CRM"
    assert await gate.admit(text, "10.0.0.1", START + 100) is None
    await store.revoke_token(token.token_id, START)
    assert await gate.admit(text, "10.0.0.1", START + 1) is None


@pytest.mark.parametrize("change", ["", "x", "hl_", "hl_000000000000_" + "A" * 43, "tail"])
async def test_anything_else_does_not(change: str) -> None:
    text, _, gate = await made()
    wrong = text[:-1] + ("A" if text[-1] != "A" else "B") if change == "tail" else change
    assert await gate.admit(wrong, "10.0.0.1", START) is None


async def test_guessing_is_slowed_down_per_address() -> None:
    text, _, gate = await made(1e6)
    for _ in range(tokens.FAILURES):
        assert await gate.admit("wrong", "10.0.0.1", START) is None
    assert await gate.admit(text, "10.0.0.1", START) is None
    assert await gate.admit(text, "10.0.0.2", START) is not None
    assert await gate.admit(text, "10.0.0.1", START + tokens.REFILL_S) is not None


async def test_good_connections_cost_no_tries() -> None:
    text, _, gate = await made()
    for _ in range(tokens.FAILURES * 3):
        assert await gate.admit(text, "10.0.0.1", START) is not None


@pytest.mark.parametrize(
    ("header", "token"),
    [(None, None), ("Bearer abc", "abc"), ("bearer abc", "abc"), ("Basic abc", ""), ("", "")],
)
def test_the_header_is_read(header: str | None, token: str | None) -> None:
    assert tokens.bearer(header) == token


def test_the_first_message_brings_the_token_or_the_header_does() -> None:
    step = Session(None, START).receive('{"type":"hello","token":"t"}', START)
    assert isinstance(step, Enter)
    assert step.token == "t"
    assert isinstance(Session("h", START).receive('{"type":"hello"}', START), Enter)
    for header, hello in ((None, '{"type":"hello"}'), ("h", '{"type":"hello","token":"t"}')):
        assert Session(header, START).receive(hello, START) == Close(4401)
    assert Session("", START).receive('{"type":"hello"}', START) == Close(4401)


@pytest.mark.parametrize(
    "frame",
    ["", "x", b"\x00", '{"type":"ack","seq":1}', '{"type":"hello","client":"a b"}', "[" * 5000],
)
def test_a_broken_beginning_ends_the_session(frame: str | bytes) -> None:
    session = Session("h", START)
    assert session.receive(frame, START) == Close(4400)
    assert session.receive('{"type":"hello"}', START) is None


def test_silence_and_noise_end_the_session() -> None:
    session = Session("h", START)
    assert session.tick(START + 4) is None
    assert session.tick(START + 5) == Close(4408)
    noisy = Session("h", START)
    noisy.receive('{"type":"hello"}', START)
    steps = [noisy.receive('{"type":"ping"}', START) for _ in range(BURST)]
    assert steps[-1] == Close(4429)
    assert Close(4429) not in steps[:-1]
