"""History for those who only look: read-only, beside a running engine.

Every method sees one consistent picture of the file.  They block.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from cti.core.events import DECODER, CallEvent, DomainEvent
from cti.core.ids import AgentId, CallId, QueueName
from cti.errors import JournalError, UnknownCallError
from cti.history.figures import PARTS, Figures, Part, differences
from cti.history.fold import FORMAT, HistoryFold, State, decode
from cti.history.story import Story, story
from cti.journal import checkpoints
from cti.journal.checkpoints import View
from cti.journal.sqlite import FileStorage
from cti.journal.storage import FAULTS, Connection, Storage
from cti.journal.verify import verify

_STEP: Final = 5000
_CALL: Final = "SELECT body FROM journal WHERE call_id = ? ORDER BY seq"
_NAMES: Final = "SELECT DISTINCT call_id FROM journal WHERE call_id >= ? AND call_id < ? LIMIT 11"
_ARRIVALS: Final = (
    "SELECT call_id FROM journal WHERE type = 'CallArrived' AND at >= ? AND at < ?"
    " ORDER BY at DESC"
)
_EVENTS: Final = "SELECT body FROM journal WHERE at >= ? AND at < ? ORDER BY seq"
_FROM: Final = "SELECT seq, body FROM journal WHERE seq > ? ORDER BY seq"
_LAST: Final = "SELECT max(seq) FROM journal"


class Replay(NamedTuple):
    """What the journal says when folded from its beginning, and how what is kept differs."""

    state: State
    figures: Figures
    checkpoint: int
    """Number of the newest checkpoint; 0: none."""
    differences: list[str]


class HistoryReader:
    """Reads the journal in a database; a path names a SQLite file."""

    def __init__(self, storage: Storage | Path) -> None:
        """Nothing is opened yet."""
        self._storage = FileStorage(storage) if isinstance(storage, Path) else storage

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        try:
            with closing(self._storage.look()) as connection:
                connection.execute("SELECT 1 FROM journal_checkpoints LIMIT 1")
                yield connection
        except FAULTS as error:
            raise JournalError(
                f"the journal in {self._storage.name} cannot be read ({error}); "
                "run `hotline db status`"
            ) from error

    def last(self) -> int:
        """Return the number of the last entry."""
        with self._open() as connection:
            return int(connection.execute(_LAST).fetchone()[0] or 0)

    def events(self, call_id: str) -> list[CallEvent]:
        """Return the events of a call, which may be named by the beginning of its id.

        Raises :class:`cti.errors.UnknownCallError` if there is none, or more than one.
        """
        with self._open() as connection:
            names = [r[0] for r in connection.execute(_NAMES, (call_id, call_id + "\uffff"))]
            if call_id in names:
                names = [call_id]
            if not names:
                raise UnknownCallError(
                    f"no call {call_id!r} in the journal; `hotline calls list` names them"
                )
            if len(names) > 1:
                raise UnknownCallError(
                    f"{call_id!r} begins several calls ({', '.join(names[:3])}, …);"
                    " write more of it"
                )
            return _events(connection, names[0])

    def calls(
        self,
        since: float,
        until: float,
        *,
        queue: QueueName | None = None,
        agent: AgentId | None = None,
    ) -> Iterator[Story]:
        """Yield the calls that arrived in ``[since, until)``, newest first.

        ``queue`` keeps those that were in that queue, ``agent`` those whom that agent answered.
        """
        with self._open() as connection:
            connection.execute("BEGIN")
            for (call_id,) in connection.execute(_ARRIVALS, (since, until)):
                told = story(_events(connection, call_id))
                if told is None:
                    continue
                if (queue is None or queue in told.queues) and (
                    agent is None or agent in told.agents
                ):
                    yield told

    def journal(self, since: float, until: float) -> Iterator[DomainEvent]:
        """Yield the events of ``[since, until)`` in the order of the journal."""
        with self._open() as connection:
            for (body,) in connection.execute(_EVENTS, (since, until)):
                yield DECODER.decode(body)

    def figures(
        self,
        since: float,
        until: float,
        zone: ZoneInfo,
        parts: Collection[Part] = PARTS,
        view: View | None = None,
    ) -> Figures:
        """Return the figures of the intervals that begin in ``[since, until)``, up to now.

        At least ``parts`` are right, in the detail of ``view``.  Only what happened since the
        newest checkpoint is folded.
        """
        with self._open() as connection:
            connection.execute("BEGIN")
            fold, kept = _go_on(connection, zone)
            stored = Figures()
            if kept:
                stored = checkpoints.figures(connection, since, until, parts, view)
            for seq, body in connection.execute(_FROM, (fold.seq,)):
                fold.feed(seq, DECODER.decode(body))
            return stored.add(fold.pending.between(since, until))

    def replay(self, zone: ZoneInfo, progress: Callable[[int], None]) -> Replay:
        """Fold the whole journal, and compare with the newest checkpoint and the figures."""
        with self._open() as connection:
            connection.execute("BEGIN")
            last = checkpoints.newest(connection)
            kept = decode(last.state) if last is not None and last.format == FORMAT else None
            found: list[str] = []
            fold = HistoryFold(zone)
            for seq, body in connection.execute(_FROM, (0,)):
                fold.feed(seq, DECODER.decode(body))
                if kept is not None and seq == kept.seq:
                    stored = checkpoints.figures(connection, float("-inf"), float("inf"))
                    found += differences(fold.pending, stored)
                    found += _compare(fold.state(), kept)
                if seq % _STEP == 0:
                    progress(seq)
            progress(fold.seq)
            if kept is not None and kept.seq > fold.seq:
                found.append(f"the journal ends at {fold.seq}, the checkpoint is of {kept.seq}")
            return Replay(fold.state(), fold.pending, kept.seq if kept else 0, found)

    def verify(self, *, from_checkpoint: bool, progress: Callable[[int], None]) -> tuple[int, int]:
        """Check the hash chain; see :func:`cti.journal.verify.verify`."""
        with self._open() as connection:
            return verify(connection, from_checkpoint=from_checkpoint, progress=progress)


def _events(connection: Connection, call_id: CallId | str) -> list[CallEvent]:
    found = (DECODER.decode(body) for (body,) in connection.execute(_CALL, (call_id,)))
    return [event for event in found if isinstance(event, CallEvent)]


def _go_on(connection: Connection, zone: ZoneInfo) -> tuple[HistoryFold, bool]:
    last = checkpoints.newest(connection)
    state = decode(last.state) if last is not None and last.format == FORMAT else None
    return HistoryFold(zone, state), state is not None


def _compare(folded: State, kept: State) -> Iterator[str]:
    pairs: tuple[tuple[str, dict[Any, Any], dict[Any, Any]], ...] = (
        ("call", {c.call_id: c for c in folded.calls}, {c.call_id: c for c in kept.calls}),
        ("agent", {a.agent_id: a for a in folded.agents}, {a.agent_id: a for a in kept.agents}),
        ("hold", folded.held, kept.held),
        ("wrap-up", folded.wrapping, kept.wrapping),
        ("events", folded.kinds, kept.kinds),
    )
    for what, mine, its in pairs:
        for key in sorted(mine.keys() | its.keys()):
            if mine.get(key) != its.get(key):
                yield f"{what} {key}: {mine.get(key)} replayed, {its.get(key)} in the checkpoint"
