"""Progress lines, and a failed program's last lines with cause and next command."""

import io
import sys
import threading
from pathlib import Path

import pytest

from scripts.setup_steps.console import Console
from scripts.setup_steps.errors import CommandError, InterruptedSetup, SetupError
from scripts.setup_steps.lanes import side_by_side
from scripts.setup_steps.screen import Screen


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(tmp_path: Path, out: io.StringIO) -> Console:
    return Console(tmp_path / "setup.log", Screen(out))


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


def test_lanes_run_side_by_side_and_share_the_screen(console: Console, out: io.StringIO) -> None:
    other = console.beside("other.log")
    met = threading.Barrier(2, timeout=10)

    def work(lane: Console) -> None:
        with lane.step(lane.log.stem):
            met.wait()
            lane.run([sys.executable, "-c", f"print({lane.log.stem!r})"])

    side_by_side({lane: lambda lane=lane: work(lane) for lane in (console, other)})
    assert sorted(out.getvalue().split()[1::6]) == ["other", "setup"]
    assert "\nother\n" in other.log.read_text()
    assert "other" not in console.log.read_text()


def test_after_a_failure_the_other_lane_begins_no_further_step(
    console: Console, out: io.StringIO
) -> None:
    other = console.beside("other.log")
    begun, failed = threading.Event(), threading.Event()

    def fails() -> None:
        assert begun.wait(10)
        raise SetupError("the cause", "the command")

    def goes_on() -> None:
        with other.step("first"):
            begun.set()
            # The failure is seen when no further step may begin.
            while not failed.is_set():
                try:
                    with other.step("probe"):
                        pass
                except InterruptedSetup:
                    failed.set()
        with other.step("second"):
            pass

    with pytest.raises(SetupError, match="the cause"):
        side_by_side({console: fails, other: goes_on})
    assert "• first … done" in out.getvalue()
    assert "second" not in out.getvalue()


def test_a_stopped_lane_interrupts_its_program(console: Console, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = (  # a shell's background job would ignore SIGINT, and so would its children
        "import pathlib, signal, time; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"
    )
    caught: list[BaseException] = []

    def work() -> None:
        try:
            console.run([sys.executable, "-c", script])
        except InterruptedSetup as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not ready.exists():
        thread.join(0.01)
    console.stop()
    thread.join(10)
    assert len(caught) == 1
    with pytest.raises(InterruptedSetup):
        console.run([sys.executable, "-c", "pass"])
