"""Which new PINs are refused."""

import pytest

from crm_lookup.pin_rules import is_weak

PERSONAL = ("8613800138000", "0015", "1985")


@pytest.mark.parametrize(
    "pin",
    [
        *("", "12345", "1234567", "12345a", "１２３４５６"),
        *("000000", "111112", "121212", "123123", "112233", "123321"),
        *("123456", "654321", "890123", "135791", "975319", "520520", "147258"),
        *("380013", "198507", "071985", "260015"),
    ],
)
def test_what_is_easy_to_guess_is_weak(pin: str) -> None:
    assert is_weak(pin, personal=PERSONAL)


@pytest.mark.parametrize("pin", ["482917", "739164", "205863", "001973"])
def test_others_are_not(pin: str) -> None:
    assert not is_weak(pin, personal=PERSONAL)


def test_the_rules_leave_nine_of_ten_pins() -> None:
    kept = sum(not is_weak(f"{number:06}", personal=PERSONAL) for number in range(0, 10**6, 7))
    assert kept / len(range(0, 10**6, 7)) > 0.9
