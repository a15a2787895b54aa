"""The memory of customers in front of a real database: what other processes write is seen."""

from pathlib import Path

from crm_lookup.cache import LOOK_EVERY, CachedCustomers
from crm_lookup.model import CustomerId
from crm_lookup.sqlite import SqliteBank
from crm_lookup.testing import KEY
from tests.contract.import_kit import SqliteDesk, line, write_file


async def test_an_import_by_another_process_is_seen_within_a_second(tmp_path: Path) -> None:
    desk, now = SqliteDesk(tmp_path), 0.0
    desk.run(write_file(tmp_path / "first.csv", [line(1), line(2)]))
    async with await SqliteBank.open(desk.path, key=KEY) as bank:
        customers = CachedCustomers(bank, clock=lambda: now)
        found = await customers.recognise("13800000001")
        assert found.customer_id is not None
        before = await customers.brief(found.customer_id)
        assert before is not None
        desk.run(write_file(tmp_path / "next.csv", [line(1, 姓名="赵云", 等级="钻石"), line(2)]))
        now += LOOK_EVERY
        after = await customers.brief(found.customer_id)
        assert after is not None
        assert (before.segment, after.segment, after.name) == ("silver", "diamond", "赵**")
        assert await customers.segment(found.customer_id) == "diamond"
        assert await customers.brief(CustomerId("nobody")) is None
