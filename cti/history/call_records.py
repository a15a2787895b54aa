"""Asterisk's call records as our ``cdr_custom.conf`` has them written."""

import csv
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

_COLUMNS: Final = 13


class CallRecord(msgspec.Struct, frozen=True):
    """One record; times are seconds since the epoch, 0 for none.  A call may have several."""

    call_id: str
    start: float
    answer: float
    end: float
    disposition: str
    channel: str
    uniqueid: str
    linkedid: str


def parse(lines: Iterable[str]) -> Iterator[CallRecord]:
    """Read the records that are whole and belong to a call of ours."""
    whole = (line for line in lines if line.endswith("\n") and "\0" not in line)
    for row in csv.reader(whole):
        if len(row) < _COLUMNS or not row[0] or row[0].startswith(";"):
            continue  # ";call id": a leg of ours that dialled the customer for a callback
        try:
            start, answer, end = (float(value or 0) for value in row[1:4])
        except ValueError:
            continue
        if start and end:
            yield CallRecord(row[0], start, answer, end, row[6], row[7], row[11], row[12])
