"""Raw caller ids, as carriers, telephones and attackers send them."""

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crm_lookup.errors import SettingError
from crm_lookup.numbers import CallerNumber, NumberReader

READER = NumberReader("CN", home_area_code="10")

WANG = "+8613800138000"
BEIJING = "+861062345678"


@pytest.mark.parametrize(
    "raw",
    [
        "13800138000",
        "013800138000",
        "8613800138000",
        "+8613800138000",
        "008613800138000",
        "08613800138000",
        "+086 138 0013 8000",
        "+86013800138000",
        "138-0013-8000",
        " (+86) 138 0013 8000 ",
        "１３８００１３８０００",
        "＋８６１３８００１３８０００",
        "sip:+8613800138000@carrier.example;user=phone",
        "tel:+86-138-0013-8000",
        "1795113800138000",  # dialled through a cheap long-distance prefix
    ],
)
def test_every_form_of_a_mobile_is_one_number(raw: str) -> None:
    assert READER.read(raw) == CallerNumber(kind="mobile", e164=WANG, region="CN")


@pytest.mark.parametrize(
    "raw",
    [
        "01062345678",
        "010-62345678",
        "(010) 6234-5678",
        "861062345678",
        "+86 10 6234 5678",
        "62345678",
    ],
)
def test_every_form_of_a_fixed_line_is_one_number(raw: str) -> None:
    assert READER.read(raw) == CallerNumber(kind="fixed", e164=BEIJING, region="CN")


@pytest.mark.parametrize(
    "raw",
    ["010-62345678-803", "010-62345678转803", "+861062345678;ext=803", "01062345678 分机 803"],
)
def test_digits_dialled_behind_a_number_are_kept_apart(raw: str) -> None:
    assert READER.read(raw) == CallerNumber(
        kind="fixed", e164=BEIJING, region="CN", extension="803"
    )


@pytest.mark.parametrize(
    ("raw", "kind", "e164", "region"),
    [
        ("075583776666", "fixed", "+8675583776666", "CN"),
        ("4008208820", "toll_free", "+864008208820", "CN"),
        ("864008208820", "toll_free", "+864008208820", "CN"),
        ("8008101234", "toll_free", "+868008101234", "CN"),
        ("+85291234567", "mobile", "+85291234567", "HK"),
        ("85291234567", "mobile", "+85291234567", "HK"),
        ("0014155552671", "mobile", "+14155552671", "US"),
        ("+442079460958", "fixed", "+442079460958", "GB"),
    ],
)
def test_other_numbers(raw: str, kind: str, e164: str, region: str) -> None:
    number = READER.read(raw)
    assert (number.kind, number.e164, number.region) == (kind, e164, region)


@pytest.mark.parametrize("raw", ["95588", "10086", "110", "12345", "9558800"])
def test_service_numbers_belong_to_nobody(raw: str) -> None:
    assert READER.read(raw) == CallerNumber(kind="service", extension=raw)


@pytest.mark.parametrize(
    "raw", ["+8695588", "008695588", "01095588", "0755-95588", "+86 10 95588", "+8675595588"]
)
def test_a_service_number_behind_a_code_stays_one(raw: str) -> None:
    assert READER.read(raw) == CallerNumber(kind="service", extension="95588")


@pytest.mark.parametrize("raw", ["1001", "801", "20014"])
def test_internal_telephones(raw: str) -> None:
    assert READER.read(raw) == CallerNumber(kind="extension", extension=raw)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "   ",
        None,
        "anonymous",
        "Anonymous",
        "Restricted",
        "unavailable",
        "UNKNOWN",
        "匿名",
        "sip:anonymous@anonymous.invalid",
    ],
)
def test_withheld_numbers(raw: str | None) -> None:
    assert READER.read(raw) == CallerNumber(kind="withheld")


@pytest.mark.parametrize(
    "raw",
    [
        "+",
        "abc",
        "1-800-FLOWERS",
        "王芳",
        "1380013800x",
        "'; DROP TABLE customers; --",
        "13800138000\x00",
        "13800138000,13900139000",
        "9" * 21,
        "1" * 100_000,
        "+" * 60,
        "½½½½½½½½½½½",
    ],
)
def test_malformed_numbers(raw: str) -> None:
    assert READER.read(raw) == CallerNumber(kind="invalid", fault="malformed")


@pytest.mark.parametrize(
    "raw",
    [
        *("0", "00", "12345678901", "1380013800", "138001380001", "+8612345678901"),
        *("99999999999", "+999123456789", "0104008208820"),
    ],
)
def test_implausible_numbers(raw: str) -> None:
    assert READER.read(raw) == CallerNumber(kind="invalid", fault="implausible")


def test_without_an_area_code_a_local_line_is_not_guessed() -> None:
    assert NumberReader("CN").read("62345678").kind == "invalid"


def test_another_home_region() -> None:
    reader = NumberReader("hk")
    assert reader.read("91234567").e164 == "+85291234567"
    assert reader.read("+8613800138000").e164 == WANG


@pytest.mark.parametrize(
    ("region", "area", "said"), [("XX", "", "ISO 3166"), ("CN", "010x", "must be digits")]
)
def test_settings_that_cannot_work_are_refused(region: str, area: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        NumberReader(region, home_area_code=area)


@given(st.text(max_size=80))
def test_nothing_makes_the_reader_raise(raw: str) -> None:
    number = READER.read(raw)
    assert (number.e164 != "") == (number.kind in ("mobile", "fixed", "toll_free", "other"))


@given(st.integers(0, 10**8 - 1), st.sampled_from(["138", "139", "150", "176", "188", "199"]))
def test_mobiles_round_trip(rest: int, prefix: str) -> None:
    national = f"{prefix}{rest:08}"
    for raw in (national, f"0{national}", f"86{national}", f"0086{national}", f"+86{national}"):
        assert READER.read(raw).e164 == f"+86{national}"


def forms_of(number: phonenumbers.PhoneNumber) -> list[str]:
    """Return what carriers make of a number, in E.164 first."""
    style = phonenumbers.PhoneNumberFormat
    e164, spoken, tel = (
        phonenumbers.format_number(number, form)
        for form in (style.E164, style.INTERNATIONAL, style.RFC3966)
    )
    return [e164, spoken, tel, f"00{e164[1:]}", f"sip:{e164}@carrier.example;user=phone"]


def test_example_numbers_of_all_regions_round_trip() -> None:
    kinds = [k for k in phonenumbers.PhoneNumberType.values() if k >= 0]
    found = 0
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in kinds:
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None or not phonenumbers.is_valid_number(example):
                continue
            found += 1
            e164, *others = forms_of(example)
            assert {READER.read(form).e164 for form in (e164, *others)} == {e164}, region
    assert found > 1000


@given(st.data(), st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
def test_random_valid_numbers_round_trip(data: st.DataObject, region: str) -> None:
    kind = data.draw(st.sampled_from([0, 1, 3]))  # fixed, mobile, toll-free
    example = phonenumbers.example_number_for_type(region, kind)
    assume(example is not None)
    assert example is not None
    tail = data.draw(st.text("0123456789", min_size=4, max_size=4))
    digits = phonenumbers.national_significant_number(example)[:-4] + tail
    text = f"+{example.country_code}{digits}"
    number = phonenumbers.parse(text)
    assume(phonenumbers.is_valid_number(number))
    e164, *others = forms_of(number)
    assert {READER.read(form).e164 for form in (e164, *others)} == {e164}
