"""No text, however hostile, becomes a header, a command, an argument or a line of a file."""

import contextlib
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from pydantic import ValidationError

from cti import ami_actions, ami_events
from cti.ami.framing import Framer, encode_action
from cti.core import user_events
from cti.errors import AmiActionRefusedError
from hotline.asterisk.errors import RenderError
from hotline.asterisk.layout import Dirs
from hotline.asterisk.locate import Install
from hotline.asterisk.render import Phone, render
from hotline.asterisk.secrets import Secrets
from hotline.settings import Settings
from ivr.agi import commands
from ivr.errors import AgiCommandError
from tests.hostile import strings

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
COUNT = 10_000

_LINK = ami_actions.Action
ACTIONS: dict[str, Callable[..., _LINK]] = {
    name: function
    for name, function in inspect.getmembers(ami_actions, inspect.isfunction)
    if inspect.signature(function).return_annotation is _LINK
}


def filled(function: Callable[..., Any], text: str) -> dict[str, Any]:
    """Arguments for ``function``: the text wherever text is taken."""
    kinds = inspect.signature(function).parameters.values()
    values: dict[object, Any] = {
        int: 1,
        float: 1.0,
        tuple[str, str, str]: (text,) * 3,
        Mapping[str, str]: {"NAME": text},
    }
    return {p.name: values.get(p.annotation, text) for p in kinds}


def test_the_builders_of_actions_are_found() -> None:
    assert {"login", "queue_add", "queue_pause", "queue_remove"} <= ACTIONS.keys()


def test_no_value_of_an_action_adds_a_header_or_an_action() -> None:
    sent = refused = 0
    for text in strings(COUNT // 4, seed=1):
        for build in ACTIONS.values():
            action = build(**filled(build, text))
            try:
                wire = encode_action(action.name, "id-1", action.fields)
            except AmiActionRefusedError:
                refused += 1
                continue
            lines = wire.split(b"\r\n")
            assert lines[-2:] == [b"", b""]
            assert [line.partition(b": ")[0].decode() for line in lines[:-2]] == [
                "Action",
                "ActionID",
                *(key for key, _ in action.fields),
            ], text
            assert not re.search(rb"[\r\n\0]", b"".join(lines))
            sent += 1
    assert sent > COUNT // 4
    assert refused > COUNT // 4


_VALUES: dict[object, object] = {int: 3, user_events.Transferred.__annotations__["kind"]: "agent"}
"""For fields that take no text."""


def test_no_value_of_a_callback_sets_another_variable() -> None:
    for text in strings(COUNT // 10, seed=7):
        action = ami_actions.originate_callback("id", "trunk", 30.0, {"NAME": text})
        assert [v.count(",") for k, v in action.fields if k == "Variable"] == [0]


@pytest.mark.parametrize("kind", user_events.KINDS.values(), ids=lambda kind: kind.__name__)
def test_no_value_of_a_user_event_adds_a_header(kind: type[user_events.UserEvent]) -> None:
    annotations = get_type_hints(kind)
    fields = kind.__struct_fields__
    for text in strings(COUNT // len(user_events.KINDS) + 1, seed=2):
        valid = text.encode("utf-8", "replace").decode()
        values = {name: _VALUES.get(annotations[name], valid) for name in fields}
        event = msgspec.convert(values, kind)
        encoded = user_events.encode(event)
        assert re.fullmatch(r"[A-Za-z0-9,:_.~>/%-]+", encoded), text
        assert encoded.count(",") == len(fields)
        # As app_userevent.c puts it on the wire, behind what Asterisk says of the channel.
        name, *pairs = encoded.split(",")
        body = "".join(pair.replace(":", ": ", 1) + "\r\n" for pair in pairs)
        stream = f"Event: UserEvent\r\nUniqueid: 1.1\r\nUserEvent: {name}\r\n{body}\r\n"
        [message] = Framer().feed(BANNER + stream.encode())
        assert user_events.decode(name, message.after("UserEvent")) == event


def test_no_argument_of_the_menu_adds_a_command_or_an_argument() -> None:
    sent = 0
    for text in strings(COUNT, seed=3):
        try:
            line = commands.set_variable("HOTLINE_REASON", text).encode()
        except AgiCommandError:
            continue
        assert line.count(b"\n") == 1
        assert arguments_of(line.removesuffix(b"\n")) == [
            b"SET",
            b"VARIABLE",
            b"HOTLINE_REASON",
            text.encode("utf-8", "surrogateescape"),
        ]
        sent += 1
    assert sent > COUNT // 10


def arguments_of(line: bytes) -> list[bytes]:
    """Split a line as ``parse_args`` of ``res_agi.c`` does."""
    found, quoted, escaped, begun, word = [], False, False, False, bytearray()
    for byte in line:
        if escaped:
            escaped = False
            word.append(byte)
        elif byte == ord('"'):
            quoted, begun = not quoted, True
        elif byte == ord("\\"):
            escaped = begun = True
        elif byte in b" \t" and not quoted:
            if begun:
                found.append(bytes(word))
            word, begun = bytearray(), False
        else:
            begun = True
            word.append(byte)
    return [*found, bytes(word)] if begun else found


def test_what_asterisk_sends_is_decoded_or_refused_whatever_it_holds() -> None:
    recorded = Path(__file__).parents[1] / "fixtures" / "ami" / "answered_caller_ends.ami"
    templates = [m.headers for m in Framer().feed(recorded.read_bytes()) if m.event]
    decoded = malformed = 0
    for number, text in enumerate(strings(COUNT // 2, seed=4)):
        headers = templates[number % len(templates)]
        value = text.replace("\r\n", " ")  # Asterisk ends its lines with it, and removes it inside
        lines = [
            f"{key}: {value if key not in ('Event', 'UserEvent') else own}"
            for key, own in headers.items()
        ]
        wire = "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n"
        messages = Framer().feed(BANNER + wire)
        assert [m.event for m in messages] == [headers["Event"]]
        assert messages[0].headers.keys() == headers.keys()
        try:
            record = ami_events.decode(messages[0], 1.0)
        except ami_events.MalformedEventError:
            malformed += 1
        else:
            decoded += 1
            assert record is None or msgspec.json.encode(record)
    assert decoded > 0
    assert malformed > 0


FIELDS: dict[str, object] = {
    "ami.username": "name",
    "ami.host": "192.0.2.9",
    "ami.secret": "secret-of-the-manager",
    "ivr.host": "192.0.2.9",
    "ivr.secret": "secret-of-the-menu",
    "asterisk.user": "name",
    "asterisk.sip_bind": "192.0.2.9",
    "asterisk.websocket_bind": "192.0.2.9",
    "asterisk.external_address": "192.0.2.9",
    "asterisk.local_networks": ["192.0.2.0/24"],
    "trunks.0.name": "name",
    "trunks.0.host": "192.0.2.9",
    "trunks.0.username": "name",
    "trunks.0.password": "secret-of-the-trunk",
    "trunks.0.addresses": ["192.0.2.9"],
    "trunks.0.permit": ["192.0.2.0/24"],
    "trunks.0.codecs": ["alaw"],
    "numbers.0.dnis": "95500",
    "numbers.0.aliases": ["95501"],
    "numbers.0.flow": "main",
    "numbers.0.language": "zh",
    "queues.0.name": "service",
    "queues.0.title_zh": "title",
    "queues.0.members": ["1001"],
}
"""Settings that reach Asterisk's files, or might, each with a harmless value."""

INSTALL = Install(
    binary=("/usr/sbin/asterisk",), modules_dir="/modules", data_dir="/data", version="22.10.1"
)


def document(values: Mapping[str, object]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "trunks": [{"name": "carrier", "host": "192.0.2.1", "username": "u", "password": "p"}],
        "numbers": [{"dnis": "95500"}],
        "queues": [{"name": "service"}],
    }
    for field, value in values.items():
        *path, last = field.split(".")
        place: Any = made
        for step in path:
            place = place[int(step)] if step.isdecimal() else place.setdefault(step, {})
        place[last] = [value] if isinstance(FIELDS[field], list) else value
    made["numbers"][0]["queue"] = made["queues"][0]["name"]  # it must be a queue that there is
    return made


def rendered(values: Mapping[str, object]) -> dict[str, str]:
    settings = Settings.model_validate(document(values))
    phones = [Phone(extension="1001", secret="s3cret")]
    secret = settings.ivr.secret.get_secret_value() if settings.ivr.secret else "ivr-secret"
    secrets = Secrets(ami="ami-secret", ivr=secret, pseudonym="00", lookup="00")
    return render(settings, secrets, INSTALL, Dirs(Path("/srv/hotline")), phones=phones)


def shape(files: dict[str, str]) -> list[str]:
    """What each line is, without its values."""
    return [
        f"{name} {'[' if line.startswith('[') else re.split('[=;]', line)[0].strip()}"
        for name, text in sorted(files.items())
        for line in re.split(r"[\n\r]", text)
    ]


def accepted(field: str) -> list[str]:
    """The hostile strings that the settings take for this field; the section alone is quick."""
    name = field.partition(".")[0]
    section = Settings.model_fields[name].annotation
    section = next(iter(get_args(section)), section)
    assert isinstance(section, type)
    taken = []
    for text in strings(COUNT // 2 // len(FIELDS), seed=5):
        part = document({field: text})[name]
        with contextlib.suppress(ValidationError, UnicodeEncodeError):
            section.model_validate(part[0] if isinstance(part, list) else part)
            taken.append(text)
    return taken


def test_no_setting_adds_a_line_to_a_file() -> None:
    texts = {field: taken for field in FIELDS if (taken := accepted(field))}
    harmless = {f: v[0] if isinstance(v, list) else v for f, v in FIELDS.items() if f in texts}
    expected = shape(rendered(harmless))
    made = 0
    for number in range(20):
        values = {field: taken[number * 7 % len(taken)] for field, taken in texts.items()}
        values["ivr.secret"] = "secret-of-the-menu"
        with contextlib.suppress(RenderError):
            files = rendered(values)
            made += 1
            assert shape(files) == expected, values
            plan = files["extensions.conf"]
            assert not re.search(r"\b(Try)?System\(|\bSHELL\(|#exec", plan), values
    assert made > 0


def test_a_secret_that_the_dialplan_would_read_as_code_is_refused() -> None:
    code = [text for text in accepted("ivr.secret") if set(text) & set('$,"({')]
    assert code
    for text in code[:20]:
        with pytest.raises(RenderError, match="secret"):
            rendered({"ivr.secret": text})
