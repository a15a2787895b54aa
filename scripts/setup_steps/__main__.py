"""`scripts/setup`: runs the steps in order, one set-up at a time."""

import argparse
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import asterisk, asterisk_step, debian, front_end, python_env, service_user
from .console import Console
from .errors import InterruptedSetup, SetupError
from .lanes import side_by_side
from .layout import Layout, Stamps
from .privilege import Privilege


def main() -> int:
    """Run set-up; returns the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/setup", description=__doc__)
    parser.add_argument(
        "--system",
        action="store_true",
        help="as root: provide only what needs root, for ordinary users' checkouts",
    )
    arguments = parser.parse_args()
    os.umask(0o022)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    layout = Layout(Path(__file__).resolve().parents[2])
    console: Console | None = None
    try:
        said: list[str] = []
        service_user.provide(said)
        state = service_user.place_shared() if arguments.system else layout.state
        if not arguments.system:
            service_user.place_state(layout, said)
        with _alone(state / "setup.lock"):
            console = Console(state / "setup.log")
            for line in said:
                console.say(line)
            if arguments.system:
                _system(console)
            else:
                _checkout(console, layout)
            console.say(f"✓ Set-up complete ({time.monotonic() - started:.1f} s)")
    except SetupError as error:
        if console is not None:
            console.fail(error)
        else:
            sys.stdout.write(f"✗ {error.cause}\n  Next: {error.next_step}\n")
        return 1
    except (KeyboardInterrupt, InterruptedSetup):
        sys.stdout.write("✗ Interrupted; `make setup` goes on from here\n")
        return 130
    return 0


def _checkout(console: Console, layout: Layout) -> None:
    privilege = Privilege(console)
    stamps = Stamps(layout.state / "stamps")
    found = asterisk.find(layout)
    needs = [*debian.CALLING, *asterisk_step.needs(found)]
    debian.permit(privilege, [debian.VENV, *needs])
    if debian.missing([debian.VENV]):
        debian.provide(console, privilege, [debian.VENV], "Python's venv module")
    packages = console.beside("setup-packages.log")

    def from_debian() -> None:
        debian.provide(console, privilege, needs)
        asterisk_step.provide(console, layout, privilege, found)

    def from_registries() -> None:
        python_env.provide(packages, layout, stamps)
        front_end.provide(packages, layout, stamps)

    side_by_side({console: from_debian, packages: from_registries})


def _system(console: Console) -> None:
    privilege = Privilege(console)
    needs = [debian.VENV, *debian.CALLING, debian.MMDEBSTRAP]
    debian.permit(privilege, needs)
    debian.provide(console, privilege, needs)
    asterisk_step.provide_shared(console, privilege)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of this checkout; waits while another set-up runs."""
    with path.open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stdout.write("• Another set-up is at work in this checkout; waiting for it …\n")
            sys.stdout.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
