"""The flows in force: edited files are taken while calls run, faulty ones are refused.

A call keeps the :class:`Flow` object that it began with.  Only the watcher's thread reads files;
:meth:`FlowBook.get` is a look-up in memory.
"""

import asyncio
import hashlib
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
import structlog

from ivr.errors import FlowFileError, IvrError
from ivr.flow.lint import Known, lint
from ivr.flow.loader import read_flow
from ivr.flow.model import Flow, FlowSet

POLL_SECONDS: Final = 1.0
RETRY_POLLS: Final = 10
"""A refused file is tried again after so many polls: a recording may have been what it lacked."""
_log = structlog.get_logger(__name__)


Stamp: TypeAlias = tuple[int, int, int]


class _Seen(msgspec.Struct, kw_only=True):
    """What is known of one file."""

    stamp: tuple[Stamp, ...] | None
    digest: str
    refusal: str = ""
    polls: int = 0


class FlowBook:
    """Every flow of a folder, as its newest good version."""

    def __init__(self, folder: Path, known: Callable[[], Known]) -> None:
        """Load all flows; ``known`` reads anew what they may name.

        Raises :class:`FlowFileError` for a flow that cannot be loaded, or that names a prompt
        without a text.  Other faults are only logged here: at a start there is no better version
        to keep.
        """
        self._folder: Final = folder
        self._known: Final = known
        self._seen: dict[Path, _Seen] = {}
        self._flows: dict[str, Flow] = {}
        self._parts: dict[Path, tuple[Path, ...]] = {}
        """The files of which each flow was last put together."""
        files = self._files()
        if not files:
            raise FlowFileError(f"{folder}: no flow files (*.yaml) in this folder; put one there")
        outside = known()
        for file in files:
            read = read_flow(file)
            self._parts[file] = read.files
            self._seen[file] = _Seen(stamp=self._stamp(file), digest=self._digest(file))
            for fault in lint(read, outside):
                if fault.rule == "no-text":
                    raise FlowFileError(str(fault))
                _log.warning("flow_fault", fault=str(fault))
            self._flows[file.stem] = read.flow

    @property
    def flows(self) -> FlowSet:
        """The flows that new calls get now."""
        return FlowSet(dict(self._flows))

    def topics(self) -> Collection[str]:
        """Return the topics that nodes set, as a collection that follows the flows."""
        return _Topics(self)

    def get(self, name: str) -> Flow:
        """Return a flow for a new call; raise :class:`UnknownFlowError` naming the known ones."""
        return FlowSet(self._flows).get(name)

    def refresh(self) -> list[str]:
        """Take edited and new files; return the names of the flows that changed.

        Reads the disk: not for the event loop.  A file that was deleted keeps its last version:
        some editors delete and write anew, and numbers may still lead to it.
        """
        changed = []
        for file in self._files():
            seen = self._seen.setdefault(file, _Seen(stamp=None, digest=""))
            seen.polls += 1
            stamp = self._stamp(file)
            retry = bool(seen.refusal) and seen.polls % RETRY_POLLS == 0
            if stamp is None or (stamp == seen.stamp and not retry):
                continue
            digest = self._digest(file)
            seen.stamp = stamp
            if not digest or (digest == seen.digest and not retry):
                continue
            seen.digest = digest
            if self._take(file, seen):
                changed.append(file.stem)
        return changed

    async def watch(self, every: float = POLL_SECONDS) -> None:
        """Look for edits every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(every)
            try:
                await asyncio.to_thread(self.refresh)
            except Exception as error:  # noqa: BLE001  # calls go on; the next look may succeed
                _log.error("flow_watch_failed", error=type(error).__name__)

    def _take(self, file: Path, seen: _Seen) -> bool:
        """Put the file's flow in force, or say why not; tell whether it is in force."""
        try:
            read = read_flow(file)
            if read.files != self._parts.get(file, (file,)):
                self._parts[file] = read.files
                seen.stamp, seen.digest = self._stamp(file), self._digest(file)
            faults = lint(read, self._known())
            if faults:
                more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
                raise FlowFileError(f"{faults[0]}{more}")
        except (IvrError, OSError) as error:
            if seen.refusal != str(error):
                seen.refusal = str(error)
                kept = "the version before" if file.stem in self._flows else "nothing"
                _log.error("flow_refused", flow=file.stem, error=str(error), kept=kept)
            return False
        seen.refusal = ""
        self._flows = {**self._flows, file.stem: read.flow}
        _log.info("flow_loaded", flow=file.stem, version=_version(seen.digest))
        return True

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.yaml"))

    def _stamp(self, file: Path) -> tuple[Stamp, ...] | None:
        """Return what changes when the file or a part of its flow is edited; ``None`` if gone."""
        stamps = [_stamp(each) for each in self._parts.get(file, (file,))]
        return None if None in stamps else tuple(stamp for stamp in stamps if stamp)

    def _digest(self, file: Path) -> str:
        digests = [_digest(each) for each in self._parts.get(file, (file,))]
        return "" if "" in digests else " ".join(digests)


class _Topics(Collection[str]):
    """The topics of a book's flows as they are now."""

    def __init__(self, book: FlowBook) -> None:
        self._book: Final = book

    def __contains__(self, topic: object) -> bool:
        return topic in self._book.flows.topics()

    def __iter__(self) -> Iterator[str]:
        return iter(self._book.flows.topics())

    def __len__(self) -> int:
        return len(self._book.flows.topics())


def _stamp(file: Path) -> Stamp | None:
    """Return what changes when the file is edited or replaced; ``None`` if it is gone."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _version(digest: str) -> str:
    return hashlib.sha256(digest.encode()).hexdigest()[:12]


def _digest(file: Path) -> str:
    """Return the hash of the contents, so that a touched file is no edit; empty if unreadable."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""
