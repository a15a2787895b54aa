"""One import: stage the whole file, then write the customers; or finish what was interrupted.

Staging changes nothing but a private file.  Writing goes by transactions of about
``HOLD_SECONDS``, each of which notes its own progress, with a pause between two in which the
hotline's other writers get their turn.  So a run that is killed while it stages has changed
nothing; one killed later is finished from its stage by the next import, or by ``resume``.
"""

import hashlib
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import msgspec

from crm_lookup.importing.checking import Progress, Rules, stage_missing, stage_rows
from crm_lookup.importing.convert import Converter
from crm_lookup.importing.errors import FileError, ImportingError
from crm_lookup.importing.mapping_model import Mapping
from crm_lookup.importing.phones import PhoneReader
from crm_lookup.importing.ports import UNSEALED, CustomerSink, Sealing
from crm_lookup.importing.records import LAYOUT, Counts, Note
from crm_lookup.importing.rejects import Rejects
from crm_lookup.importing.source import open_source
from crm_lookup.importing.stage import Stage, clear, only_import

HOLD_SECONDS: Final = 0.05
"""For how long one transaction keeps other writers waiting, about."""
PAUSE_SECONDS: Final = 0.025
"""Between two transactions: SQLite's waiting writers look again after 25 to 100 ms."""
_FIRST, _LEAST, _MOST = 200, 20, 5_000


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did; of a dry run, what it would have done."""

    source: str
    digest: str
    read_as: str
    dry_run: bool
    counts: Counts
    seconds: float
    rejects: str
    """The reject file; empty if nothing was rejected or left out."""
    resumed: bool = False
    """The file had been staged by a run that was interrupted."""


def import_file(
    path: Path,
    mapping: Mapping,
    sink: CustomerSink,
    rules: Rules,
    *,
    folder: Path,
    rejects: Path,
    clock: Callable[[], float] = time.time,
    pause: Callable[[float], None] = time.sleep,
    progress: Progress = lambda _step, _done, _all: None,
) -> Outcome:
    """Import the file, or with ``rules.dry_run`` only say what would happen.

    An unfinished run must be finished or given up before.  Raises :class:`ImportingError` when
    nothing was imported.
    """
    begun, now = time.monotonic(), clock()
    with ExitStack() as stack:
        stack.enter_context(only_import(folder))
        unfinished = sink.unfinished()
        if unfinished is not None and not rules.dry_run:
            raise ImportingError("an import is unfinished; finish it first")
        clear(folder, unfinished.stage if unfinished else "")
        source = open_source(path, mapping.file)
        before = path.stat()
        converter = Converter(
            mapping,
            source.header,
            key=rules.key,
            phones=PhoneReader(rules.numbers),
            region=rules.numbers.home_region,
            seals=rules.sealing,
            now=now,
            zone=rules.zone,
        )
        refused = stack.enter_context(closing(Rejects(rejects)))
        stage = Stage.make(folder)
        try:
            counts = stage_rows(source, converter, sink, stage, refused, rules, progress)
            if rules.missing == "close":
                stage_missing(sink, stage, counts, refused, rules)
            digest = _digest(path)
            after = path.stat()
            if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
                raise FileError(f"{path} was changed while it was read; nothing was imported")
            note = Note(
                stage=stage.path.name,
                source=path.name[:256],
                digest=digest,
                started_at=now,
                counts=counts,
                plan=converter.plan,
                rejects=refused.written,
                staged=stage.staged,
                sealed_under=rules.sealing.ids[0] if rules.sealing.seals else "",
            )
            refused.close()
            if not rules.dry_run:
                stage.seal()
        except (OSError, sqlite3.Error) as error:
            stage.remove()
            raise ImportingError(
                f"the file could not be checked ({error}); nothing was imported. Is the disk of "
                f"{folder} full?"
            ) from error
        except BaseException:
            stage.remove()
            raise
        if rules.dry_run:
            stage.remove()
        else:
            # From here on the stage stays: the note may stand in the database already.
            sink.begin(note)
            _write(sink, stage, note, clock=clock, pause=pause, progress=progress)
    return Outcome(
        source=note.source,
        digest=digest,
        read_as=source.said,
        dry_run=rules.dry_run,
        counts=counts,
        seconds=time.monotonic() - begun,
        rejects=refused.written,
    )


def resume(
    sink: CustomerSink,
    *,
    folder: Path,
    sealing: Sealing = UNSEALED,
    clock: Callable[[], float] = time.time,
    pause: Callable[[float], None] = time.sleep,
    progress: Progress = lambda _step, _done, _all: None,
) -> Outcome | None:
    """Finish the run that was interrupted; ``None`` if there is none.

    Raises :class:`ImportingError` when its stage is gone, or sealed under a key that is.
    """
    begun = time.monotonic()
    with only_import(folder):
        note = sink.unfinished()
        if note is None:
            return None
        if note.sealed_under and note.sealed_under not in sealing.ids:
            raise ImportingError(
                f"the import of {note.source} was sealed under key {note.sealed_under}, which is "
                "not here any more: give the run up with --discard and import the file again; "
                "what is in already stays"
            )
        stage = Stage.reopen(folder / note.stage)
        if stage.staged < note.staged or note.layout != LAYOUT:
            stage.close()
            raise ImportingError(
                f"the stage {stage.path} is damaged, or of another version of this software: give "
                f"the run up with --discard and import {note.source} again; what is in already "
                "stays"
            )
        _write(sink, stage, note, clock=clock, pause=pause, progress=progress)
    return Outcome(
        source=note.source,
        digest=note.digest,
        read_as="its stage",
        dry_run=False,
        counts=note.counts,
        seconds=time.monotonic() - begun,
        rejects=note.rejects,
        resumed=True,
    )


def discard(sink: CustomerSink, *, folder: Path) -> Note | None:
    """Give up the unfinished run; what is in the database already stays."""
    with only_import(folder):
        note = sink.unfinished()
        if note is not None:
            sink.forget()
        clear(folder)
        return note


def _write(
    sink: CustomerSink,
    stage: Stage,
    note: Note,
    *,
    clock: Callable[[], float],
    pause: Callable[[float], None],
    progress: Progress,
) -> None:
    size = _FIRST
    hold, rest = (HOLD_SECONDS, PAUSE_SECONDS) if sink.exclusive else (1.0, 0.0)
    with closing(stage):
        progress("write", note.done, note.staged)
        customers = stage.take(note.done, size)
        while customers:
            note = msgspec.structs.replace(note, done=note.done + len(customers))
            begun = time.monotonic()
            sink.write(customers, note, clock=clock)
            ended = time.monotonic()
            # Half-way to what fits: one slow disk flush must not upset the measure.
            fits = int(len(customers) * hold / max(ended - begun, 1e-4))
            size = max(_LEAST, min(_MOST, (size + fits) // 2))
            progress("write", note.done, note.staged)
            customers = stage.take(note.done, size)
            if customers and sink.exclusive:
                pause(max(0.0, rest - (time.monotonic() - ended)))
        sink.finish(note, at=clock())
    stage.remove()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
