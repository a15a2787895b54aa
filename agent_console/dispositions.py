"""Reads how calls can end from a YAML file: groups of outcomes, some for certain queues only.

The shipped file is ``dispositions.yaml`` beside this module; a bank puts its own in the settings.
"""

from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import yaml

from agent_console.errors import ConsoleError
from agent_console.messages import Choice, Disposition
from crm_lookup.model import Text

SHIPPED: Final = Path(__file__).with_name("dispositions.yaml")
_Code = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
_Words = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class DispositionsError(ConsoleError):
    """The file cannot be used; the message names it and what is wrong."""

    def __init__(self, file: Path, what: str) -> None:
        super().__init__(f"{file}: {what}; correct the file, or remove it from [console]")


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: _Code
    zh: _Words
    en: _Words
    queues: tuple[str, ...] = ()
    words: tuple[_Words, ...] = ()


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: _Code
    zh: _Words
    en: _Words
    outcomes: Annotated[tuple[_Entry, ...], msgspec.Meta(min_length=1)]
    queues: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    groups: Annotated[tuple[_Group, ...], msgspec.Meta(min_length=1)]


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """The groups and all outcomes, in the order of the file."""

    groups: tuple[Choice, ...]
    dispositions: tuple[Disposition, ...]


def read(file: Path = SHIPPED) -> Outcomes:
    """Return what the file says.  Raises :class:`DispositionsError`."""
    try:
        document: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        found = msgspec.convert(document, _File)
    except (OSError, UnicodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise DispositionsError(file, str(error)) from error
    codes = [each.code for group in found.groups for each in group.outcomes]
    for kind, names in (("group", [g.code for g in found.groups]), ("outcome", codes)):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DispositionsError(file, f"the {kind} {', '.join(twice)} stands there twice")
    return Outcomes(
        groups=tuple(Choice(code=g.code, text=Text(zh=g.zh, en=g.en)) for g in found.groups),
        dispositions=tuple(
            Disposition(
                code=each.code,
                text=Text(zh=each.zh, en=each.en),
                group=group.code,
                queues=each.queues or group.queues,
                words=each.words,
            )
            for group in found.groups
            for each in group.outcomes
        ),
    )
