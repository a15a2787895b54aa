"""What a mapping file says: which column of a file is which fact of a customer.  Data only."""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["person", "company"]
NumberUse: TypeAlias = Literal["mobile", "home", "work"]
Relation: TypeAlias = Literal["own", "household", "company"]
Purpose: TypeAlias = Literal["marketing", "recording", "analysis"]

GRANTED: Final = ("1", "y", "yes", "true", "t", "是", "同意", "已同意", "已授权", "有")
REFUSED: Final = ("0", "n", "no", "false", "f", "否", "不同意", "拒绝", "未授权", "无")


class FileOptions(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """How the file is read."""

    format: Literal["auto", "csv", "xlsx", "parquet"] = "auto"
    encoding: str = "auto"
    delimiter: str = "auto"
    """One character, ``tab`` or ``auto``."""
    sheet: str = ""
    """Of a workbook; empty: the first."""
    header_row: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 1
    """0: there is no header, and columns are called 1, 2, …"""


class ColumnUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column, and how its values are to be understood."""

    column: str
    values: dict[str, str] = {}
    """Word in the file → word of ours."""
    default: str = ""
    """What an empty cell means."""
    format: str = ""
    """Of dates, as strptime has it: ``%d.%m.%Y``."""


Use: TypeAlias = str | ColumnUse


class Columns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The facts of which a customer has one; each names a column or says more about it."""

    external_id: Use
    name: Use
    family_name: Use | None = None
    kind: Use | None = None
    status: Use | None = None
    gender: Use | None = None
    birth_date: Use | None = None
    birth_year: Use | None = None
    language: Use | None = None
    since: Use | None = None
    segment: Use | None = None
    city_code: Use | None = None
    relationship_manager: Use | None = None
    id_kind: Use | None = None
    id_number: Use | None = None
    address: Use | None = None
    email: Use | None = None


class NumberUseOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column of telephone numbers."""

    column: str
    kind: NumberUse | None = None
    """Default: mobile if the number is one, else home (person) or work (company)."""
    relation: Relation = "own"
    primary: bool = False
    separator: str = ""
    """Between several numbers in one cell."""
    invalid: Literal["reject", "skip"] = "reject"
    """Whether a number that cannot be called rejects the row or is left out."""


class ConsentUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column of yes and no; an empty cell says nothing."""

    column: str
    purpose: Purpose
    granted: tuple[str, ...] = GRANTED
    refused: tuple[str, ...] = REFUSED
    date: str = ""
    """Column of the day on which it was granted or withdrawn; default: the day of the import."""


class HoldingUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Products held: a column of codes, or a column for one product."""

    column: str = ""
    """Codes; with ``product``: yes or no."""
    product: str = ""
    separator: str = "|"
    values: dict[str, str] = {}
    """Word in the file → product code."""
    amount: str = ""
    """Column of what stands in it; alone, everything but nothing and zero means it is held."""
    unit: Literal["yuan", "fen"] = "yuan"
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "CNY"
    opened: str = ""
    """Column of a day; default: ``since``."""
    matures: str = ""


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole mapping file."""

    columns: Columns
    file: FileOptions = FileOptions()
    numbers: tuple[NumberUseOf, ...] = ()
    consents: tuple[ConsentUse, ...] = ()
    holdings: tuple[HoldingUse, ...] = ()
