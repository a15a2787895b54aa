"""The framing is exact at every split, and nothing hostile can break out of a line."""

import copy
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.ami.framing import MAX_MESSAGE, Framer, Message, encode_action
from cti.errors import AmiActionRefusedError, AmiProtocolError

FIXTURES = Path(__file__).parents[1] / "fixtures" / "ami"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"
RECORDING = (FIXTURES / "answered_caller_ends.ami").read_bytes()
WHOLE = [m.headers for m in Framer().feed(RECORDING)]


def _headers(*chunks: bytes) -> list[dict[str, str]]:
    framer = Framer()
    return [m.headers for chunk in chunks for m in framer.feed(chunk)]


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.ami"))[:4], ids=lambda path: path.stem)
def test_a_real_stream_cut_at_every_byte_gives_the_same_messages(path: Path) -> None:
    recording = path.read_bytes()
    whole = [m._text for m in Framer().feed(recording)]
    assert len(whole) > 20
    framer, seen = Framer(), 0
    for at in range(len(recording)):  # byte by byte, and what a second chunk would bring
        after = copy.copy(framer).feed(recording[at : recording.find(b"\r\n\r\n", at) + 4])
        assert [m._text for m in after] == whole[seen : seen + len(after)], at
        seen += len(framer.feed(recording[at : at + 1]))
    assert seen == len(whole)


@settings(max_examples=30)
@given(st.lists(st.integers(1, len(RECORDING) - 1), max_size=40))
def test_random_splits_give_the_same_messages(cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), len(RECORDING)]
    chunks = [RECORDING[a:b] for a, b in pairwise(edges)]
    assert _headers(*chunks) == WHOLE


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n")), st.data())
def test_text_cut_inside_a_character_stays_whole(name: str, data: st.DataObject) -> None:
    stream = BANNER + f"Event: Newstate\r\nCallerIDName: {name}\r\n\r\n".encode()
    at = data.draw(st.integers(0, len(stream)))
    assert _headers(stream[:at], stream[at:])[0]["CallerIDName"] == name


def test_bytes_that_are_no_utf8_are_replaced_and_lose_nothing_else() -> None:
    stream = BANNER + b"Event: X\r\nCallerIDName: a\xff\xe7z\r\nExten: 1\r\n\r\n"
    [headers] = _headers(stream)
    assert headers == {"Event": "X", "CallerIDName": "a\ufffd\ufffdz", "Exten": "1"}


def test_repeated_headers_are_all_kept_and_the_first_one_counts() -> None:
    message = Message.of(
        "Event: UserEvent\r\nChanVariable: A=1\r\nChanVariable: B=2\r\nEvent: Forged"
    )
    assert message.all("ChanVariable") == ["A=1", "B=2"]
    assert message.event == "UserEvent"
    assert message.all("None") == []
    assert Message.of("Event:\r\nnonsense").headers == {"Event": ""}


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400", b"x" * 300])
def test_another_server_on_the_port_is_recognised(greeting: bytes) -> None:
    with pytest.raises(AmiProtocolError, match="check host and port"):
        Framer().feed(greeting)


def test_a_message_without_end_is_given_up() -> None:
    framer = Framer()
    framer.feed(BANNER)
    with pytest.raises(AmiProtocolError, match="no end"):
        framer.feed(b"a" * (MAX_MESSAGE + 1))


@given(st.text(max_size=30), st.sampled_from(["\r", "\n", "\0", "\r\n"]), st.text(max_size=30))
def test_line_breaks_in_a_value_are_refused(before: str, breaker: str, after: str) -> None:
    with pytest.raises(AmiActionRefusedError):
        encode_action("QueuePause", "1", [("Reason", before + breaker + after)])


@pytest.mark.parametrize("key", ["", "A\r\nAction", "A:", "A B", "A\0"])
def test_hostile_keys_are_refused(key: str) -> None:
    with pytest.raises(AmiActionRefusedError):
        encode_action("Ping", "1", [(key, "x")])


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=80))
def test_what_we_send_is_read_back_as_it_was(value: str) -> None:
    data = encode_action("QueuePause", "id-1", [("Reason", value)])
    [headers] = _headers(BANNER + data)
    assert headers == {"Action": "QueuePause", "ActionID": "id-1", "Reason": value}


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.ami")), ids=lambda path: path.stem)
def test_a_header_that_is_looked_for_is_the_one_that_all_headers_show(path: Path) -> None:
    for lazy, whole in zip(*(Framer().feed(path.read_bytes()) for _ in "12"), strict=True):
        keys = [*whole.headers, "Nothing"]
        assert {key: lazy.get(key, "-") for key in keys} == {
            key: whole.headers.get(key, "-") for key in keys
        }
        for key in keys:
            assert lazy.all(key) == whole.all(key)
            assert lazy.lines(key) == whole.lines(key)
            if len(lazy.all(key)) == 1:
                assert lazy.after(key) == whole.after(key)
        assert lazy.event == whole.headers.get("Event", "")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Event", "UserEvent", "ChanVariable", "call_id", "A"]),
            st.text(st.sampled_from("aE: =\n\r\x00王"), max_size=8),
        ),
        max_size=8,
    )
)
def test_no_value_makes_a_header_of_its_own(pairs: list[tuple[str, str]]) -> None:
    pairs = [(key, value.replace("\r\n", "").strip("\r")) for key, value in pairs]
    lines = [f"{key}: {value}" for key, value in pairs]
    lazy, whole = Message.of("\r\n".join(lines)), Message.of("\r\n".join(lines))
    assert set(whole.headers) == {key for key, _ in pairs}
    for key in ("Event", "UserEvent", "ChanVariable", "call_id", "A", "王"):
        values = [value for name, value in pairs if name == key]
        assert lazy.all(key) == whole.all(key) == values
        assert lazy.get(key) == whole.get(key) == (values[0] if values else "")
        assert lazy.after(key).keys() >= whole.after(key).keys()
