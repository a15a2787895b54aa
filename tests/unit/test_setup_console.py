"""Progress lines, and a failed program's last lines with cause and next command."""

import io
import sys
from pathlib import Path

import pytest

from scripts.setup_steps.console import Console
from scripts.setup_steps.errors import CommandError, SetupError


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(tmp_path: Path, out: io.StringIO) -> Console:
    return Console(tmp_path / "setup.log", out)


def test_a_step_ends_with_its_result_and_time(console: Console, out: io.StringIO) -> None:
    with console.step("First"):
        pass
    with console.step("Second") as step:
        step.note("already there")
    first, second = out.getvalue().splitlines()
    assert first == "• First … done (0.0 s)"
    assert second == "• Second … already there (0.0 s)"


def test_a_failed_step_says_so(console: Console, out: io.StringIO) -> None:
    with pytest.raises(SetupError), console.step("First"):
        raise SetupError("the cause", "the command")
    assert out.getvalue() == "• First … failed (0.0 s)\n"


def test_an_interrupted_step_says_so(console: Console, out: io.StringIO) -> None:
    with pytest.raises(KeyboardInterrupt), console.step("First"):
        raise KeyboardInterrupt
    assert out.getvalue() == "• First … interrupted (0.0 s)\n"


def test_output_goes_to_the_log_alone(console: Console, out: io.StringIO) -> None:
    console.run([sys.executable, "-c", "print('hello')"])
    assert "hello" in console.log.read_text()
    assert out.getvalue() == ""


def test_a_failed_program_is_explained_with_its_last_lines(
    console: Console, out: io.StringIO
) -> None:
    script = "for n in range(40): print('line', n)\nprint('No space left on device'); exit(3)"
    with pytest.raises(CommandError) as caught:
        console.run([sys.executable, "-c", script])
    console.fail(caught.value)
    shown = out.getvalue()
    assert "| No space left on device" in shown
    assert "| line 39" in shown
    assert "| line 2\n" not in shown
    assert "✗ the disk is full" in shown
    assert "Next: free about 2 GB" in shown


def test_an_unknown_failure_names_the_program_and_the_log(console: Console) -> None:
    with pytest.raises(CommandError, match="ended with code 7") as caught:
        console.run([sys.executable, "-c", "raise SystemExit(7)"])
    assert str(console.log) in caught.value.next_step


def test_a_program_that_is_not_there_is_named(console: Console) -> None:
    with pytest.raises(CommandError, match="no-such-program cannot be started"):
        console.run(["no-such-program"])


def test_variables_are_added_to_the_environment(console: Console) -> None:
    script = "import os; print(os.environ['PATH'] != '', os.environ['OURS'])"
    console.run([sys.executable, "-c", script], env={"OURS": "set"})
    assert "True set" in console.log.read_text()
