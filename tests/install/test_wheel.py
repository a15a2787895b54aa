"""The wheel holds everything, and works outside of the checkout in an environment of its own."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = [pytest.mark.install, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
SELFTEST_SECONDS = 180


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder], ROOT)
    (built,) = folder.glob("hotline-*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> frozenset[str]:
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


@pytest.fixture(scope="module")
def outside(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder far from the checkout, with the wheel in a fresh environment in ``venv``."""
    folder = tmp_path_factory.mktemp("outside")
    run([sys.executable, "-m", "venv", "venv"], folder)
    pip = [folder / "venv/bin/python", "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    run([*pip, "--require-hashes", "-r", ROOT / "requirements.txt"], folder)
    run([*pip, "--no-deps", wheel], folder)
    return folder


def environment() -> dict[str, str]:
    """This environment without its settings and its Python, with the Asterisk of set-up."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HOTLINE_", "PYTHON", "VIRTUAL_ENV"))
    }
    note = ROOT / ".state/asterisk.json"
    root = os.environ.get("HOTLINE_ASTERISK_ROOT") or (
        json.loads(note.read_text(encoding="utf-8")).get("root") if note.exists() else None
    )
    return kept | ({"HOTLINE_ASTERISK_ROOT": root} if root else {})


def run(command: list[str | Path], folder: Path, env: Mapping[str, str] | None = None) -> str:
    """Run ``command`` in ``folder``; return what it printed, or fail with all of it."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=SELFTEST_SECONDS * 2,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize(
    ("prefix", "suffix"),
    [
        ("dialplans/", ".conf.j2"),
        ("dialplans/flows/", ".yaml"),
        ("dialplans/prompts/", "zh.yaml"),
        ("dialplans/sounds/zh/hotline/", ".flac"),
        ("dialplans/sounds/en/hotline/", ".flac"),
        ("asterisk_conf/", ".conf.j2"),
        ("hotline/migrations/", "env.py"),
        ("hotline/migrations/versions/", ".py"),
        ("agent_console/web/dist/", "index.html"),
        ("agent_console/web/dist/", ".js"),
    ],
)
def test_the_wheel_holds(names: frozenset[str], prefix: str, suffix: str) -> None:
    assert [name for name in names if name.startswith(prefix) and name.endswith(suffix)]


@pytest.mark.parametrize("part", ["node_modules", "/src/", "tests/", "__pycache__", ".state"])
def test_the_wheel_leaves_out(names: frozenset[str], part: str) -> None:
    assert [name for name in names if part in name] == []


@pytest.mark.parametrize("folder", ["dialplans", "asterisk_conf", "hotline/migrations"])
def test_every_tracked_data_file_is_in_the_wheel(names: frozenset[str], folder: str) -> None:
    listed = run(["git", "ls-files", "-z", folder], ROOT)
    missing = [name for name in filter(None, listed.split("\0")) if name not in names]
    assert missing == []


def test_the_licence_travels_along(names: frozenset[str]) -> None:
    assert [name for name in names if name.endswith("licenses/LICENSE")]


def test_the_command_teaches(outside: Path) -> None:
    shown = run([outside / "venv/bin/hotline", "--help"], outside, environment())
    assert "selftest" in shown
    assert "demo" in shown


def test_the_installed_packages_come_from_the_wheel(outside: Path) -> None:
    query = "import hotline, ivr, cti, dialplans; print(hotline.__file__, dialplans.__file__)"
    shown = run([outside / "venv/bin/python", "-c", query], outside, environment())
    assert all(path.startswith(str(outside)) for path in shown.split())


def test_the_installed_hotline_proves_itself(outside: Path) -> None:
    shown = run([outside / "venv/bin/hotline", "selftest", "--json"], outside, environment())
    report = json.loads(shown)
    assert report["ok"] is True, report
    assert all(step["ok"] for step in report["steps"])
