"""Keeping the parts alive: Asterisk and the role processes.

A part that dies is started again after a pause that doubles up to half a minute and is forgotten
after a minute of health.  Roles end with the supervisor; Asterisk and its calls may outlive it.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

import structlog

from hotline.asterisk.errors import AsteriskError
from hotline.asterisk.render import Phone
from hotline.exchange import Exchange

log = structlog.get_logger(__name__)

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
HEALTHY_AFTER: Final = 60.0
STOP_SECONDS: Final = 10.0
PHONES_EVERY: Final = 1.0
"""Seconds between two looks at who has a phone."""


class Backoff:
    """The pause before the next start.  Pure: ``now`` (seconds, monotonic) is an argument."""

    def __init__(self) -> None:
        self._pause = 0.0
        self._started = 0.0

    def started(self, now: float) -> None:
        """The part was started."""
        self._started = now

    def died(self, now: float) -> float:
        """The part died; return how many seconds to wait before it is started again."""
        if now - self._started >= HEALTHY_AFTER:
            self._pause = 0.0
        pause, self._pause = self._pause, min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
        return pause


class RoleProcess:
    """One role as a child process that is started again when it dies."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        log_file: Path | None = None,
    ) -> None:
        self.name = name
        self._log_file = log_file
        self._command = [sys.executable, "-m", "hotline", *arguments]
        self._environ = {**os.environ, **environ}
        self._child: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it lives."""
        child = self._child
        return child.pid if child is not None and child.returncode is None else None

    async def run(self) -> None:
        """Run it for ever; cancel to stop it."""
        backoff = Backoff()
        try:
            while True:
                backoff.started(time.monotonic())
                self._child = await self._spawn()
                log.info("role_started", name=self.name, pid=self._child.pid)
                status = await self._child.wait()
                pause = backoff.died(time.monotonic())
                log.error("role_died", name=self.name, status=status, restart_in=pause)
                await asyncio.sleep(pause)
        finally:
            await self._stop()

    async def _spawn(self) -> asyncio.subprocess.Process:
        with contextlib.ExitStack() as stack:
            log_file: int | IO[bytes] | None = None
            if self._log_file is not None:
                self._log_file.parent.mkdir(parents=True, exist_ok=True)
                log_file = stack.enter_context(self._log_file.open("ab"))
            return await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
                env=self._environ,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops us
            )

    async def _stop(self) -> None:
        child = self._child
        if child is None or child.returncode is not None:
            return
        child.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(child.wait(), STOP_SECONDS)
        except TimeoutError:
            log.warning("role_killed", name=self.name, pid=child.pid)
            child.kill()
            await child.wait()


class Supervisor:
    """Runs Asterisk (where it is ours) and the roles.

    The roles log to our standard error, or to files in ``log_dir``.
    """

    def __init__(
        self,
        config: Path | None,
        exchange: Exchange | None,
        phones: Callable[[], Sequence[Phone]],
        roles: Sequence[str] = ("ivr", "console"),
        *,
        keep_asterisk: bool = False,
        log_dir: Path | None = None,
    ) -> None:
        common = ["--config", str(config)] if config else []
        environ = {"HOTLINE_SUPERVISOR": str(os.getpid())}
        self.roles = {
            name: RoleProcess(
                name,
                [*common, "serve", name],
                environ,
                log_dir / f"{name}.log" if log_dir else None,
            )
            for name in roles
        }
        self._exchange = exchange
        self._phones = phones
        self._keep_asterisk = keep_asterisk
        self._tasks: list[asyncio.Task[None]] = []
        self._refresh = asyncio.Event()
        self.adopted = False

    async def start(self) -> None:
        """Start everything.  Raises :class:`AsteriskError` when Asterisk does not come up."""
        if self._exchange is not None:
            known = await asyncio.to_thread(self._phones)
            self.adopted = await asyncio.to_thread(self._exchange.start, known)
            self._tasks.append(asyncio.create_task(self._watch_asterisk(self._exchange)))
            self._tasks.append(asyncio.create_task(self._watch_phones(self._exchange, known)))
        self._tasks += [asyncio.create_task(role.run()) for role in self.roles.values()]

    async def stop(self) -> None:
        """Stop the roles, then Asterisk unless it is to be kept."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._exchange is not None and not self._keep_asterisk:
            await asyncio.to_thread(self._exchange.stop)

    async def run_until_signal(self) -> None:
        """Start, wait for SIGINT or SIGTERM, stop.  SIGHUP renders Asterisk's files again."""
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stopped.set)
        loop.add_signal_handler(signal.SIGHUP, self._refresh.set)
        try:
            await self.start()
            await stopped.wait()
        finally:
            await self.stop()

    async def _watch_phones(self, exchange: Exchange, known: Sequence[Phone]) -> None:
        """Give Asterisk the phones that were added or taken away; living calls go on."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._refresh.wait(), PHONES_EVERY)
            try:
                wanted = await asyncio.to_thread(self._phones)
                if wanted == known and not self._refresh.is_set():
                    continue
                self._refresh.clear()
                await asyncio.to_thread(exchange.refresh, wanted)
                log.info("phones_refreshed", phones=len(wanted))
                known = wanted
            except AsteriskError as error:
                log.error("asterisk_refresh_failed", error=str(error))  # noqa: TRY400 - the text says it all
            except Exception:
                # A database that is locked or full must not end the watch: it looks again.
                log.exception("phones_unknown")

    async def _watch_asterisk(self, exchange: Exchange) -> None:
        backoff = Backoff()
        backoff.started(time.monotonic())
        while True:
            await asyncio.sleep(0.5)
            if exchange.process.pid() is not None:
                continue
            pause = backoff.died(time.monotonic())
            log.error("asterisk_died", restart_in=pause)
            await asyncio.sleep(pause)
            backoff.started(time.monotonic())
            try:
                await asyncio.to_thread(exchange.start, self._phones())
            except AsteriskError as error:
                log.error("asterisk_start_failed", error=str(error))  # noqa: TRY400 - the text says it all
