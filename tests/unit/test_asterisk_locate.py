"""Finding Asterisk: versions, roots and clear refusals."""

from pathlib import Path

import pytest

from hotline.asterisk.errors import AsteriskNotFoundError, AsteriskStartError
from hotline.asterisk.layout import Dirs
from hotline.asterisk.locate import Install, from_root, locate, parse_version
from hotline.asterisk.process import service_user


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1\n", (22, 10, 1)),
        ("Asterisk 20.6.0~dfsg+~cs6.13.40431414-2build5", (20, 6, 0)),
        ("Asterisk certified/20.7-cert5", (20, 7)),
        ("nothing", ()),
    ],
)
def test_versions_are_read_from_what_asterisk_prints(text: str, version: tuple[int, ...]) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("version", "recent"),
    [("22.10.1", True), ("22.10.0", False), ("23.0", True), ("20.6.0", False)],
)
def test_old_releases_are_known(version: str, recent: bool) -> None:
    install = Install(binary=("a",), modules_dir="m", data_dir="d", version=version)
    assert install.recent is recent


def test_a_root_without_asterisk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AsteriskNotFoundError, match="make setup"):
        from_root(tmp_path)


def test_a_note_whose_program_is_gone_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("HOTLINE_ASTERISK_ROOT", raising=False)
    (tmp_path / "asterisk.json").write_text(
        '{"binary":["/gone/asterisk"],"modules_dir":"m","data_dir":"d","version":"22.10.1"}'
    )
    monkeypatch.setattr("hotline.asterisk.locate.shutil.which", lambda *_a, **_k: None)
    with pytest.raises(AsteriskNotFoundError, match="no Asterisk found"):
        locate(None, (tmp_path,))


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    install = Install(binary=("a",), modules_dir="m", data_dir="d", version="22.10.1")
    with pytest.raises(AsteriskStartError, match="shorter state_dir"):
        Dirs(tmp_path / ("x" * 120)).prepare(install, tmp_path)


def test_a_missing_service_user_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotline.asterisk.process.os.geteuid", lambda: 0)
    with pytest.raises(AsteriskStartError, match=r"useradd --system .* nobody-here"):
        service_user("nobody-here")


def test_without_root_asterisk_runs_as_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotline.asterisk.process.os.geteuid", lambda: 1000)
    assert service_user("whoever") is None
