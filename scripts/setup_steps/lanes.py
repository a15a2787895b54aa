"""Runs two rows of steps side by side: one waits for the network while the other unpacks."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

from .console import Console
from .errors import InterruptedSetup, SetupError


def side_by_side(lanes: Mapping[Console, Callable[[], None]]) -> None:
    """Run every lane in a thread of its own, and wait for all.

    After a failure the other lanes finish the step at work and begin no further one; Ctrl-C
    interrupts their programs too.  Raises the first :class:`SetupError`.
    """
    failure: SetupError | None = None
    with ThreadPoolExecutor(len(lanes)) as pool:
        futures = {pool.submit(work): console for console, work in lanes.items()}
        try:
            for future in as_completed(futures):
                try:
                    future.result()
                except InterruptedSetup:
                    continue
                except SetupError as error:
                    futures[future].screen.hold()
                    if failure is None:
                        failure = error
        except KeyboardInterrupt:
            for console in lanes:
                console.screen.hold()
                console.stop()
            raise
    if failure is not None:
        raise failure
