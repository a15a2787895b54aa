"""A program's stream: nothing is lost or reordered, or the program is told to begin anew."""

from hypothesis import given
from hypothesis import strategies as st

from agent_console.events_api.channel import Channel
from agent_console.events_api.messages import Resume


def ready(buffered: int = 8, window: int = 3) -> Channel:
    channel = Channel("s", buffered=buffered, window=window)
    channel.connect(None)
    channel.restart()
    return channel


def drained(channel: Channel) -> list[str]:
    frames = []
    while (frame := channel.next()) is not None:
        frames.append(frame)
    return frames


def test_events_are_numbered_and_wait_for_acknowledgement() -> None:
    channel = ready()
    for n in range(5):
        channel.put(f'"{n}"', float(n))
    assert drained(channel) == [
        f'{{"type":"event","seq":{n + 1},"event":"{n}"}}' for n in range(3)
    ]
    assert channel.ack(2) == [0.0, 1.0]
    assert len(drained(channel)) == 2
    assert channel.ack(6) is None
    assert channel.ack(1) == []
    assert channel.ack(5) == [2.0, 3.0, 4.0]


def test_what_was_not_acknowledged_comes_again() -> None:
    channel = ready()
    for n in range(3):
        channel.put(f'"{n}"', 0.0)
    first = drained(channel)
    assert channel.connect(Resume(stream="s", seq=1))
    channel.put('"3"', 0.0)
    assert drained(channel)[:2] == first[1:]


def test_an_overflow_is_a_reset_and_loses_nobody_elses_time() -> None:
    channel = ready()
    for _ in range(20):
        channel.put('"x"', 0.0)
    assert channel.reset == "too_slow"
    assert channel.next() is None
    assert channel.ack(1) == []
    assert channel.restart() == 20
    channel.put('"y"', 0.0)
    assert drained(channel) == ['{"type":"event","seq":21,"event":"y"}']


def test_a_resume_that_cannot_be_kept_says_why() -> None:
    channel = ready()
    channel.put('"x"', 0.0)
    drained(channel)
    channel.ack(1)
    for resume, reason in (
        (None, "start"),
        (Resume(stream="other", seq=1), "unknown_stream"),
        (Resume(stream="s", seq=0), "too_old"),
        (Resume(stream="s", seq=9), "too_old"),
    ):
        assert not channel.connect(resume)
        assert channel.reset == reason
        channel.restart()


@given(st.lists(st.sampled_from(["put", "put", "read", "ack", "drop", "crash"]), max_size=120))
def test_a_program_that_resumes_misses_nothing_without_a_reset(acts: list[str]) -> None:
    channel = Channel("s", buffered=6, window=4)
    published = seen = dealt_with = 0
    connected = False
    for act in [*acts, "crash", "drop", "read"]:
        if act == "put":
            published += 1
            channel.put(str(published), 0.0)
        elif act == "drop":
            connected = True
            if channel.connect(Resume(stream="s", seq=dealt_with)):
                seen = dealt_with
        elif act == "crash":
            connected = False
        elif act == "read" and connected:
            if channel.reset is not None:
                seen = dealt_with = channel.restart()
                assert seen == published
            for frame in drained(channel):
                seen += 1
                assert frame == event_text(seen)
        elif act == "ack" and connected and channel.reset is None:
            dealt_with = seen
            assert channel.ack(seen) is not None
    assert seen == min(published, dealt_with + 4)


def event_text(n: int) -> str:
    return f'{{"type":"event","seq":{n},"event":{n}}}'
