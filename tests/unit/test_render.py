"""Rendered Asterisk files: sound syntax, least rights, and nothing forged."""

import configparser
import re
from pathlib import Path

import pytest
from asterisk.config import Config  # pyst2's parser: an independent reader

from cti.core import channel_vars, transfers
from cti.core.world import Rules
from hotline.asterisk.errors import RenderError
from hotline.asterisk.layout import Dirs
from hotline.asterisk.locate import Install
from hotline.asterisk.render import Phone, render, write
from hotline.asterisk.secrets import Secrets
from hotline.settings import Settings, load_settings

INSTALL = Install(
    binary=("/usr/sbin/asterisk",), modules_dir="/modules", data_dir="/data", version="22.10.1"
)
SECRETS = Secrets(ami="ami-secret", ivr="ivr-secret", pseudonym="00", lookup="00")
DIRS = Dirs(Path("/srv/hotline/asterisk"))


def settings(**more: object) -> Settings:
    document: dict[str, object] = {
        "trunks": [{"name": "carrier", "host": "192.0.2.1", "maximum_channels": 30}],
        "numbers": [{"dnis": "95500", "aliases": ["+8695500"]}],
        **more,
    }
    return load_settings(environ={}, **document)


def files(**more: object) -> dict[str, str]:
    return render(
        settings(**more), SECRETS, INSTALL, DIRS, phones=[Phone(extension="1001", secret="s3cret")]
    )


def section(text: str, name: str, kind: str) -> str:
    """The body of one pjsip section of a kind."""
    for body in re.split(r"^\[", text, flags=re.MULTILINE):
        if body.startswith(f"{name}]") and re.search(rf"^type = {kind}$", body, re.MULTILINE):
            return body
    raise AssertionError(f"no {kind} {name}")


# pyst2 leaves the files that it read to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_independent_parser_reads_every_file(tmp_path: Path) -> None:
    made = files()
    write(made, tmp_path)
    for name in made:
        parsed = Config(str(tmp_path / name))
        assert parsed.lines, name


def test_no_line_is_left_unrendered() -> None:
    for name, text in files().items():
        assert "{{" not in text, name
        assert "{%" not in text, name


def test_only_declared_numbers_are_reachable_from_a_trunk() -> None:
    plan = files()["extensions.conf"]
    inbound = plan[plan.index("[from-trunk]") : plan.index("[hotline-inbound]")]
    extensions = set(re.findall(r"^exten => ([^,]+),", inbound, re.MULTILINE))
    assert extensions == {"95500", "+8695500"}
    assert "include" not in plan
    assert not re.search(r"\b(System|Originate|TrySystem)\(", plan)


def test_only_declared_phones_and_queues_are_reached_by_a_transfer() -> None:
    plan = files()["extensions.conf"]
    assert set(re.findall(r"\bDial\(([^,]*),", plan)) == {"PJSIP/${EXTEN}"}
    transfer = plan[plan.index("[hotline-to-queue]") : plan.index("[from-phone]")]
    extensions = set(re.findall(r"^exten => ([^,]+),", transfer, re.MULTILINE))
    words = {"queue", "called", "s", "customer", "h"}
    assert extensions - words == {"1001", "service", "vip"}
    elsewhere = plan.replace(transfer, "")
    assert "Dial(" not in elsewhere
    assert not re.search(r"Goto(If)?\(.*hotline-(to|consult|take|wait|conference)", elsewhere)


def test_the_engine_knows_every_context_of_a_customer() -> None:
    plan = files()["extensions.conf"]
    contexts = set(re.findall(r"^\[([a-z-]+)\]$", plan, re.MULTILINE))
    ours = contexts - {"general", "globals", "from-phone"}
    assert ours - transfers.CONTEXTS == Rules(pseudonym_key=b"").inbound_contexts
    assert ours > transfers.CONTEXTS


def test_a_tls_trunk_says_so_to_the_dialplan() -> None:
    trunk = {"name": "carrier", "host": "192.0.2.1", "transport": "tls"}
    made = files(trunks=[trunk], tls={"self_signed": True})
    body = section(made["pjsip.conf"], "trunk-carrier", "endpoint")
    assert "set_var = HOTLINE_TRUNK_TLS=1" in body
    assert "CHANNEL(pjsip,secure)" in made["extensions.conf"]


def test_the_agent_phones_can_dial_nothing() -> None:
    plan = files()["extensions.conf"]
    assert plan.rstrip().endswith("[from-phone]")


def test_only_where_supervisors_may_hear_calls_is_there_a_way_to_do_so() -> None:
    assert "hotline-monitor" not in files()["extensions.conf"]
    assert "ChanSpy" not in files()["extensions.conf"]
    made = files(monitoring={"enabled": True})
    plan = made["extensions.conf"]
    context = plan[plan.index("[hotline-monitor]") : plan.index("[from-phone]")]
    assert set(re.findall(r"^exten => ([^,]+),1,ChanSpy", context, re.MULTILINE)) == {
        *("listen", "whisper", "barge")
    }
    for options in re.findall(r"ChanSpy\([^)]*\)\},(\w+)\)", context):
        assert options.startswith("uqsES")  # one channel by its uniqueid, and its end
    assert plan.count("hotline-monitor") == 1  # nothing leads there
    manager = made["manager.conf"]
    classes = re.search(r"^write = (.*)$", manager, re.MULTILINE)
    assert classes is not None
    assert set(classes[1].split(",")) == {"agent", "call", "reporting", "originate"}


def test_names_with_a_hyphen_survive_the_filters() -> None:
    plan = files()["extensions.conf"]
    kept = re.findall(r"FILTER\(([^,]*),", plan)
    assert kept
    assert not [each for each in kept if each.endswith("-")]  # FILTER would drop it


def test_there_is_no_anonymous_endpoint() -> None:
    pjsip = files()["pjsip.conf"]
    endpoints = re.findall(r"^\[([^\]]+)\]\ntype = endpoint$", pjsip, re.MULTILINE)
    assert sorted(endpoints) == ["1001", "trunk-carrier"]
    modules = files()["modules.conf"]
    assert "autoload = no" in modules
    assert "anonymous" not in modules


def test_the_manager_account_has_the_least_rights() -> None:
    manager = files()["manager.conf"]
    write_classes = re.search(r"^write = (.*)$", manager, re.MULTILINE)
    read_classes = re.search(r"^read = (.*)$", manager, re.MULTILINE)
    assert write_classes is not None
    assert read_classes is not None
    assert not {"system", "command", "config", "originate", "all"} & set(
        write_classes[1].split(",")
    )
    assert not {"dtmf", "all", "config", "command"} & set(read_classes[1].split(","))
    assert f"channelvars = {','.join(channel_vars.ATTACHED)}" in manager


@pytest.mark.parametrize(
    ("trunk", "expected"),
    [
        ({"trust_asserted_identity": True}, "trust_id_inbound = yes"),
        ({}, "trust_id_inbound = no"),
        ({"srtp": True}, "media_encryption = sdes"),
        ({"nat": True}, "rewrite_contact = yes"),
        ({"codecs": ["g722", "alaw"]}, "allow = g722,alaw"),
        ({"permit": ["192.0.2.0/24"]}, "permit = 192.0.2.0/24"),
        ({"maximum_channels": 5}, "set_var = HOTLINE_TRUNK_LIMIT=5"),
        ({"transport": "tcp"}, "transport = transport-tcp"),
    ],
)
def test_what_a_trunk_says_reaches_its_endpoint(trunk: dict[str, object], expected: str) -> None:
    made = files(trunks=[{"name": "carrier", "host": "192.0.2.1", **trunk}])
    assert expected in section(made["pjsip.conf"], "trunk-carrier", "endpoint")


def test_a_registered_trunk_is_known_by_its_registration() -> None:
    trunk = {
        "name": "carrier",
        "host": "sip.example",
        "identify": "registration",
        "username": "bank",
        "password": "pass-word",
        "contact_user": "95500",
    }
    pjsip = files(trunks=[trunk])["pjsip.conf"]
    registration = section(pjsip, "trunk-carrier", "registration")
    assert "line = yes" in registration
    assert "contact_user = 95500" in registration
    assert "/bank@" not in registration
    assert "client_uri = sip:bank@sip.example:5060" in registration
    assert "endpoint = trunk-carrier" in registration
    assert "type = identify" not in pjsip


def test_tls_uses_the_given_certificate() -> None:
    from hotline.asterisk.render import Tls

    made = render(
        settings(tls={"self_signed": True}, asterisk={"sip_tls_port": 5061}),
        SECRETS,
        INSTALL,
        DIRS,
        tls=Tls(certificate=Path("/c.pem"), key=Path("/k.pem")),
    )
    body = section(made["pjsip.conf"], "transport-tls", "transport")
    assert "cert_file = /c.pem" in body
    assert "bind = 0.0.0.0:5061" in body


@pytest.mark.parametrize("bad", ["abc\n[evil]\ntype=endpoint", "abc\rdef", "a\0b"])
def test_a_value_cannot_forge_a_section(bad: str) -> None:
    with pytest.raises(RenderError, match="control character"):
        render(settings(), SECRETS, INSTALL, DIRS, phones=[Phone(extension="1001", secret=bad)])


def test_files_are_written_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    made = files()
    assert write(made, tmp_path) == set(made)
    assert write(made, tmp_path) == set()
    made["manager.conf"] += "; changed\n"
    assert write(made, tmp_path) == {"manager.conf"}
    modes = {(tmp_path / name).stat().st_mode & 0o777 for name in made}
    assert modes == {0o600}
    assert {path.name for path in tmp_path.iterdir()} == set(made)


def test_a_queue_without_wrap_up_makes_nobody_wait() -> None:
    made = files(queues=[{"name": "service", "wrap_up_seconds": 0}])
    assert "wrapuptime = 0" in made["queues.conf"]


def test_queues_leave_room_for_our_wrap_up() -> None:
    parser = configparser.ConfigParser(strict=False)
    parser.read_string(files()["queues.conf"])
    for queue in ("service", "vip"):
        assert parser[queue]["wrapuptime"] == "3"
        assert parser[queue]["retry"] == "1"
        assert parser[queue]["autopause"] == "no"
