"""The lock files: every package pinned and hashed, and no address of any registry."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-node.txt")
NPM_LOCK = ROOT / "agent_console/web/package-lock.json"


def requirements(name: str) -> list[str]:
    """The logical lines of a requirements file, without comments."""
    text = (ROOT / name).read_text(encoding="utf-8")
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*$", "", text))
    return [line.strip() for line in joined.splitlines() if line.strip()]


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    lines = requirements(name)
    assert lines
    for line in lines:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z0-9,_-]+\])?==[^ ]+", line), line
        assert "--hash=sha256:" in line, line


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_an_address_or_an_index(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"(?m)^\s*(-i|-f|--index-url|--extra-index-url|--find-links)\b", text)


def test_the_wheels_packages_are_those_that_the_tests_use() -> None:
    def pins(name: str) -> set[str]:
        return {line.split(" ")[0] for line in requirements(name)}

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


def test_the_npm_lock_is_hashed_and_names_no_address() -> None:
    if not NPM_LOCK.exists():
        pytest.skip("no front end in this tree")
    packages = json.loads(NPM_LOCK.read_text(encoding="utf-8"))["packages"]
    installed = {name: data for name, data in packages.items() if name}
    assert installed
    for name, data in installed.items():
        assert data.get("integrity", "").startswith("sha512-"), name
        assert "resolved" not in data, f"{name}: npm install --omit-lockfile-registry-resolved"
