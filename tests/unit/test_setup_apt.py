"""What set-up reads out of the host's apt."""

from scripts.setup_steps.apt import candidates, main_mirror, options

TARGETS = [
    "Packages|bookworm-security|main|http://security.example/debian-security/",
    "Translations|bookworm|main|http://wrong.example/debian/",
    "Packages|bookworm-updates|main|http://updates.example/debian/",
    "Packages|stable|main|http://other.example/thing/",
    "Packages|bookworm|contrib|http://contrib.example/debian/",
    "Packages|bookworm|main|http://mirror.example/debian/",
]


def test_the_mirror_is_that_of_the_release_itself() -> None:
    assert main_mirror(TARGETS, "bookworm") == "http://mirror.example/debian/"


def test_another_name_of_the_release_serves_too() -> None:
    assert main_mirror(TARGETS, "forky") == "http://other.example/thing/"


def test_security_and_updates_are_no_mirror() -> None:
    assert main_mirror([TARGETS[0], TARGETS[2]], "bookworm") is None


def test_proxies_and_date_checks_go_along_and_nothing_else() -> None:
    dump = [
        'Acquire "";',
        'Acquire::Check-Valid-Until "false";',
        'Acquire::http::Proxy "http://proxy.example:3128";',
        'Acquire::https "";',
        'Acquire::Retries "3";',
        'Acquire::IndexTargets::deb::Packages::Optional "0";',
        'Acquire::CompressionTypes::xz "xz";',
        'Dir::Etc::trusted "trusted.gpg";',
    ]
    assert options(dump) == [dump[1], dump[2], dump[4]]


def test_a_package_without_candidate_is_told_from_an_unknown_one() -> None:
    policy = """\
asterisk:
  Installed: (none)
  Candidate: (none)
  Version table:
sip-tester:
  Installed: 3.6.1
  Candidate: 1:3.6.1-2
""".splitlines()
    assert candidates(policy) == {"asterisk": None, "sip-tester": "1:3.6.1-2"}
    assert candidates([]) == {}
