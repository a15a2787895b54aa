"""One import: stage the whole file, then write the customers; or finish what was interrupted.

Staging changes nothing but a private file.  Writing goes by transactions of about
``HOLD_SECONDS``, each of which notes its own progress, with a pause between two in which the
hotline's other writers get their turn.  So a run that is killed while it stages has changed
nothing; one killed later is finished from its stage by the next import, or by ``resume``.
"""

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import tzinfo
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from crm_lookup.importing.convert import Converter
from crm_lookup.importing.errors import FileError, ImportingError
from crm_lookup.importing.mapping_model import Mapping
from crm_lookup.importing.phones import PhoneReader
from crm_lookup.importing.ports import CustomerSink, Sealing, Unsealed
from crm_lookup.importing.records import Counts, Customer, Note
from crm_lookup.importing.rejects import Rejects
from crm_lookup.importing.rows import Refused, Row, Source
from crm_lookup.importing.source import open_source
from crm_lookup.importing.stage import Stage, clear, only_import
from crm_lookup.keys import DataKey
from crm_lookup.numbers import NumberReader

BATCH: Final = 1_000
"""Rows that are looked up together."""
HOLD_SECONDS: Final = 0.05
"""For how long one transaction keeps other writers waiting, about."""
PAUSE_SECONDS: Final = 0.025
"""Between two transactions: SQLite's waiting writers look again after 25 to 100 ms."""
_FIRST, _LEAST, _MOST = 200, 20, 5_000
CLOSE_AT_MOST: Final = 20.0
"""Percent of the customers: more are not closed because a file lacks them."""

Step: TypeAlias = Literal["check", "write"]
Progress: TypeAlias = Callable[[Step, int, int], None]
"""Hears the step, how far it has come, and how far it will go."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What an import needs to know beside its file."""

    key: DataKey
    numbers: NumberReader
    zone: tzinfo
    """Of calendar days."""
    sealing: Sealing = Unsealed()
    missing: Literal["keep", "close"] = "keep"
    """What becomes of customers whom the file does not hold."""
    close_at_most: float = CLOSE_AT_MOST
    dry_run: bool = False


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
            sealing=rules.sealing,
            now=now,
            zone=rules.zone,
        )
        refused = stack.enter_context(closing(Rejects(rejects)))
        stage = Stage.make(folder)
        try:
            counts = _stage(source, converter, sink, stage, refused, rules, progress)
            if rules.missing == "close":
                _stage_missing(sink, stage, counts, refused, rules)
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
    clock: Callable[[], float] = time.time,
    pause: Callable[[float], None] = time.sleep,
    progress: Progress = lambda _step, _done, _all: None,
) -> Outcome | None:
    """Finish the run that was interrupted; ``None`` if there is none.

    Raises :class:`ImportingError` when its stage is gone.
    """
    begun = time.monotonic()
    with only_import(folder):
        note = sink.unfinished()
        if note is None:
            return None
        stage = Stage.reopen(folder / note.stage)
        if stage.staged < note.staged:
            raise ImportingError(
                f"the stage {stage.path} is damaged: give the run up with --discard and import "
                f"{note.source} again; what is in already stays"
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


def _stage(
    source: Source,
    converter: Converter,
    sink: CustomerSink,
    stage: Stage,
    rejects: Rejects,
    rules: Rules,
    progress: Progress,
) -> Counts:
    counts = Counts()
    for batch in _batches(source, counts, rejects):
        wanted: dict[str, Row] = {}
        for line, cells in batch:
            external_id = converter.external_id(line, cells)
            if isinstance(external_id, Refused):
                rejects.add(external_id)
                rejects.nameless += 1
                counts.rejected += 1
            elif external_id in wanted:
                first = wanted[external_id][0]
                _refuse_twin(converter, external_id, line, first, rejects, counts)
            else:
                wanted[external_id] = line, cells
        for external_id, first in stage.lines_of(list(wanted)).items():
            line, _ = wanted.pop(external_id)
            _refuse_twin(converter, external_id, line, first, rejects, counts)
        stage.see({external_id: line for external_id, (line, _) in wanted.items()})
        stage.add(_converted(wanted, converter, sink, rejects, counts, keep=not rules.dry_run))
        progress("check", source.place, source.total)
    progress("check", source.total, source.total)
    return counts


def _converted(
    wanted: dict[str, Row],
    converter: Converter,
    sink: CustomerSink,
    rejects: Rejects,
    counts: Counts,
    *,
    keep: bool,
) -> list[Customer]:
    known = sink.known(list(wanted))
    taken = sink.taken([i for i in wanted if i not in known])
    made = []
    for external_id, (line, cells) in wanted.items():
        mark = converter.mark(cells)
        here = known.get(external_id)
        if here is not None and here.mark == mark:
            counts.unchanged += 1
            continue
        customer_id = here.customer_id if here else converter.customer_id(external_id, taken)
        customer, faults = converter.customer(
            line,
            cells,
            change="changed" if here else "added",
            customer_id=customer_id,
            external_id=external_id,
            mark=mark,
        )
        for fault in faults:
            rejects.add(fault)
        if customer is None:
            counts.rejected += 1
            continue
        counts.left_out += len(faults)
        counts.changed += here is not None
        counts.added += here is None
        if keep:
            made.append(customer)
    return made


def _stage_missing(
    sink: CustomerSink, stage: Stage, counts: Counts, rejects: Rejects, rules: Rules
) -> None:
    """Stage the closing of customers whom the file lacks; refuse when the file is in doubt."""
    present = 0
    for page in sink.present():
        present += len(page)
        seen = stage.lines_of([external_id for external_id, _ in page])
        gone = [
            Customer("missing", customer_id, external_id)
            for external_id, customer_id in page
            if external_id not in seen
        ]
        counts.closed += len(gone)
        stage.add(gone)
    if not counts.closed:
        return
    if rejects.nameless:
        raise ImportingError(
            f"{rejects.nameless:,} rows cannot be read or have no external id, so nobody can say "
            f"which customers are missing; see {rejects.path}, mend them, or use --missing keep"
        )
    share = 100 * counts.closed / present
    if share > rules.close_at_most:
        raise ImportingError(
            f"the file lacks {counts.closed:,} of {present:,} customers ({share:.1f} %), and at "
            f"most {rules.close_at_most:g} % may be closed at once: is it the full delivery? "
            "If so, give --close-at-most"
        )


def _batches(source: Source, counts: Counts, rejects: Rejects) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in source.rows():
        counts.lines += 1
        if isinstance(row, Refused):
            rejects.add(row)
            rejects.nameless += 1
            counts.rejected += 1
            continue
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _refuse_twin(
    converter: Converter,
    external_id: str,
    line: int,
    first: int,
    rejects: Rejects,
    counts: Counts,
) -> None:
    rejects.add(converter.twin(external_id, line, first))
    counts.rejected += 1


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
            sink.write(customers, note, at=clock())
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
