"""Background tasks that live and die with their owner."""

import asyncio
from collections.abc import Coroutine


class Tasks:
    """Holds the tasks of one owner, so that none is collected, or forgotten at the end."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[object, object, None], name: str) -> "asyncio.Task[None]":
        """Run ``work`` in the background."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def stop(self) -> None:
        """Cancel what runs, and return when it has ended."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
