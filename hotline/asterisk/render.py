"""Rendering Asterisk's configuration files from ``asterisk_conf/`` and ``dialplans/``.

A value with a line break could forge a section of its own, so that every rendered value is
checked; parts that repeat are therefore includes, not macros.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import jinja2
import msgspec

import asterisk_conf
import dialplans
from cti import ami_filters
from cti.core import channel_vars
from cti.core.own_queue import OWN
from hotline.asterisk.errors import RenderError
from hotline.asterisk.layout import Dirs
from hotline.asterisk.locate import Install
from hotline.asterisk.secrets import Secrets
from hotline.settings import Settings

TEMPLATES: Final = Path(asterisk_conf.__file__).parent
DIALPLANS: Final = Path(dialplans.__file__).parent
SOUNDS: Final = DIALPLANS / "sounds"

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~+/=-]*")
_VARIABLES: Final = {
    name: value
    for name, value in vars(channel_vars).items()
    if name.isupper() and isinstance(value, str)
}


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    """One agent's SIP phone."""

    extension: str
    secret: str


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """Certificate files as Asterisk reads them."""

    certificate: Path
    key: Path


def render(
    settings: Settings,
    secrets: Secrets,
    install: Install,
    dirs: Dirs,
    *,
    phones: Iterable[Phone] = (),
    tls: Tls | None = None,
    variant: Path | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Return the text of every configuration file, by file name.  Writes nothing.

    ``variant`` is a folder whose templates stand for the usual ones, ``extra`` more variables.
    Raises :class:`RenderError` naming the template and the fault.
    """
    if not _PLAIN.fullmatch(secrets.ivr):
        message = (
            "[ivr] secret stands in the dialplan, which would read some characters as code; use "
            "letters, digits and . _ ~ + / = - only"
        )
        raise RenderError(message)
    originates = settings.callback_trunk or settings.monitoring.enabled
    context: dict[str, Any] = {
        "settings": settings,
        "secrets": secrets,
        "install": install,
        "dirs": dirs,
        "ami_events": ami_filters.EVENTS,
        "ami_read": ami_filters.READ,
        "ami_write": ami_filters.WRITE_ORIGINATE if originates else ami_filters.WRITE,
        "callbacks": settings.callback_trunk,
        "channel_vars": channel_vars.ATTACHED,
        "own_queue": OWN,
        "v": _VARIABLES,
        "phones": tuple(phones),
        "tls": tls,
        "extra_modules": (),
        **(extra or {}),
    }
    folders = [*([variant] if variant else []), TEMPLATES, DIALPLANS]
    return render_templates(sorted(TEMPLATES.glob("*.conf.j2")), context, folders)


def render_templates(
    templates: Iterable[Path], context: Mapping[str, Any], folders: Iterable[Path]
) -> dict[str, str]:
    """Render templates (``NAME.j2`` → ``NAME``); ``folders`` are searched for includes."""
    environment = jinja2.Environment(  # noqa: S701 - these are .conf files, not HTML
        loader=jinja2.FileSystemLoader([str(f) for f in folders]),
        undefined=jinja2.StrictUndefined,
        finalize=_refuse_control,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made = {}
    for template in templates:
        try:
            made[template.name.removesuffix(".j2")] = environment.get_template(
                template.name
            ).render(context)
        except (jinja2.TemplateError, ValueError) as error:
            message = f"{template.name}: {error}"
            raise RenderError(message) from error
    return made


def write(
    files: Mapping[str, str], folder: Path, owner: tuple[int, int] | None = None
) -> set[str]:
    """Write the files that differ, each at once; return the names of those that changed.

    They hold secrets: only their owner (``uid, gid``, when given) may read them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    changed = set()
    for name, text in files.items():
        path = folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        partial = folder / f".{name}.partial"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        if owner is not None:
            os.chown(partial, *owner)
        partial.replace(path)
        changed.add(name)
    return changed


def _refuse_control(value: Any) -> Any:
    text = str(value)
    if _CONTROL.search(text):
        message = f"a value holds a control character: {text[:40]!r}"
        raise ValueError(message)
    return value
