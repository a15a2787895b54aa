"""Sealed values: they open where they belong, and nowhere else."""

import pytest

from crm_lookup import sealing
from crm_lookup.errors import SettingError, WrongKeyError
from crm_lookup.sealing import PREFIX, Sealer, SealError, SealKey, sealed_bytes

OLD, NEW = SealKey(b"o" * 32), SealKey(b"n" * 32)
ID = "C0000001"


def test_a_sealed_text_opens_and_never_looks_the_same() -> None:
    sealer = Sealer([NEW], seals=True)
    first, second = (sealer.text(sealing.NAME, ID, "王芳") for _ in range(2))
    assert first != second
    assert first.startswith(PREFIX)
    assert "王芳".encode() not in sealed_bytes(first)
    assert sealer.open(sealing.NAME, ID, first) == sealer.open(sealing.NAME, ID, second) == "王芳"


def test_a_value_opens_in_no_other_row_or_column() -> None:
    sealer = Sealer([NEW], seals=True)
    stored = sealer.text(sealing.EMAIL, ID, "canary@example.com")
    for column, customer_id in ((sealing.EMAIL, "C0000002"), (sealing.ADDRESS, ID)):
        with pytest.raises(SealError, match="moved"):
            sealer.open(column, customer_id, stored)


@pytest.mark.parametrize("place", range(0, 49, 3))
def test_a_changed_value_does_not_open(place: int) -> None:
    sealer = Sealer([NEW], seals=True)
    raw = bytearray(sealed_bytes(sealer.text(sealing.NAME, ID, "0123456789abcdef")))
    raw[place] ^= 1
    stored = PREFIX + sealing.urlsafe_b64encode(bytes(raw)).decode()
    with pytest.raises((SealError, WrongKeyError)):
        sealer.open(sealing.NAME, ID, stored)


@pytest.mark.parametrize("stored", ["sealed:", "sealed:*", "sealed:AQ==", "sealed:" + "A" * 80])
def test_what_is_damaged_says_so(stored: str) -> None:
    with pytest.raises(SealError, match="damaged"):
        Sealer([NEW], seals=True).open(sealing.NAME, ID, stored)


def test_another_key_opens_nothing_and_says_which_is_missing() -> None:
    stored = Sealer([OLD], seals=True).text(sealing.NAME, ID, "王芳")
    with pytest.raises(WrongKeyError, match=f"under key {OLD.id.hex()}.*put that key back"):
        Sealer([NEW], seals=True).open(sealing.NAME, ID, stored)


def test_older_keys_still_open_and_find_and_the_newest_seals() -> None:
    older, both = Sealer([OLD], seals=True), Sealer([NEW, OLD], seals=True)
    stored = older.text(sealing.NAME, ID, "王芳")
    assert both.open(sealing.NAME, ID, stored) == "王芳"
    assert both.stale(stored)
    assert not both.stale(both.text(sealing.NAME, ID, "王芳"))
    index, _ = older.number(ID, "+8613800138000")
    assert index in both.found_by("+8613800138000")
    assert both.found_by("+8613800138000")[0] == "+8613800138000"


def test_an_unknown_key_is_looked_for_once_more() -> None:
    stored = Sealer([NEW], seals=True).text(sealing.NAME, ID, "王芳")
    running = Sealer([OLD], seals=True, newer=lambda: [NEW, OLD])
    assert running.open(sealing.NAME, ID, stored) == "王芳"


def test_without_sealing_values_stay_as_they_are_and_sealed_ones_open() -> None:
    sealed = Sealer([NEW], seals=True).text(sealing.NOTE, ID, "回电")
    plain = Sealer([NEW], seals=False)
    assert plain.text(sealing.NOTE, ID, "回电") == "回电"
    assert plain.number(ID, "+8613800138000") == ("+8613800138000", None)
    assert plain.open(sealing.NOTE, ID, sealed) == plain.open(sealing.NOTE, ID, "回电") == "回电"
    assert plain.stale(sealed)
    assert not plain.stale("回电")
    assert not plain.stale(None)


def test_a_number_has_one_index_and_a_sealed_form() -> None:
    sealer = Sealer([NEW], seals=True)
    index, sealed = sealer.number(ID, "+8613800138000")
    assert (index, len(index)) == (NEW.index("+8613800138000"), 64)
    assert sealer.phone(ID, index, sealed) == "+8613800138000"
    assert OLD.index("+8613800138000") != index


def test_a_short_key_is_refused_and_none_is_printed() -> None:
    with pytest.raises(SettingError, match="openssl rand"):
        SealKey(b"short")
    assert repr(NEW) == f"SealKey({NEW.id.hex()})"
