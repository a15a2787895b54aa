"""The settings as lines that a person can read: key, value, meaning."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel


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
