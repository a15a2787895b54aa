"""Stamps, hashes, and where the state folder of a checkout lies."""

from pathlib import Path

import pytest

from scripts.setup_steps import service_user
from scripts.setup_steps.errors import SetupError
from scripts.setup_steps.layout import Layout, Stamps, digest, write_json


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    root = tmp_path / "checkout"
    root.mkdir()
    return Layout(root)


def test_a_stamp_holds_only_for_its_value(tmp_path: Path) -> None:
    stamps = Stamps(tmp_path / "stamps")
    assert not stamps.holds("python", "a")
    stamps.put("python", "a")
    assert stamps.holds("python", "a")
    assert not stamps.holds("python", "b")
    stamps.drop("python")
    assert not stamps.holds("python", "a")
    stamps.drop("python")


def test_a_torn_stamp_does_not_hold(tmp_path: Path) -> None:
    (tmp_path / "python.stamp").write_bytes(b"\xff\xfe")
    assert not Stamps(tmp_path).holds("python", "a")


def test_a_hash_sees_contents_names_and_words(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("text")
    first = digest([one], "3.11")
    assert digest([one], "3.11") == first
    assert digest([one], "3.12") != first
    assert digest([tmp_path], "3.11") == first
    two.write_text("text")
    assert digest([tmp_path], "3.11") != first
    assert digest([two], "3.11") != first
    assert digest([tmp_path / "absent"], "3.11") == digest([], "3.11")


def test_a_note_is_replaced_whole(tmp_path: Path) -> None:
    note = tmp_path / "asterisk.json"
    write_json(note, {"version": "22.10.1"})
    write_json(note, {"version": "22.11.0"})
    assert "22.11.0" in note.read_text()
    assert list(tmp_path.iterdir()) == [note]


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Pretend to be root with the user in place; other states lie in the returned folder."""
    monkeypatch.setattr(service_user, "is_root", lambda: True)
    monkeypatch.setattr(service_user, "_exists", lambda: True)
    monkeypatch.setattr(service_user, "STATES", tmp_path / "shared")
    return tmp_path / "shared"


def test_the_state_stays_in_a_checkout_that_the_user_can_enter(
    layout: Layout, as_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_user, "can_enter", lambda folder: True)
    said: list[str] = []
    service_user.place_state(layout, said)
    assert layout.state.is_dir()
    assert not layout.state.is_symlink()
    assert said == []


def test_the_state_moves_out_of_a_checkout_that_the_user_cannot_enter(
    layout: Layout, as_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_user, "can_enter", lambda folder: False)
    layout.state.mkdir()
    (layout.state / "kept").write_text("old")
    said: list[str] = []
    service_user.place_state(layout, said)
    assert layout.state.is_symlink()
    assert layout.state.resolve().parent == (as_root / "checkouts").resolve()
    assert (layout.state / "kept").read_text() == "old"
    assert "cannot enter" in said[0]
    service_user.place_state(layout, said)
    assert len(said) == 1


def test_a_link_to_a_state_that_is_gone_is_renewed(
    layout: Layout, as_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_user, "can_enter", lambda folder: False)
    layout.state.symlink_to(as_root / "gone")
    service_user.place_state(layout, [])
    assert layout.state.is_dir()


def test_two_checkouts_of_one_name_get_two_states() -> None:
    one = service_user.relocated(Path("/root/a/hotline"))
    two = service_user.relocated(Path("/root/b/hotline"))
    assert one != two
    assert one.name.startswith("hotline-")


def test_a_state_of_somebody_else_is_named(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(layout.state))

    monkeypatch.setattr(service_user, "is_root", lambda: False)
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(SetupError, match="belongs to somebody else") as caught:
        service_user.place_state(layout, [])
    assert "chown -R" in caught.value.next_step


def test_only_root_prepares_the_whole_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_user, "is_root", lambda: False)
    with pytest.raises(SetupError) as caught:
        service_user.place_shared()
    assert caught.value.next_step == "sudo scripts/setup --system"
