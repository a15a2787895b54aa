"""What a log says of a fault: where it was, never what the variables held."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from hotline.logs import configure_logging
from hotline.settings.services import LogSettings


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_logged_fault_shows_no_local_variables(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(LogSettings.model_validate({"format": style}), "console")
    log = structlog.get_logger("test")
    held = "".join(["top", "-", "secret"])
    try:
        raise ValueError("broken " + held[:3])
    except ValueError:
        log.exception("it_failed")
    text = capsys.readouterr().err
    assert "ValueError" in text
    assert "test_a_logged_fault" in text
    assert held not in text
    if style == "json":
        assert json.loads(text.splitlines()[-1])["event"] == "it_failed"
