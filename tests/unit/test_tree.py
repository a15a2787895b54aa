"""What the tracked files must not hold, and what must be executable."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Written in pieces, since this file is tracked too.
REGISTRY_HOSTS = tuple(
    "".join(pieces)
    for pieces in (
        ("pypi", ".org"),
        ("python", "hosted.org"),
        ("npm", "js.org"),
        ("npm", "mirror.com"),
        ("deb.", "debian.org"),
        ("ftp.", "debian.org"),
        ("security.", "debian.org"),
        ("pkg", ".dev"),
    )
)
MACHINE_PATHS = re.compile(
    "|".join(("/wor" + r"k/(main|shared)\b", "/tm" + r"p/prep\b", "/ho" + r"me/[a-z]"))
)


@pytest.fixture(scope="module")
def tracked() -> dict[str, str]:
    """Every tracked text file and its contents."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    texts = {}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        data = path.read_bytes() if path.is_file() else b""
        if b"\0" not in data:
            texts[name] = data.decode("utf-8", errors="replace")
    return texts


def test_no_file_names_a_package_registry(tracked: dict[str, str]) -> None:
    found = [
        f"{name}: {host}"
        for name, text in tracked.items()
        for host in REGISTRY_HOSTS
        if host in text
    ]
    assert found == []


def test_no_file_names_a_path_of_one_machine(tracked: dict[str, str]) -> None:
    found = [
        f"{name}: {hit[0]}"
        for name, text in tracked.items()
        if (hit := MACHINE_PATHS.search(text))
    ]
    assert found == []


@pytest.mark.parametrize("name", [".ci/run", "scripts/setup", "scripts/lock"])
def test_what_people_start_is_executable(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_hooks_need_no_network() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^\s*-? ?repo: (.*)$", text) == ["local"]
