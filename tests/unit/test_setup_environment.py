"""The virtual environment, Debian's packages and root's rights, with nothing installed."""

import io
import sys
from pathlib import Path

import pytest

from scripts.setup_steps import debian, front_end, privilege, python_env
from scripts.setup_steps.console import Console
from scripts.setup_steps.debian import Need
from scripts.setup_steps.errors import CommandError, SetupError
from scripts.setup_steps.layout import Layout, Stamps
from scripts.setup_steps.privilege import Privilege
from scripts.setup_steps.screen import Screen


class Recorder(Console):
    """A console that notes commands instead of running them."""

    def __init__(self, log: Path) -> None:
        super().__init__(log, Screen(io.StringIO()))
        self.commands: list[list[str]] = []
        self.failure: CommandError | None = None

    def run(self, command, *, cwd=None, env=None, shown=False) -> None:  # type: ignore[no-untyped-def,override]
        self.commands.append(list(command))
        if self.failure:
            raise self.failure


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / ".state").mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "requirements-dev.txt").write_text("thing==1\n")
    return Layout(tmp_path)


@pytest.fixture
def console(layout: Layout) -> Recorder:
    return Recorder(layout.state / "setup.log")


@pytest.fixture
def stamps(layout: Layout) -> Stamps:
    return Stamps(layout.state / "stamps")


def make_venv(layout: Layout, version: str = "", pip: bool = True) -> None:
    """A folder that looks like an environment of ``version`` (this Python's by default)."""
    this = "{}.{}.{}".format(*sys.version_info[:3])
    python = layout.venv / "bin/python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(f"#!/bin/sh\necho {version or this} {pip}\n")
    python.chmod(0o755)
    (layout.venv / "bin/hotline").write_text("")


def installations(console: Recorder) -> list[list[str]]:
    return [command for command in console.commands if "pip" in command]


def test_packages_are_installed_by_hash_and_only_once(
    layout: Layout, console: Recorder, stamps: Stamps
) -> None:
    make_venv(layout)
    python_env.provide(console, layout, stamps)
    first, second = installations(console)
    assert "--require-hashes" in first
    assert {"--no-deps", "--no-build-isolation", "-e"} <= set(second)
    assert console.commands[-1][-2:] == ["prompts", "derive"]
    python_env.provide(console, layout, stamps)
    assert len(installations(console)) == 2


def test_a_changed_lock_installs_again(layout: Layout, console: Recorder, stamps: Stamps) -> None:
    make_venv(layout)
    python_env.provide(console, layout, stamps)
    (layout.root / "requirements-dev.txt").write_text("thing==2\n")
    python_env.provide(console, layout, stamps)
    assert len(installations(console)) == 4


def test_a_changed_project_file_renews_only_the_project(
    layout: Layout, console: Recorder, stamps: Stamps
) -> None:
    make_venv(layout)
    python_env.provide(console, layout, stamps)
    (layout.root / "pyproject.toml").write_text("[project]\nname='x'\n")
    python_env.provide(console, layout, stamps)
    assert len(installations(console)) == 3
    assert "-e" in installations(console)[-1]


def test_an_interrupted_installation_leaves_no_stamp(
    layout: Layout, console: Recorder, stamps: Stamps
) -> None:
    make_venv(layout)
    console.failure = CommandError(["pip"], [], "cause", "next")
    with pytest.raises(CommandError):
        python_env.packages_step(console, layout, stamps)
    console.failure = None
    python_env.packages_step(console, layout, stamps)
    assert len(console.commands) == 2


@pytest.mark.parametrize(
    ("version", "pip"), [("3.9.1", True), ("", False)], ids=["other Python", "no pip"]
)
def test_an_unfit_environment_is_rebuilt(
    layout: Layout, console: Recorder, stamps: Stamps, version: str, pip: bool
) -> None:
    make_venv(layout, version, pip)
    stamps.put("python-packages", "old")
    python_env.venv_step(console, layout, stamps)
    assert console.commands == [[sys.executable, "-m", "venv", str(layout.venv)]]
    assert not (layout.venv / "bin").exists()
    assert not stamps.holds("python-packages", "old")


def test_an_environment_whose_python_is_gone_is_rebuilt(
    layout: Layout, console: Recorder, stamps: Stamps
) -> None:
    (layout.venv / "bin").mkdir(parents=True)
    (layout.venv / "bin/python").symlink_to("/gone/python3")
    python_env.venv_step(console, layout, stamps)
    assert len(console.commands) == 1


def test_a_python_without_ensurepip_names_debians_package(
    layout: Layout, console: Recorder, stamps: Stamps
) -> None:
    console.failure = CommandError(["venv"], ["ensurepip is not available."], "cause", "next")
    with pytest.raises(SetupError, match="cannot make virtual") as caught:
        python_env.venv_step(console, layout, stamps)
    assert f"apt-get install python3.{sys.version_info.minor}-venv" in caught.value.next_step


def test_a_need_is_met_by_a_program_a_file_or_a_module() -> None:
    assert Need("sh", "shells", programs=("no-such-program", "sh")).present()
    assert Need("passwd", "users", files=("etc/pass*d",)).present()
    assert Need("python3", "modules", modules=("json", "venv")).present()
    assert not Need("x", "nothing", programs=("no-such-program",)).present()
    assert not Need("x", "nothing", modules=("json", "no_such_module")).present()


def test_nothing_is_installed_where_all_is_there(console: Recorder) -> None:
    debian.provide(console, Privilege(console), [Need("sh", "shells", programs=("sh",))])
    assert console.commands == []


def test_a_file_is_there_while_its_package_is_installed_and_not_afterwards(
    console: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(privilege, "is_root", lambda: True)
    seen: list[list[str]] = []
    monkeypatch.setattr(
        debian.apt, "install", lambda _, names: seen.append([*console.commands[-1]])
    )
    monkeypatch.setattr(debian, "missing", lambda needs: [] if seen else list(needs))
    path = str(tmp_path / "d" / "conf")
    need = Need("server", "tests", programs=("none",), meanwhile=(path, "quiet = yes\n"))
    debian.provide(console, Privilege(console), [need])
    [laid] = seen
    assert (laid[1:5], laid[-1]) == (["install", "-D", "-m", "644"], path)
    assert console.commands[-1] == ["env", "rm", "-f", path]


def test_an_ordinary_user_hears_what_an_administrator_must_run(
    console: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(privilege, "is_root", lambda: False)
    monkeypatch.setattr(privilege.shutil, "which", lambda name: None)
    monkeypatch.setattr(
        debian.shutil, "which", lambda name, path=None: {"apt-get": "/x"}.get(name)
    )
    needs = [Need("one", "first", programs=("one",)), Need("two", "second", programs=("two",))]
    with pytest.raises(SetupError, match="one two") as caught:
        debian.permit(Privilege(console), needs)
    assert "apt-get install --no-install-recommends one two" in caught.value.next_step
    assert console.commands == []


def test_a_system_without_apt_is_told(console: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian.shutil, "which", lambda name, path=None: None)
    with pytest.raises(SetupError, match="no apt-get") as caught:
        debian.permit(Privilege(console), [Need("one", "first", programs=("one",))])
    assert "Debian 12" in caught.value.next_step


def test_sudo_carries_the_variables_across(
    console: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(privilege, "is_root", lambda: False)
    monkeypatch.setattr(privilege.shutil, "which", lambda name: "/usr/bin/sudo")
    monkeypatch.setattr(privilege, "_succeeds", lambda command: True)
    rights = Privilege(console)
    rights.obtain("for a test", "make")
    rights.run(["apt-get", "update"], env={"LC_ALL": "C"})
    assert console.commands == [["sudo", "-n", "env", "LC_ALL=C", "apt-get", "update"]]


def test_the_build_depends_on_sources_only(tmp_path: Path) -> None:
    for name in ("package.json", "src", "dist", "node_modules", ".cache"):
        (tmp_path / name).mkdir()
    assert {path.name for path in front_end.sources(tmp_path)} == {"package.json", "src"}


def test_a_tree_without_front_end_has_no_such_step(
    layout: Layout, console: Recorder, stamps: Stamps
) -> None:
    front_end.provide(console, layout, stamps)
    assert console.commands == []


def test_a_front_end_is_built_once(
    layout: Layout, console: Recorder, stamps: Stamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.web.mkdir(parents=True)
    (layout.web / "package.json").write_text('{"engines": {"node": ">=20"}}')
    for name in ("node_modules", "dist"):
        (layout.web / name).mkdir()
    (layout.web / "dist/index.html").write_text("")
    (layout.web / "main.ts").write_text("1")
    monkeypatch.setattr(front_end, "node_version", lambda path: "v20.20.2")
    monkeypatch.setattr(front_end.shutil, "which", lambda name, path=None: "/usr/bin/npm")
    front_end.provide(console, layout, stamps)
    front_end.provide(console, layout, stamps)
    assert [command[:2] for command in console.commands] == [["npm", "ci"], ["npm", "run"]]
    (layout.web / "main.ts").write_text("2")
    front_end.provide(console, layout, stamps)
    assert [command[:2] for command in console.commands[2:]] == [["npm", "run"]]
