"""The first half of an import: every row of a file is checked and staged, or rejected."""

from collections.abc import Callable, Iterator
from datetime import tzinfo
from typing import Final, Literal, TypeAlias

import msgspec

from crm_lookup.importing.convert import Converter
from crm_lookup.importing.errors import ImportingError
from crm_lookup.importing.ports import UNSEALED, CustomerSink, Sealing
from crm_lookup.importing.records import Counts, Customer
from crm_lookup.importing.rejects import Rejects
from crm_lookup.importing.rows import Refused, Row, Source
from crm_lookup.importing.stage import Stage
from crm_lookup.keys import DataKey
from crm_lookup.numbers import NumberReader

BATCH: Final = 1_000
"""Rows that are looked up together."""
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
    sealing: Sealing = UNSEALED
    missing: Literal["keep", "close"] = "keep"
    """What becomes of customers whom the file does not hold."""
    close_at_most: float = CLOSE_AT_MOST
    dry_run: bool = False


def stage_rows(
    source: Source,
    converter: Converter,
    sink: CustomerSink,
    stage: Stage,
    rejects: Rejects,
    rules: Rules,
    progress: Progress,
) -> Counts:
    """Stage the customers of all rows that are sound; return how many rows were which."""
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


def stage_missing(
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
