"""One private Asterisk process: start, adopt, ask, stop.

Asterisk outlives us: it runs in a session of its own, so that the calls go on when the hotline is
killed, and the next start adopts it by its pid file and control socket.
"""

import os
import pwd
import re
import signal
import subprocess
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import structlog

from hotline.asterisk.errors import AsteriskError, AsteriskStartError
from hotline.asterisk.layout import Dirs
from hotline.asterisk.locate import Install
from hotline.cores import no_core_dump

log = structlog.get_logger(__name__)

BOOT_SECONDS: Final = 30.0
"""How long Asterisk may take until it is fully booted (about one second here)."""

_RELOADS: Final = {
    "pjsip.conf": (
        # `pjsip reload` is an alias of a sample file, and unknown here.
        "module reload res_pjsip.so",
        "module reload res_pjsip_endpoint_identifier_ip.so",
        "module reload res_pjsip_outbound_registration.so",
    ),
    "extensions.conf": ("dialplan reload",),
    "queues.conf": ("queue reload all",),
    "manager.conf": ("manager reload",),
    "musiconhold.conf": ("moh reload",),
    "logger.conf": ("logger reload",),
}
"""What makes Asterisk read a file again."""

_LAST_BREATH: Final = 5.0
"""Seconds for a child that shows no pid any more to end."""


class AsteriskProcess:
    """Controls the Asterisk whose files lie in ``dirs``.  Its methods block."""

    def __init__(self, install: Install, dirs: Dirs, user: str) -> None:
        self.install = install
        self.dirs = dirs
        self._child: subprocess.Popen[bytes] | None = None
        self.environ: Mapping[str, str] = {}
        """What else Asterisk finds in its environment; tests step its clock by that."""
        self._owner = service_user(user)

    @property
    def owner(self) -> tuple[int, int] | None:
        """``(uid, gid)`` that Asterisk runs as, ``None`` for our own."""
        return self._owner

    @property
    def config(self) -> Path:
        return self.dirs.etc / "asterisk.conf"

    def pid(self) -> int | None:
        """Process id of the living Asterisk of these files, whoever started it."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        try:
            pid = int(self.dirs.pid_file.read_text())
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, ValueError, IndexError):
            return None
        return pid if str(self.config).encode() in words and state != "Z" else None

    def start(self) -> bool:
        """Start Asterisk, or adopt the living one; return whether it was adopted.

        The files must have been rendered.  Raises :class:`AsteriskStartError`.
        """
        living = self.pid()
        if living is not None:
            if self._responds():
                no_core_dump(living)
                log.info("asterisk_adopted", pid=living, version=self.install.version)
                return True
            log.warning("asterisk_stuck", pid=living, action="kill")
            _kill(living)
        self._reap()
        self._own_folders()
        self.dirs.control.unlink(missing_ok=True)
        uid, gid = self._owner or (None, None)
        started = time.monotonic()
        with (self.dirs.log / "console.log").open("ab") as console:
            self._child = subprocess.Popen(  # noqa: S603 - our own program and configuration
                [*self.install.binary, "-C", str(self.config), "-f"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                cwd=self.dirs.base,
                user=uid,
                group=gid,
                extra_groups=[] if uid is not None else None,
                env={
                    "PATH": "/usr/bin:/bin",
                    "LANG": "C.UTF-8",
                    "HOME": str(self.dirs.lib),
                    **self.environ,
                },
            )
        no_core_dump(self._child.pid)
        try:
            self._wait_until_booted(started)
            self._check_modules()
        except AsteriskStartError:
            self.stop()
            raise
        log.info(
            "asterisk_started",
            pid=self._child.pid,
            version=self.install.version,
            seconds=round(time.monotonic() - started, 2),
        )
        return False

    def command(self, text: str, timeout: float = 10.0) -> str:
        """Run a command on Asterisk's console and return what it prints.

        ``timeout`` in seconds.  Raises :class:`AsteriskStartError` when Asterisk does not answer.
        """
        try:
            done = subprocess.run(  # noqa: S603 - our own program; the text goes to Asterisk alone
                [*self.install.binary, "-C", str(self.config), "-rx", text],
                capture_output=True,
                timeout=timeout,
                check=False,
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.dirs.lib)},
            )
        except subprocess.TimeoutExpired as error:
            message = f"Asterisk did not answer {text!r} within {timeout:g} s"
            raise AsteriskStartError(message) from error
        output = done.stdout.decode("utf-8", "replace")
        if done.returncode != 0:
            message = f"Asterisk is not running (control socket {self.dirs.control})"
            raise AsteriskStartError(message)
        return output

    def running_modules(self) -> list[str]:
        """File names of the modules that run."""
        return re.findall(r"^(\S+\.so) .* Running ", self.command("module show"), re.MULTILINE)

    def reload(self, changed: Collection[str] | None = None) -> None:
        """Make Asterisk read the ``changed`` files again, or all; living calls go on.

        Raises :class:`AsteriskError` when Asterisk does not answer or know how.
        """
        known = changed is not None and set(changed) <= set(_RELOADS)
        for file, words in _RELOADS.items():
            if not known or file in (changed or ()):
                for word in words:
                    self._reload(word)

    def _reload(self, words: str) -> None:
        said = self.command(words)
        if "No such command" in said or "No such module" in said:
            message = f"Asterisk cannot {words!r} ({said.strip()}): its files are not in use yet"
            raise AsteriskError(message)

    def stop(self, *, patience: float = 0.0) -> None:
        """Stop Asterisk: wait up to ``patience`` seconds for calls to end, then hang them up."""
        pid = self.pid()
        if pid is not None and not self._stops(pid, patience):
            _kill(pid)
        self._reap()

    def _stops(self, pid: int, patience: float) -> bool:
        try:
            if patience > 0:
                self.command("core stop gracefully")
                if self._wait_gone(pid, patience):
                    return True
            self.command("core stop now")
        except AsteriskStartError:
            log.warning("asterisk_mute", pid=pid, action="terminate")
        return self._wait_gone(pid, 5.0)

    def console(self) -> int:
        """Run Asterisk's interactive console in the foreground; return its exit status."""
        return subprocess.call(  # noqa: S603 - our own program
            [*self.install.binary, "-C", str(self.config), "-rvvv"]
        )

    def _responds(self) -> bool:
        try:
            return "uptime" in self.command("core show uptime", timeout=5).lower()
        except AsteriskStartError:
            return False

    def _wait_until_booted(self, started: float) -> None:
        child = self._child
        while time.monotonic() - started < BOOT_SECONDS:
            if child is not None and child.poll() is not None:
                raise AsteriskStartError(self._why(f"ended with status {child.returncode}"))
            if self.dirs.control.exists():
                try:
                    left = BOOT_SECONDS - (time.monotonic() - started)
                    self.command("core waitfullybooted", timeout=max(left, 1.0))
                except AsteriskStartError:
                    time.sleep(0.05)
                    continue
                return
            time.sleep(0.02)
        raise AsteriskStartError(self._why(f"was not ready within {BOOT_SECONDS:g} s"))

    def _check_modules(self) -> None:
        """Asterisk boots without a module that does not load; a hotline without one is broken."""
        wanted = re.findall(
            r"^load = (\S+)$", (self.dirs.etc / "modules.conf").read_text(), re.MULTILINE
        )
        missing = sorted(set(wanted) - set(self.running_modules()))
        if missing:
            raise AsteriskStartError(self._why(f"runs without {', '.join(missing)}"))

    def _why(self, what: str) -> str:
        lines: list[str] = []
        for name in ("console.log", "messages.log"):
            path = self.dirs.log / name
            if path.exists():
                lines += path.read_text(encoding="utf-8", errors="replace").splitlines()[-6:]
        tail = "\n  ".join(line for line in lines if line.strip())
        return f"Asterisk {what}; see {self.dirs.log}. Last lines:\n  {tail}"

    def _own_folders(self) -> None:
        if self._owner is None:
            return
        for folder in (
            self.dirs.lib,
            self.dirs.spool,
            self.dirs.run,
            self.dirs.log,
            self.dirs.etc,
        ):
            for path in (folder, *folder.rglob("*")):
                os.chown(path, *self._owner, follow_symlinks=False)

    def _wait_gone(self, pid: int, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.pid() != pid:
                return True
            time.sleep(0.05)
        return False

    def _reap(self) -> None:
        """Take the exit status of our child, which is gone or about to be."""
        if self._child is None:
            return
        try:
            self._child.wait(_LAST_BREATH)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None


def service_user(name: str) -> tuple[int, int] | None:
    """Return ``(uid, gid)`` of the user that Asterisk runs as when we are root, else ``None``.

    Raises :class:`AsteriskStartError` when there is no such user.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        message = (
            f"there is no system user {name!r} to run Asterisk as; make it with "
            f"`useradd --system --no-create-home --shell /usr/sbin/nologin {name}`"
        )
        raise AsteriskStartError(message) from error
    return entry.pw_uid, entry.pw_gid


def _kill(pid: int) -> None:
    for sign, seconds in ((signal.SIGCONT, 0.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        until = time.monotonic() + seconds
        while time.monotonic() < until and Path(f"/proc/{pid}").exists():
            time.sleep(0.02)
