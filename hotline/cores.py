"""Core dumps: what callers key passes through memory, and must not end up in a file."""

import contextlib
import resource
from pathlib import Path


def no_core_dump(pid: int) -> None:
    """Let a process of ours write no core file, now and in all that it starts.

    A crash handler to which the system pipes cores is not bound by the limit; what it gets holds
    no memory (``coredump_filter``, see core(5)).  Does nothing where the kernel refuses.
    """
    with contextlib.suppress(OSError):
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/coredump_filter").write_text("0", encoding="ascii")
