"""Versions and ranges, as Asterisk, Debian and Node write them.  Pure."""

import re
from typing import Final, TypeAlias

Version: TypeAlias = tuple[int, int, int]

MINIMUM_ASTERISK: Final[Version] = (22, 10, 1)
"""20 security advisories were fixed in this release."""


def show(version: Version) -> str:
    """Return ``22.10.1`` for ``(22, 10, 1)``."""
    return ".".join(map(str, version))


def parse(text: str) -> Version | None:
    """Read the first version in ``text``: ``v20.20.2``, ``Asterisk 22.10.1+dfsg``, ``1:22.10~x``.

    Missing parts count as 0.  A Debian epoch is not part of the version.
    """
    found = re.search(r"(?<![\d.])(?:\d+:)?(\d+)\.(\d+)(?:\.(\d+))?", text)
    if found is None:
        return None
    major, minor, patch = found.groups()
    return int(major), int(minor), int(patch or 0)


def in_range(version: Version, wanted: str) -> bool:
    """Whether ``version`` lies in an npm range such as ``^20.19.0 || >=22.12``.

    Knows ``||``, spaces, ``>= > <= < = ^ ~``, ``*`` and short versions; anything else raises
    :class:`ValueError`.
    """
    return any(
        all(
            _fits(version, comparator)
            for comparator in re.sub(r"([<>=^~])\s+", r"\1", part).split()
        )
        for part in wanted.split("||")
    )


def _fits(version: Version, comparator: str) -> bool:
    found = re.fullmatch(r"(>=|<=|>|<|=|\^|~)?v?(\d+|\*|x)((?:\.(?:\d+|\*|x)){0,2})", comparator)
    if found is None:
        message = f"not a range of versions that set-up can read: {comparator!r}"
        raise ValueError(message)
    sign, first, rest = found.groups()
    if not first.isdigit():
        return True
    given = [int(part) for part in (first, *rest.split(".")[1:]) if part.isdigit()]
    low: Version = (given[0], *([*given[1:], 0, 0][:2]))  # type: ignore[assignment]
    above = _next(given)
    match sign:
        case ">=":
            return version >= low
        case ">":
            return version >= above
        case "<":
            return version < low
        case "<=":
            return version < above
        case "^":
            return low <= version < _next(given[:1] if given[0] else given[:2])
        case "~":
            return low <= version < _next(given[:2])
        case _:
            return low <= version < above


def _next(given: list[int]) -> Version:
    """Return the first version after all that begin with ``given``."""
    raised = [*given[:-1], given[-1] + 1, 0, 0]
    return raised[0], raised[1], raised[2]
