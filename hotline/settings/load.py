"""Reading the settings: ``hotline.toml``, then ``HOTLINE_*`` variables, which win.

A nested key is written with two underscores: ``HOTLINE_CONSOLE__PORT=8443``.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from hotline.settings.model import Settings

PREFIX: Final = "HOTLINE_"
SEARCHED: Final = (Path("hotline.toml"), Path("/etc/hotline/hotline.toml"))
NOT_SETTINGS: Final = frozenset({"HOTLINE_CONFIG", "HOTLINE_ASTERISK_ROOT", "HOTLINE_SUPERVISOR"})
"""Variables with our prefix that are read elsewhere."""


class SettingsError(Exception):
    """The settings cannot be used; the message names each key and the accepted form."""


def find_file(explicit: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the settings file to read: the named one, else the first that exists.

    Raises :class:`SettingsError` when a named file is missing.
    """
    named = explicit or (Path(environ["HOTLINE_CONFIG"]) if "HOTLINE_CONFIG" in environ else None)
    if named is not None:
        if not named.is_file():
            message = f"{named}: no such file; give --config FILE or leave it out"
            raise SettingsError(message)
        return named
    return next((path for path in SEARCHED if path.is_file()), None)


def load_settings(
    file: Path | None = None, environ: Mapping[str, str] | None = None, **overrides: Any
) -> Settings:
    """Read the settings; ``overrides`` win over variables, variables over the file.

    Raises :class:`SettingsError` with one line for each fault.
    """
    environ = os.environ if environ is None else environ
    path = find_file(file, environ)
    document: dict[str, Any] = {}
    if path is not None:
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            message = f"{path}: cannot be read: {error}"
            raise SettingsError(message) from error
    _refuse_unknown_variables(environ)
    reader = _reader(document, environ)
    try:
        merged = reader(**overrides).model_dump(exclude_unset=True)
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise SettingsError(_explain(error, path)) from error


def _reader(document: dict[str, Any], environ: Mapping[str, str]) -> type[BaseSettings]:
    """A reader class that merges arguments, variables and the file; checks come after."""

    class Reader(BaseSettings, Settings):
        model_config = SettingsConfigDict(
            env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
        )

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            variables = EnvSettingsSource(settings_cls)
            variables.env_vars = {name.lower(): value for name, value in environ.items()}
            return init_settings, variables, InitSettingsSource(settings_cls, document)

    return Reader


def _refuse_unknown_variables(environ: Mapping[str, str]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in NOT_SETTINGS:
            continue
        if variable.split("__", 1)[0].upper() not in known:
            accepted = ", ".join(sorted(known))
            message = f"{variable}: unknown variable; accepted: {accepted} (with __KEY for parts)"
            raise SettingsError(message)


def _explain(error: ValidationError, path: Path | None) -> str:
    where = str(path) if path else "settings"
    lines = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"]) or "settings"
        if fault["type"] == "extra_forbidden":
            lines.append(f"{where}: {key}: unknown key; accepted: {_siblings(fault['loc'])}")
        else:
            lines.append(f"{where}: {key}: {fault['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)


def _siblings(location: tuple[int | str, ...]) -> str:
    """The keys that are accepted where an unknown one was found."""
    model: Any = Settings
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        field = model.model_fields[part]
        annotation = field.annotation
        args = [a for a in getattr(annotation, "__args__", ()) if hasattr(a, "model_fields")]
        model = args[0] if args else annotation
    return ", ".join(sorted(model.model_fields))
