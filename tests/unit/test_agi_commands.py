"""Commands on the wire: quoting that Asterisk undoes exactly, and nothing that forges a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.agi import Command, commands
from ivr.errors import AgiCommandError

TEXT = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=("Cs",)), max_size=80)


def parse_args(line: str) -> list[str]:
    """What ``parse_args`` in ``res_agi.c`` makes of a line (without its trimming of blanks)."""
    found: list[str] = []
    quoted = escaped = False
    word: str | None = None
    for character in line:
        if escaped:
            word, escaped = (word or "") + character, False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted, word = not quoted, word or ""
        elif character in " \t" and not quoted:
            if word is not None:
                found.append(word)
            word = None
        else:
            word = (word or "") + character
    return found if word is None else [*found, word]


@given(TEXT, TEXT)
def test_asterisk_reads_back_what_was_written(first: str, second: str) -> None:
    line = Command("SET VARIABLE", (first, second)).encode().decode()
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert parse_args(line[:-1]) == ["SET", "VARIABLE", first, second]


@pytest.mark.parametrize("bad", ["a\nHANGUP", "a\r", "\0"])
def test_line_ends_are_refused(bad: str) -> None:
    with pytest.raises(AgiCommandError, match="encode or remove"):
        commands.set_variable("X", bad).encode()


def test_a_line_that_asterisk_would_split_is_refused() -> None:
    commands.set_variable("X", "y" * 2020).encode()
    with pytest.raises(AgiCommandError, match="shorten"):
        commands.set_variable("X", "y" * 2040).encode()


def test_too_many_arguments_are_refused() -> None:
    with pytest.raises(AgiCommandError, match="more than"):
        Command("NOOP", ("x",) * 128).encode()


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (commands.get_variable("HOTLINE_CALL_ID"), b'GET VARIABLE "HOTLINE_CALL_ID"\n'),
        (commands.set_timeout(14), b'SET VARIABLE "TIMEOUT(absolute)" "14.00"\n'),
        (commands.stream_file("hotline/welcome", "", 3.0), b'STREAM FILE "hotline/welcome" ""\n'),
        (commands.wait_for_digit(4.0), b'WAIT FOR DIGIT "4000"\n'),
        (commands.wait_for_digit(0.0), b'WAIT FOR DIGIT "1"\n'),
        (commands.user_event("HotlineX,a:b"), b'EXEC UserEvent "HotlineX,a:b"\n'),
    ],
)
def test_the_commands_of_the_menu(command: Command, line: bytes) -> None:
    assert command.encode() == line
