"""What a full-text search in Chinese and English compares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_console.knowledge import terms as t


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("提前还款", ["提前", "前还", "还款"]),
        ("款", ["款"]),
        ("Lost cards", ["lost", "card"]),
        ("policies, boss", ["policy", "boss"]),
        ("ＡＴＭ取款", ["atm", "取款"]),
        ("信用卡 Visa卡", ["信用", "用卡", "visa", "卡"]),
        ("！？—", []),
    ],
)
def test_texts_become_words_and_pairs(text: str, found: list[str]) -> None:
    assert t.terms(text) == found


def test_the_last_word_may_be_unfinished() -> None:
    assert t.query_terms("lost car") == ["lost", "car%"]
    assert t.query_terms("lost cards ") == ["lost", "card"]
    assert t.query_terms("卡") == ["卡%"]
    assert t.query_terms("挂失") == ["挂失"]


@given(st.text(max_size=60))
def test_every_text_finds_itself(text: str) -> None:
    wanted = t.query_terms(text)
    if not wanted:
        return
    postings = [(term, "a", weight) for term, weight in t.weights([(text, 1.0)]).items()]
    found = t.rank(wanted, postings, 1)
    assert [article for article, _ in found] == ["a"]
    assert len(t.snippet(text, wanted)) <= 92


def test_rare_words_decide_and_all_words_must_be_there() -> None:
    postings = [
        *(("card", f"a{n}", 1.0) for n in range(9)),
        ("loss", "a3", 1.0),
        ("fee", "b", 9.0),
    ]
    assert [a for a, _ in t.rank(["card", "loss"], postings, 10)] == ["a3"]
    assert [a for a, _ in t.rank(["fee", "loss", "nowhere"], postings, 10)] == []
    best = t.rank(["loss", "fee"], postings, 10)
    assert [a for a, _ in best] == ["b", "a3"]


def test_the_snippet_shows_where_the_words_stand() -> None:
    text = "开头" * 60 + "提前还款违约金" + "结尾" * 60
    shown = t.snippet(text, t.query_terms("违约金"))
    assert "违约金" in shown
    assert shown[0] == shown[-1] == "…"
