"""Which Asterisk set-up takes, and how it makes a private root."""

import stat
from pathlib import Path

import pytest

from scripts.setup_steps import apt, asterisk
from scripts.setup_steps.console import Console
from scripts.setup_steps.errors import CommandError, SetupError
from scripts.setup_steps.layout import Layout


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A checkout on a machine that has no Asterisk anywhere."""
    monkeypatch.delenv("HOTLINE_ASTERISK_ROOT", raising=False)
    monkeypatch.setattr(asterisk, "SHARED_ROOT", tmp_path / "shared-root")
    monkeypatch.setattr(asterisk, "from_system", lambda: None)
    root = tmp_path / "checkout"
    (root / ".state").mkdir(parents=True)
    return Layout(root)


def fake_root(root: Path, version: str) -> Path:
    """A Debian root whose loader answers with ``version`` to everything."""
    for folder in ("usr/sbin", "usr/lib64", "usr/lib/some-linux-gnu/asterisk/modules"):
        (root / folder).mkdir(parents=True)
    (root / "usr/share/doc").mkdir(parents=True)
    (root / "usr/sbin/asterisk").write_text("")
    loader = root / "usr/lib64/ld-linux-some.so.2"
    loader.write_text(f"#!/bin/sh\necho Asterisk {version}\n")
    loader.chmod(loader.stat().st_mode | stat.S_IXUSR)
    return root


def test_nothing_is_found_on_a_bare_machine(layout: Layout) -> None:
    assert asterisk.find(layout) is None


def test_a_private_root_runs_through_its_own_loader(layout: Layout) -> None:
    root = fake_root(layout.asterisk_root, "22.10.1+dfsg")
    found = asterisk.find(layout)
    assert found is not None
    libraries = root / "usr/lib/some-linux-gnu"
    assert found.binary == (
        str(root / "usr/lib64/ld-linux-some.so.2"),
        "--library-path",
        str(libraries),
        str(root / "usr/sbin/asterisk"),
    )
    assert found.note() == {
        "binary": list(found.binary),
        "modules_dir": str(libraries / "asterisk/modules"),
        "data_dir": str(root / "usr/share/asterisk"),
        "version": "22.10.1",
        "root": str(root),
    }


def test_an_old_one_is_passed_over(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    old = asterisk.Found(("asterisk",), Path("/m"), Path("/d"), (20, 6, 0))
    monkeypatch.setattr(asterisk, "from_system", lambda: old)
    assert asterisk.find(layout) is None
    fake_root(asterisk.SHARED_ROOT, "22.11.0")
    found = asterisk.find(layout)
    assert found is not None
    assert found.version == (22, 11, 0)


def test_a_root_named_by_hand_comes_first(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_root(layout.asterisk_root, "22.10.1")
    named = fake_root(tmp_path / "named", "23.1.0")
    monkeypatch.setenv("HOTLINE_ASTERISK_ROOT", str(named))
    found = asterisk.find(layout)
    assert found is not None
    assert found.root == named


def test_a_root_named_by_hand_that_does_not_serve_is_refused(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_ASTERISK_ROOT", str(fake_root(tmp_path / "old", "20.6.0")))
    with pytest.raises(SetupError, match="HOTLINE_ASTERISK_ROOT") as caught:
        asterisk.find(layout)
    assert "unset HOTLINE_ASTERISK_ROOT" in caught.value.next_step


class Builder:
    """Stands for the console: makes the root that mmdebstrap would make."""

    def __init__(self, versions: dict[str, str]) -> None:
        self._versions = versions
        self.suites: list[str] = []

    def run(self, command: list[str]) -> None:
        suite, target = command[-3:-1]
        self.suites.append(suite)
        if suite not in self._versions:
            raise CommandError(command, (), f"no {suite}", "next")
        fake_root(Path(target), self._versions[suite])


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "host_mirror", lambda: "http://mirror.example/debian/")
    monkeypatch.setattr(apt, "host_options", lambda: ['Acquire::Check-Date "false";'])


def build(builder: Builder, target: Path) -> None:
    asterisk.build_root(builder, target)  # type: ignore[arg-type]


@pytest.mark.usefixtures("mirror")
def test_a_half_made_root_is_begun_anew(layout: Layout) -> None:
    partial = layout.state / "asterisk-root.partial"
    (partial / "left over").mkdir(parents=True)
    build(Builder({"forky": "22.10.1"}), layout.asterisk_root)
    assert asterisk.find(layout) is not None
    assert not partial.exists()
    assert not (layout.asterisk_root / "left over").exists()
    assert not (layout.asterisk_root / "usr/share/doc").exists()
    assert (layout.asterisk_root / "lib64").readlink() == Path("usr/lib64")


@pytest.mark.usefixtures("mirror")
def test_the_next_suite_is_tried(layout: Layout) -> None:
    builder = Builder({"sid": "23.0.0"})
    build(builder, layout.asterisk_root)
    assert builder.suites == ["forky", "sid"]
    found = asterisk.find(layout)
    assert found is not None
    assert found.version == (23, 0, 0)


@pytest.mark.usefixtures("mirror")
def test_the_first_failure_is_the_one_that_is_told(layout: Layout) -> None:
    with pytest.raises(CommandError, match="no forky"):
        build(Builder({}), layout.asterisk_root)


@pytest.mark.usefixtures("mirror")
def test_a_mirror_with_an_old_asterisk_is_no_success(layout: Layout) -> None:
    with pytest.raises(SetupError, match="older than"):
        build(Builder({"forky": "20.1.0", "sid": "20.1.0"}), layout.asterisk_root)
    assert not layout.asterisk_root.exists()


def test_a_host_without_mirror_is_told(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(apt, "host_mirror", lambda: None)
    with pytest.raises(SetupError, match="no Debian mirror"):
        asterisk.build_root(Console(tmp_path / "log"), layout.asterisk_root)


def test_the_hosts_options_reach_mmdebstrap() -> None:
    command = asterisk.mmdebstrap("forky", Path("/t"), "http://m.example/", ['A "b";'])
    assert '--aptopt=A "b";' in command
    assert "--variant=extract" in command
    assert command[-3:] == ["forky", "/t", "http://m.example/"]


def test_only_a_new_enough_candidate_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"1:22.10.1~dfsg-1": (22, 10, 1), "1:20.6.0~dfsg-2": None, "(none)": None}
    for answer, expected in answers.items():
        lines = ["asterisk:", f"  Candidate: {answer}"]
        monkeypatch.setattr(apt, "ask", lambda *_, lines=lines: lines)
        assert asterisk.apt_candidate() == expected


def test_the_note_names_real_paths_where_the_state_lies_elsewhere(
    layout: Layout, tmp_path: Path
) -> None:
    layout.state.rmdir()
    (tmp_path / "elsewhere").mkdir()
    layout.state.symlink_to(tmp_path / "elsewhere")
    fake_root(tmp_path / "elsewhere/asterisk-root", "22.10.1")
    found = asterisk.find(layout)
    assert found is not None
    assert all("checkout" not in word for word in found.binary)
