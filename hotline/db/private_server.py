"""A PostgreSQL server of our own for tests and measurements; never for a bank's data.

It listens on a Unix socket in its own temporary folder only, syncs nothing to the disk, runs as an
unprivileged user (the server refuses root) and ends with the process that started it.
"""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from hotline.db.url import DatabaseError

_BINARIES: Final = "/usr/lib/postgresql"
_USERS: Final = ("hotline", "postgres", "nobody")
"""Who may run it when we are root; the first that exists."""
_START_SECONDS: Final = 60.0
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "jit": "off",
    "timezone": "UTC",
}


class PrivateServer:
    """One server process; use as a context manager or call :meth:`close`."""

    def __init__(self, folder: Path, binaries: Path, account: pwd.struct_passwd | None) -> None:
        """Use :meth:`start`."""
        self._folder = folder
        self._binaries = binaries
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls, **settings: str) -> Self:
        """Make a cluster and start it, in a second or two; ``settings`` replace ours.

        Raises :class:`DatabaseError` that says what the machine lacks.
        """
        account = _unprivileged()
        folder = Path(tempfile.mkdtemp(prefix="hpg-"))
        made = cls(folder, find_binaries(), account)
        try:
            if account is not None:
                os.chown(folder, account.pw_uid, account.pw_gid)
            made._run("initdb", "-D", str(made._data), "-U", "hotline", "-A", "trust", "-N",
                      "-E", "UTF8", "--locale=C")  # fmt: skip
            lines = [f"{name} = '{value}'" for name, value in (_SETTINGS | settings).items()]
            lines.append(f"unix_socket_directories = '{folder}'")
            with (made._data / "postgresql.conf").open("a", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
            made.start_again()
        except BaseException:
            made.close()
            raise
        return made

    def url(self, database: str = "postgres", **more: str) -> str:
        """Return the URL of one of its databases."""
        query = "&".join(f"{n}={v}" for n, v in {"host": str(self._folder), **more}.items())
        return f"postgresql://hotline@/{database}?{query}"

    def start_again(self) -> None:
        """Start the server on the cluster that is there, and wait until it answers.

        It ends with the thread that calls this (the kernel's rule): call it from one that lasts.
        """
        command = [
            *self._as_account("--pdeathsig", "QUIT"),
            str(self._binaries / "postgres"),
            *("-D", str(self._data)),
        ]
        log = self._folder / "log"
        with log.open("ab") as file:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, cwd=self._folder
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise DatabaseError(f"the private PostgreSQL did not start:\n{said}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server as a crash of the machine would; the cluster stays."""
        if self._process is not None:
            self._process.send_signal(3)  # SIGQUIT: at once
            self._process.wait(30)
            self._process = None

    def close(self) -> None:
        """End the server and delete what it wrote."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _answers(self) -> bool:
        command = [str(self._binaries / "pg_isready"), "-q", "-h", str(self._folder)]
        return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - our own arguments

    def _as_account(self, *more: str) -> list[str]:
        found = ["setpriv", *more]
        if self._account is not None:
            found += [f"--reuid={self._account.pw_uid}", f"--regid={self._account.pw_gid}"]
            found.append("--clear-groups")
        return [*found, "--"]

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [*self._as_account(), str(self._binaries / program), *arguments]
        done = subprocess.run(  # noqa: S603 - our own arguments
            command, check=False, capture_output=True, text=True, cwd=self._folder
        )
        if done.returncode:
            raise DatabaseError(f"{program} failed:\n{done.stderr[-2000:] or done.stdout[-2000:]}")


def find_binaries() -> Path:
    """Return the folder of the newest server that is installed.

    Raises :class:`DatabaseError` that says what to install.
    """
    found = sorted(Path(_BINARIES).glob("*/bin/postgres"), key=_version, reverse=True)
    if found:
        return found[0].parent
    on_path = shutil.which("postgres")
    if on_path is not None:
        return Path(on_path).resolve().parent
    raise DatabaseError(
        "no PostgreSQL server is installed here: run `make setup`, "
        "or `apt-get install postgresql`, and try again"
    )


def _version(binary: Path) -> int:
    number = re.search(r"/(\d+)[^/]*/bin/postgres$", str(binary))
    return int(number[1]) if number else 0


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in _USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise DatabaseError(
        f"PostgreSQL does not run as root, and none of the users {', '.join(_USERS)} exists: "
        "run `make setup`, or this as another user"
    )
