"""The settings as lines that a person can read, and as a page of the documentation.

``python -m hotline.settings.explain > docs/settings.md`` writes that page anew.
"""

import sys
import types
from collections.abc import Iterator
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from hotline.settings.model import Settings

_HEAD: Final = """\
# Settings

`hotline` reads `hotline.toml` (`--config FILE`, `$HOTLINE_CONFIG`, the current folder, then
`/etc/hotline/`), then variables named `HOTLINE_*`, which win: `HOTLINE_CONSOLE__PORT=8443` sets
`console.port`. Unknown keys are refused. `hotline config show` prints what is in force.

This page is made by `python -m hotline.settings.explain`.
"""


def flatten(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """Yield ``(key, value, description)`` of every setting, nested ones with dots."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        key = f"{prefix}{name}"
        if isinstance(value, BaseModel):
            yield from flatten(value, f"{key}.")
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            for index, item in enumerate(value):
                yield from flatten(item, f"{key}[{index}].")
        else:
            yield key, value, field.description or ""


def document() -> str:
    """Return the page of settings as Markdown."""
    parts = [_HEAD, "\n## Top level\n\n", *_table(Settings)]
    for name, field in Settings.model_fields.items():
        section, repeated = _section(field)
        if section is None:
            continue
        title = f"[[{name}]]" if repeated else f"[{name}]"
        about = (section.__doc__ or "").splitlines()[0]
        parts += [f"\n## {title}\n\n{about}\n\n", *_table(section)]
    return "".join(parts)


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield "| key | default | meaning |\n|---|---|---|\n"
    for name, field in model.model_fields.items():
        if _section(field)[0] is None:
            yield f"| `{name}` | {_default(field)} | {field.description or ''} |\n"


def _section(field: FieldInfo) -> tuple[type[BaseModel] | None, bool]:
    """The section that a field holds, and whether it may be repeated."""
    kind = field.annotation
    if isinstance(kind, type) and not isinstance(kind, types.GenericAlias):
        return (kind, False) if issubclass(kind, BaseModel) else (None, False)
    for part in get_args(kind):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part, True
    return None, False


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None or field.default == ():
        return "none"
    if isinstance(field.default, bool):
        return "`true`" if field.default else "`false`"
    if isinstance(field.default, tuple):
        return ", ".join(f"`{item}`" for item in field.default)
    return f"`{field.default}`"


if __name__ == "__main__":
    sys.stdout.write(document())
