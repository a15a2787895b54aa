"""Versions and npm ranges as set-up reads them."""

import pytest

from scripts.setup_steps.versions import MINIMUM_ASTERISK, Version, in_range, parse, show


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1", (22, 10, 1)),
        ("1:22.10.1~dfsg-2", (22, 10, 1)),
        ("1:20.6.0~dfsg+~cs6.13.40431414-2build5", (20, 6, 0)),
        ("Asterisk certified/22.12-cert1", (22, 12, 0)),
        ("v20.20.2", (20, 20, 2)),
        ("Asterisk GIT-master", None),
        ("", None),
    ],
)
def test_the_version_is_found_in_what_programs_say(text: str, version: Version | None) -> None:
    assert parse(text) == version


def test_an_older_asterisk_is_too_old() -> None:
    assert (22, 9, 99) < MINIMUM_ASTERISK <= (22, 10, 1)
    assert show(MINIMUM_ASTERISK) == "22.10.1"


@pytest.mark.parametrize(
    ("wanted", "inside", "outside"),
    [
        (">=20.19", (20, 19, 0), (20, 18, 9)),
        ("^20.19.0 || >=22.12.0", (20, 20, 2), (22, 11, 0)),
        ("^20.19.0 || >=22.12.0", (24, 1, 0), (21, 0, 0)),
        (">= 20 <23", (22, 99, 0), (23, 0, 0)),
        ("~22.12", (22, 12, 9), (22, 13, 0)),
        ("^0.2.3", (0, 2, 9), (0, 3, 0)),
        ("22", (22, 3, 4), (23, 0, 0)),
        ("22.x", (22, 3, 4), (21, 0, 0)),
        (">22", (23, 0, 0), (22, 5, 0)),
        ("<=22", (22, 5, 0), (23, 0, 0)),
    ],
)
def test_a_range_takes_what_npm_would_take(wanted: str, inside: Version, outside: Version) -> None:
    assert in_range(inside, wanted)
    assert not in_range(outside, wanted)


def test_any_version_lies_in_a_star() -> None:
    assert in_range((1, 2, 3), "*")


def test_a_range_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="latest"):
        in_range((20, 0, 0), "latest")
