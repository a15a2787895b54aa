"""The runner of the benchmarks: it finds them, and one that drove nothing fails the run."""

from pathlib import Path

import pytest

from bench.__main__ import benchmarks, main, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "trials"
    made.mkdir()
    (made / "__init__.py").write_text("")
    for name, body in (
        ("good", "print('12 ms')"),
        ("silent", "pass"),
        ("broken", "print('0 calls'); assert 0, 'drove nothing'"),
    ):
        text = f'"""The {name} one.\n\nMore."""\n\ndef main():\n    {body}\n\nmain()\n'
        (made / f"{name}.py").write_text(text)
    (made / "_helper.py").write_text("def main(): ...\n")
    (made / "data.py").write_text("VALUES = ()\n")
    return made


def test_every_module_with_a_main_is_a_benchmark(folder: Path) -> None:
    assert benchmarks(folder) == {
        "broken": "The broken one.",
        "good": "The good one.",
        "silent": "The silent one.",
    }


def test_ours_are_found_and_say_what_they_measure() -> None:
    found = benchmarks()
    assert {"calls", "lookup"} <= found.keys()
    assert all(found.values())


@pytest.mark.parametrize(
    ("name", "works", "words"),
    [
        ("good", True, "12 ms"),
        ("silent", False, "it printed nothing"),
        ("broken", False, "status 1"),
    ],
)
def test_a_benchmark_that_drove_nothing_fails(
    folder: Path, capfd: pytest.CaptureFixture[str], name: str, works: bool, words: str
) -> None:
    assert run(name, folder) is works
    assert words in capfd.readouterr().out


def test_one_failure_fails_the_run(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([], folder) == 1
    assert "failed: broken, silent" in capfd.readouterr().out
    assert main(["good"], folder) == 0


def test_an_unknown_name_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fast"], folder)
    assert "no benchmark fast; there are broken, good, silent" in capsys.readouterr().err
