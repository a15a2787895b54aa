"""What all role processes share: signals, and ending with the supervisor."""

import asyncio
import ctypes
import gc
import os
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


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
