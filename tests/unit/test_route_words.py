"""Why a call came here, in an agent's words."""

import pytest

from hotline.route_words import route_words


def test_the_words_come_in_both_languages_and_in_order() -> None:
    words = route_words(("segment=gold", "priority=gold", "last-agent=1001"), "1001")
    assert [w.en for w in words] == ["Gold customer", "You served this customer last time"]
    assert [w.zh for w in words] == ["金卡客户", "客户上次由您接待"]


@pytest.mark.parametrize(
    ("reason", "english"),
    [
        ("last-agent=1002", "Agent 1002 served them last time"),
        ("waited=90", "Waited more than 90 s"),
        ("overflow", "Overflow from another queue"),
        ("queue=forced", "The menu chose the queue"),
        ("weekday=mon", "By the time of the call"),
        ("dnis=95501", "Dialled 95501"),
        ("supervisor=chen", "Sent here by supervisor chen"),
    ],
)
def test_codes_become_words(reason: str, english: str) -> None:
    assert [w.en for w in route_words((reason,), "1001")] == [english]


def test_what_helps_nobody_is_left_out() -> None:
    assert route_words(("priority=gold", "something-new", ""), "1001") == ()
