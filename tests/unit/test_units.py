"""The systemd units: they start commands that exist, and a restart leaves calls alone."""

import configparser
from pathlib import Path

import pytest
from typer.main import get_command

from hotline.cli import app

ROOT = Path(__file__).resolve().parents[2]
UNITS = ("hotline", "hotline-ivr", "hotline-cti")


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ROOT / f"systemd/{name}.service", encoding="utf-8")
    return parser


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_starts_a_command_that_exists(name: str) -> None:
    service = unit(name)["Service"]
    program, *words = service["ExecStart"].split()
    assert program.endswith("/bin/hotline")
    command = get_command(app)
    context = command.make_context("hotline", ["serve"], resilient_parsing=True)
    found = command.get_command(context, words[0])  # type: ignore[attr-defined]
    assert found is not None
    found.make_context(words[0], words[1:], parent=context)


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_confined(name: str) -> None:
    service = unit(name)["Service"]
    assert service["User"] == "hotline"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""


def test_asterisk_outlives_a_restart_of_the_supervisor() -> None:
    service = unit("hotline")["Service"]
    assert service["KillMode"] == "process"
    assert "--keep-asterisk" in service["ExecStart"]
    assert "PrivateTmp" not in service
    assert "RuntimeDirectory" not in service


@pytest.mark.parametrize("name", UNITS[1:])
def test_a_single_role_is_stopped_with_all_its_processes(name: str) -> None:
    assert unit(name)["Service"]["KillMode"] == "mixed"
    assert unit(name)["Unit"]["Conflicts"] == "hotline.service"
