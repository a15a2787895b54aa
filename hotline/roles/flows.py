"""The voice menus of these settings: where their files are, and what they may name."""

from pathlib import Path

import msgspec

from cti.core.routing import Window
from hotline.asterisk.render import DIALPLANS
from hotline.settings import Settings
from ivr.errors import FlowFileError
from ivr.flow.calendar import ALWAYS, Calendar, load_calendar, read_window
from ivr.flow.lint import Known, lint
from ivr.flow.loader import read_flow
from ivr.flow.texts import CatalogueTexts
from ivr.prompts import PromptCatalogue


def flow_folder(settings: Settings) -> Path:
    """The folder with the flow files."""
    return settings.ivr.flows or DIALPLANS / "flows"


def flow_files(settings: Settings) -> list[Path]:
    """Every flow file; raises :class:`FlowFileError` when there is none."""
    folder = flow_folder(settings)
    if files := sorted(folder.glob("*.yaml")):
        return files
    raise FlowFileError(f"{folder}: no flow files (*.yaml) in this folder; put one there")


def known_to_flows(settings: Settings) -> Known:
    """What flows may name: the prompts as they are on disk now, the settings' queues."""
    return Known(
        prompts=CatalogueTexts(PromptCatalogue.load()),
        queues=tuple(queue.name for queue in settings.queues),
        transfers=tuple(transfer.name for transfer in settings.transfers),
    )


def holidays(settings: Settings) -> Calendar:
    """The calendar and office hours; ``calendar.yaml`` stands beside the folder of flows, or the
    shipped one counts.

    Raises :class:`ivr.errors.CalendarFileError`.
    """
    own = flow_folder(settings).parent / "calendar.yaml"
    calendar = load_calendar(own if own.is_file() else DIALPLANS / "calendar.yaml")
    hours = settings.ivr.hours
    return msgspec.structs.replace(
        calendar,
        hours={
            "workday": office_hours(hours.workday),
            "weekend": office_hours(hours.weekend),
            "holiday": office_hours(hours.holiday),
        },
    )


def office_hours(text: str) -> Window | None:
    """Read the settings' spelling; empty means never."""
    if text == "00:00-24:00":
        return ALWAYS
    return read_window(text) if text else None


def lint_file(file: Path, known: Known) -> list[str]:
    """Return every fault of a file, one line each; one that cannot be loaded has one."""
    try:
        return [str(fault) for fault in lint(read_flow(file), known)]
    except FlowFileError as error:
        return [str(error)]
