"""How one text is written for both databases."""

import pytest

from crm_lookup.sql import statements
from crm_lookup.sql.port import Statement


def test_a_parameter_has_one_number_wherever_it_stands_and_a_type() -> None:
    made = Statement("SELECT :b, a::text FROM t WHERE a > :b AND c = :c_id", b="bigint")
    assert made.names == ("b", "c_id")
    assert made.dollars == (
        "SELECT CAST($1 AS bigint), a::text FROM t WHERE a > CAST($1 AS bigint) "
        "AND c = CAST($2 AS text)"
    )
    assert made.values({"c_id": "x", "b": 1, "more": 2}) == (1, "x")


def test_a_type_of_no_parameter_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no parameter other"):
        Statement("SELECT :one", other="bigint")


def test_every_statement_is_free_of_what_one_database_alone_reads() -> None:
    every = [value for value in vars(statements).values() if isinstance(value, Statement)]
    assert len(every) > 10
    for made in every:
        for alien in ("?", "INSERT OR", "ifnull", "rowid", "ILIKE", "::"):
            assert alien not in made.text
