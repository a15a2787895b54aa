"""The doctor: green on a sound installation, and a remedy for every fault."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hotline import db
from hotline.demo.site import HOST, Site
from hotline.doctor import Finding, examine
from hotline.settings import Settings, load_settings


def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(settings)}


def changed(site: Site, **overrides: Any) -> Settings:
    return load_settings(site.config, environ={}, **overrides)


def fault(settings: Settings, name: str) -> Finding:
    found = findings(settings)[name]
    assert found.level == "fault", found
    assert found.remedy
    return found


@pytest.fixture
def busy_port(site: Site) -> Iterator[int]:
    with socket.socket() as thief:
        thief.bind((HOST, site.plan.ami))
        thief.listen()
        yield site.plan.ami


def test_a_sound_installation_is_green(site: Site) -> None:
    # The calendar warns by the day on which this runs, see tests/unit/test_flow_calendar.py.
    findings = [f for f in examine(site.settings) if f.name != "Calendar"]
    assert [f for f in findings if f.level != "ok"] == []


def test_a_running_installation_is_green_too(site: Site) -> None:
    site.exchange.start(site.phones())
    found = findings(site.settings)
    site.exchange.stop()
    assert found["Asterisk process"].level == "ok"
    assert found["Dialplan"].level == "ok"


def test_a_taken_port_is_named(site: Site, busy_port: int) -> None:
    assert f"AMI {HOST}:{busy_port}" in fault(site.settings, "Ports").detail


def test_an_unknown_flow_is_named(site: Site) -> None:
    settings = changed(site, numbers=[{"dnis": "95500", "flow": "nowhere"}])
    assert "95500 → nowhere" in fault(settings, "Menus").detail


def test_a_missing_database_is_named(site: Site, tmp_path: Path) -> None:
    settings = changed(site, database={"url": f"sqlite:///{tmp_path / 'none.db'}"})
    assert "hotline db upgrade" in fault(settings, "Database").remedy
    db.upgrade(settings.database_url)
    assert findings(settings)["Database"].level == "ok"


def test_plain_http_beyond_this_machine_is_a_fault(site: Site) -> None:
    settings = changed(site, console={"host": "0.0.0.0", "port": site.plan.console})  # noqa: S104 - that is the fault
    assert "microphone" in fault(settings, "HTTPS").remedy


def test_an_unreadable_certificate_is_a_fault(site: Site, tmp_path: Path) -> None:
    pem = tmp_path / "chain.pem"
    pem.write_text("nonsense")
    settings = changed(site, tls={"certificate": pem, "key": pem})
    assert str(pem) in fault(settings, "HTTPS").detail


def test_a_wrong_root_is_a_fault(site: Site, tmp_path: Path) -> None:
    settings = changed(site, asterisk={"root": tmp_path})
    assert "usr/sbin/asterisk" in fault(settings, "Asterisk").detail


def test_no_trunk_and_no_number_are_warnings(site: Site) -> None:
    found = findings(changed(site, trunks=[], numbers=[]))
    assert (found["Trunks"].level, found["Numbers"].level) == ("warning", "warning")
