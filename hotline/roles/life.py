"""What all role processes share: signals, and ending with the supervisor."""

import asyncio
import ctypes
import gc
import os
import signal
from typing import Final

from hotline.cores import no_core_dump

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PR_SET_DUMPABLE: Final = 4


def end_with_supervisor() -> None:
    """Ask the kernel for SIGTERM when the supervisor dies, however it dies."""
    parent = os.environ.get("HOTLINE_SUPERVISOR")
    if parent is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):  # it died before we asked
        raise SystemExit(1)


def settle_memory() -> None:
    """Call when everything is loaded: what lives as long as the process is not looked at again.

    A full collection over all loaded modules would hold up pops for tens of milliseconds.
    """
    gc.collect()
    gc.freeze()


def stop_event() -> asyncio.Event:
    """An event that SIGINT or SIGTERM sets."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stopped.set)
    return stopped


def seal_memory() -> None:
    """Keep this process's memory to itself: no core dump, and no look at it by its own user.

    PINs and secrets pass through it.  The system's administrator can still look.
    """
    no_core_dump(os.getpid())
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
