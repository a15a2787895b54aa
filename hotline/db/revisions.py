"""Which revisions of the schema this program knows, without loading Alembic.

A role looks at every start whether its database is current; Alembic takes longer to load than all
else that the look needs.
"""

import re
from functools import cache
from typing import Final

from hotline.migrations import FOLDER

_LINE: Final = re.compile(r'^(revision|down_revision)\b[^=\n]*= *"(\w+)"', re.MULTILINE)


@cache
def known() -> frozenset[str]:
    """Return every revision in ``hotline/migrations/versions``."""
    return frozenset(revision for revision, _ in _history())


@cache
def head() -> str:
    """Return the newest revision that this program knows."""
    before = {below for _, below in _history()}
    [newest] = known() - before
    return newest


def _history() -> list[tuple[str, str | None]]:
    """Return each revision with the one below it."""
    found = []
    for file in sorted((FOLDER / "versions").glob("*.py")):
        lines = dict(_LINE.findall(file.read_text(encoding="utf-8")))
        if "revision" in lines:
            found.append((lines["revision"], lines.get("down_revision")))
    return found
