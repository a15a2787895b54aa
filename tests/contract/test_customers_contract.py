"""What every customer directory must do, over each implementation."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import replace

from crm_lookup.errors import NotReadyError, WrongKeyError
from crm_lookup.keys import DataKey
from crm_lookup.memory import MemoryBank
from crm_lookup.model import CustomerId, Recognition, Satisfaction, Text
from crm_lookup.ports import CallContact, CustomerDirectory
from crm_lookup.sealing import PLAIN, Sealer, SealKey
from crm_lookup.sql.bank import SqlBank
from crm_lookup.sql.statements import MOST_CANDIDATES
from crm_lookup.sqlite import SqliteBank
from crm_lookup.testing import (
    CLOSED,
    CLOSED_CARD,
    FIRM,
    KEY,
    LI,
    LOST_CARD,
    NOW,
    SHARED_NUMBER,
    WANG,
    WANG_CARD,
    WANG_NUMBER,
    memory_bank,
    sealed_bank,
    sqlite_bank,
)
from tests.postgres_kit import BANKS


@pytest.fixture(params=sorted(BANKS))
async def directory(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[CustomerDirectory]:
    async with BANKS[request.param](tmp_path) as bank:
        yield bank


CANARIES: Final = ("王芳", WANG_NUMBER, "11010519850123002X", "世纪大道", "wangfang@", "Smith")
"""Personal data of the small bank."""


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("raw", [WANG_NUMBER, "13800138000", "008613800138000", "013800138000"])
async def test_a_number_names_its_one_customer(directory: CustomerDirectory, raw: str) -> None:
    found = await directory.recognise(raw)
    # The closed customer who had the number before is nobody's candidate.
    assert (found.status, found.number, found.customer_id) == ("recognised", WANG_NUMBER, WANG)
    (candidate,) = found.candidates
    assert [reason.en for reason in candidate.reasons] == [
        "own mobile",
        "primary number",
        "called 1 day ago",
    ]


async def test_a_shared_number_gives_all_candidates(directory: CustomerDirectory) -> None:
    found = await directory.recognise("010-62345678")
    assert (found.status, found.number) == ("ambiguous", SHARED_NUMBER)
    said = {one.customer_id: [reason.en for reason in one.reasons] for one in found.candidates}
    assert list(said.items()) == [
        (LI, ["household line", "primary number"]),
        (WANG, ["household line", "called 1 day ago"]),
    ]
    assert found.customer_id is None


async def test_a_tail_tells_apart_who_shares_a_number(directory: CustomerDirectory) -> None:
    assert await directory.by_card_tail("010-62345678", "0015") == WANG
    assert await directory.by_card_tail("010-62345678", "0016") is None  # nobody's
    assert await directory.by_card_tail("13900139000", "0015") is None  # of another number
    assert await directory.by_card_tail("anonymous", "0015") is None


async def test_a_call_stands_once_in_the_timeline(directory: CustomerDirectory) -> None:
    async def told(customer_id: CustomerId) -> list[tuple[str, int | None]]:
        brief = await directory.brief(customer_id)
        assert brief is not None
        return [(said.summary.en, said.satisfaction) for said in brief.interactions]

    assert isinstance(directory, MemoryBank | SqlBank)
    call = CallContact(
        customer_id=LI,
        call_id="call-1",
        at=NOW - 60,
        topic="cards",
        summary=Text("来电", "called"),
        agent_id="1001",
        menu_path="welcome>cards",
    )
    await directory.note_contact(call)
    await directory.note_contact(replace(call, summary=Text("办结", "solved"), satisfaction=4))
    assert await told(LI) == [("solved", 4)]
    brief = await directory.brief(LI)
    assert brief is not None
    assert (brief.menu_paths[0].path, brief.interactions[0].topic) == ("welcome>cards", "cards")
    assert brief.satisfaction == Satisfaction(last=4, last_at=NOW - 60, mean=4.0, count=1)
    # The agent had chosen the wrong one of the household.
    await directory.note_contact(replace(call, customer_id=FIRM), instead_of=LI)
    assert (await told(LI), await told(FIRM)) == ([], [("called", None)])
    await directory.note_contact(replace(call, customer_id=CustomerId("nobody")))


async def test_the_brief_tells_what_the_customer_calls_about(
    directory: CustomerDirectory,
) -> None:
    brief = await directory.brief(WANG)
    assert brief is not None
    assert [(need.need, need.weight) for need in brief.needs] == [
        ("pin_locked", 90),
        ("failed_payment", 83),
        ("repeated_call", 83),
        ("broken_off", 80),
        ("card_delivery", 79),
    ]
    assert [path.path for path in brief.menu_paths] == ["welcome>cards.bill"]
    assert brief.satisfaction == Satisfaction(last=1, last_at=NOW - 86400.0, mean=2.0, count=3)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("13900139000", Recognition(status="unknown", number="+8613900139000")),
        ("1001", Recognition(status="unknown")),
        ("anonymous", Recognition(status="withheld")),
        ("", Recognition(status="withheld")),
        (None, Recognition(status="withheld")),
        ("12", Recognition(status="invalid")),
        ("' OR 1=1 --", Recognition(status="invalid")),
    ],
)
async def test_what_names_nobody(
    directory: CustomerDirectory, raw: str | None, expected: Recognition
) -> None:
    assert await directory.recognise(raw) == expected


@pytest.mark.parametrize(
    ("digits", "owner"),
    [
        (WANG_CARD, WANG),
        ("6222 0200 0000 0015", WANG),
        (LOST_CARD, WANG),  # its owner calls about just that
        (CLOSED_CARD, None),
        ("6222020000000016", None),
        ("", None),
    ],
)
async def test_cards_are_found_by_their_number(
    directory: CustomerDirectory, digits: str, owner: CustomerId | None
) -> None:
    assert await directory.by_card_number(digits) == owner


async def test_segments(directory: CustomerDirectory) -> None:
    assert await directory.segment(WANG) == "gold"
    assert await directory.segment(FIRM) == "silver"
    assert await directory.segment(CustomerId("nobody")) == "standard"


async def test_the_brief_holds_everything_masked(directory: CustomerDirectory) -> None:
    brief = await directory.brief(WANG)
    assert brief is not None
    assert (brief.customer_id, brief.name, brief.phone) == (WANG, "王**", "+86 138****8000")
    assert (brief.segment, brief.segment_reason) == ("gold", Text("资产高", "large assets"))
    assert (brief.language, brief.customer_since) == ("zh", "2015-03-02")
    assert brief.products == (Text("信用卡", "Credit card"), Text("活期账户", "Current account"))
    assert brief.balance_band.en == "CNY 200,000–1 million"  # not counting dollars and debts
    assert (brief.flags, brief.relationship_manager) == (("collections",), "李雷")
    assert [said.summary.en for said in brief.interactions] == [
        f"{day} days ago" for day in range(1, 6)
    ]
    assert [said.satisfaction for said in brief.interactions] == [1, 2, 3, None, None]
    assert [(case.case_id, case.status) for case in brief.cases] == [
        ("K2", "open"),
        ("K1", "waiting"),
    ]
    assert brief.cases[0].subject == Text("费用争议", "a disputed fee")
    # wealth was declined a moment ago, instalments are credit: what is left
    assert [offer.offer_id for offer in brief.offers] == ["term_deposit", "mobile_banking"]


async def test_sparse_customers_have_briefs_too(directory: CustomerDirectory) -> None:
    person, firm = await directory.brief(LI), await directory.brief(FIRM)
    assert person is not None
    assert firm is not None
    assert (person.name, person.phone, person.language) == ("S**", "+86 10****5678", "en")
    assert person.offers == ()  # took back the consent
    assert (firm.name, firm.phone) == ("北京**", "")
    assert [offer.offer_id for offer in firm.offers] == ["payroll_service", "mobile_banking"]


async def test_nobody_has_no_brief(directory: CustomerDirectory) -> None:
    assert await directory.brief(CustomerId("nobody")) is None


@pytest.mark.parametrize("storage", ["sqlite", "postgres"])
async def test_every_storage_gives_equal_briefs(tmp_path: Path, storage: str) -> None:
    async with memory_bank(tmp_path) as memory, BANKS[storage](tmp_path) as stored:
        for customer_id in (WANG, LI, FIRM, CLOSED):
            brief = await stored.brief(customer_id)
            assert brief is not None
            assert brief == await memory.brief(customer_id)


# SQLite alone ------------------------------------------------------------------------------


async def test_a_missing_or_empty_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match="hotline db upgrade"):
        await SqliteBank.open(tmp_path / "none.db", key=KEY)
    assert contents(tmp_path) == {}
    with closing(sqlite3.connect(tmp_path / "empty.db")) as connection:
        connection.execute("VACUUM")
    with pytest.raises(NotReadyError, match="hotline db upgrade"):
        await SqliteBank.open(tmp_path / "empty.db", key=KEY)


async def test_another_key_is_refused(tmp_path: Path) -> None:
    async with sqlite_bank(tmp_path):
        pass
    with pytest.raises(WrongKeyError, match="another data key"):
        await SqliteBank.open(tmp_path / "bank.db", key=DataKey(b"another key" * 3))


async def test_a_switchboard_gives_a_bounded_list(tmp_path: Path) -> None:
    async with sqlite_bank(tmp_path) as bank:
        with closing(sqlite3.connect(tmp_path / "bank.db")) as connection:
            for n in range(100):
                connection.execute(
                    "INSERT INTO customers (customer_id, kind, status, name, family_name, "
                    "segment, segment_reason_zh, segment_reason_en, language, since, updated_at) "
                    "SELECT 'X' || ?, kind, status, name, family_name, segment, "
                    "segment_reason_zh, segment_reason_en, language, since, updated_at "
                    "FROM customers WHERE customer_id = 'C3'",
                    (n,),
                )
                connection.execute(
                    "INSERT INTO customer_numbers (number, customer_id, kind, is_primary) "
                    "VALUES ('+864008208820', 'X' || ?, 'work', 1)",
                    (n,),
                )
            connection.commit()
        found = await bank.recognise("4008208820")
    assert (found.status, len(found.candidates)) == ("ambiguous", MOST_CANDIDATES)


async def test_no_card_number_stands_in_the_file(tmp_path: Path) -> None:
    async with sqlite_bank(tmp_path):
        pass
    content = b"".join(contents(tmp_path).values())
    assert KEY.card_hash(WANG_CARD).encode() in content
    assert WANG_CARD.encode() not in content


async def test_answers_to_offers_change_the_next_ranking(directory: CustomerDirectory) -> None:
    async def names() -> list[str]:
        brief = await directory.brief(FIRM)
        assert brief is not None
        return [offer.offer_id for offer in brief.offers]

    assert isinstance(directory, MemoryBank | SqlBank)
    assert await names() == ["payroll_service", "mobile_banking"]
    call: dict[str, Any] = {"at": NOW - 60, "agent_id": "1001", "call_id": "call-1"}
    await directory.note_offer(FIRM, "payroll_service", "declined", **call)
    assert await names() == ["mobile_banking"]
    # The agent had pressed the wrong button: the last choice counts.
    await directory.note_offer(FIRM, "payroll_service", "presented", **call)
    await directory.note_offer(FIRM, "mobile_banking", "declined", **call)
    await directory.note_offer(FIRM, "mobile_banking", "accepted", **call)
    assert await names() == []
    await directory.note_offer(CustomerId("nobody"), "mobile_banking", "accepted", **call)


async def test_personal_data_come_in_clear_for_those_who_may_see_more(
    directory: CustomerDirectory,
) -> None:
    brief = await directory.brief(WANG)
    assert brief is not None
    held = brief.held
    assert (held.name, held.family_name, held.phone) == ("王芳", "王", WANG_NUMBER)
    assert (held.id_number, held.email) == ("11010519850123002X", "wangfang@example.com")
    assert (held.address, held.birth_year) == ("上海市浦东新区世纪大道100号", "1985")
    assert "王芳" not in repr(brief)
    with pytest.raises(TypeError, match="Held"):
        msgspec.json.encode(brief)
    assert await directory.held(WANG) == held  # type: ignore[attr-defined] # all of them have it
    assert await directory.held(CustomerId("nobody")) is None  # type: ignore[attr-defined] # as above


@pytest.mark.parametrize("file", ["sealed.db", "sealed.db-wal"])
async def test_a_sealed_file_holds_nothing_personal(tmp_path: Path, file: str) -> None:
    async with sealed_bank(tmp_path):
        raw = (tmp_path / file).read_bytes() if (tmp_path / file).exists() else b""
        for canary in CANARIES:
            assert canary.encode() not in raw
        assert b"sealed:" in raw or file.endswith("-wal")


async def test_a_sealed_base_wants_its_key(tmp_path: Path) -> None:
    async with sealed_bank(tmp_path):
        pass
    for sealer in (PLAIN, Sealer([SealKey(b"another sealing key" * 2)], seals=True)):
        with pytest.raises(WrongKeyError, match="not in the key file: put it back"):
            await SqliteBank.open(tmp_path / "sealed.db", key=KEY, sealer=sealer)
