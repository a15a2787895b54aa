"""Settings: what is read, what wins, what is refused and in which words."""

from pathlib import Path

import pytest

from hotline.settings import SettingsError, load_settings
from hotline.settings.explain import document, flatten


def write(folder: Path, text: str) -> Path:
    file = folder / "hotline.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults_need_no_file() -> None:
    settings = load_settings(environ={})
    assert settings.console.port == 8080
    assert [queue.name for queue in settings.queues] == ["service", "vip"]
    assert settings.database_url == "sqlite:////var/lib/hotline/hotline.db"


def test_variables_win_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, "[console]\nport = 8443\nidle_minutes = 10\n")
    settings = load_settings(file, environ={"HOTLINE_CONSOLE__PORT": "9443"})
    assert (settings.console.port, settings.console.idle_minutes) == (9443, 10)


REGISTERED = """
[[numbers]]
dnis = '95500'
aliases = ['95501']
[[trunks]]
name = 'a'
host = 'h'
identify = 'registration'
username = 'bank'
password = 'secret'
"""


@pytest.mark.parametrize(
    "text",
    [REGISTERED + "contact_user = '95501'\n", REGISTERED.replace("'bank'", "'95500'")],
)
def test_a_registered_trunk_leads_to_a_number(tmp_path: Path, text: str) -> None:
    trunk = load_settings(write(tmp_path, text), environ={}).trunks[0]
    assert (trunk.contact_user or trunk.username) in ("95500", "95501")
    assert trunk.sources == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[console]\nprot = 1\n", ["console.prot", "unknown key", "port"]),
        ("[console]\nport = 70000\n", ["console.port", "65535"]),
        ("[bank]\nkind = 'http'\n", ["bank", "https://core.bank.example/hotline"]),
        ("[bank]\nkind = 'http'\nurl = 'http://core.bank.example'\n", ["only https"]),
        ("[bank]\nkind = 'http'\nurl = 'https://a:b@core.bank.example'\n", ["token_file"]),
        ("[bank]\nkind = 'soap'\n", ["bank.kind", "embedded"]),
        ("time_zone = 'Mars'\n", ["time_zone", "Asia/Shanghai"]),
        ("[[numbers]]\ndnis = '95500'\nqueue = 'gold'\n", ["95500", "gold", "service, vip"]),
        ("[[numbers]]\ndnis = '95500,1'\n", ["numbers.0.dnis"]),
        ("[[trunks]]\nname = 'a'\nhost = 'h'\nidentify = 'registration'\n", ["username"]),
        ("[[trunks]]\nname = 'a'\nhost = 'h'\ntransport = 'tls'\n", ["[tls]"]),
        ("[[trunks]]\nname = 'a'\nhost = 'h'\nusername = \"x\\n[evil]\"\n", ["username"]),
        (REGISTERED, ["trunks: a", "'bank'", "contact_user", "95500, 95501"]),
        (REGISTERED + "contact_user = '95502'\n", ["'95502'", "95500, 95501"]),
        (REGISTERED + "contact_user = '95500;x'\n", ["trunks.0.contact_user"]),
        ("[[trunks]]\nname = 'a'\nhost = 'h'\ncontact_user = '95500'\n", ["take it out"]),
        (
            "[[trunks]]\nname = 'a'\nhost = 'h'\n"
            "[[trunks]]\nname = 'b'\nhost = 'k'\naddresses = ['H']\n",
            ["a and b", "known by H"],
        ),
        ("[tls]\ncertificate = 'a.pem'\n", ["give both"]),
        ("[[queues]]\nname = 'q'\n[[queues]]\nname = 'q'\n", ["twice"]),
        ("port = [", ["cannot be read"]),
    ],
)
def test_faults_name_the_key_and_the_accepted_form(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    file = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load_settings(file, environ={})
    for word in (str(file), *words):
        assert word in str(caught.value)


def test_a_misspelt_variable_is_refused() -> None:
    with pytest.raises(SettingsError, match="HOTLINE_CONSOEL__PORT"):
        load_settings(environ={"HOTLINE_CONSOEL__PORT": "1"})


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load_settings(tmp_path / "absent.toml", environ={})


def test_every_setting_says_what_it_is_for() -> None:
    settings = load_settings(
        environ={}, trunks=[{"name": "a", "host": "h"}], numbers=[{"dnis": "95500"}]
    )
    silent = [key for key, _, meaning in flatten(settings) if not meaning]
    assert silent == []


def test_the_page_of_settings_is_up_to_date() -> None:
    page = Path("docs/settings.md").read_text(encoding="utf-8")
    assert page == document(), "run: python -m hotline.settings.explain > docs/settings.md"
