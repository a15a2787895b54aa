"""What the bank decides about callbacks; :mod:`hotline.callbacks` makes it from the settings."""

from collections.abc import Callable

import msgspec

from cti.core.ids import QueueName


def _always(_: float) -> bool:
    return True


def _same(number: str) -> str:
    return number


class CallbackRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank decides about callbacks; durations in seconds."""

    queues: frozenset[QueueName] = frozenset()
    """The queues that offer it."""
    trunk: str = ""
    """Name of the trunk over which customers are dialled; empty: none is."""
    tries: int = 3
    pause: float = 300.0
    """Between two tries."""
    expiry: float = 4 * 3600.0
    ring: float = 30.0
    """How long the customer's phone rings."""
    caller_id: str = ""
    """The number that customers see; empty: the one that they had dialled."""
    open_at: Callable[[float], bool] = _always
    """Whether customers may be dialled at that time (seconds since the epoch)."""
    dialable: Callable[[str], str] = _same
    """Returns the E.164 form of a number that may be dialled, else ``""``."""
    dial_form: Callable[[str], str] = _same
    """Turns E.164 into what the trunk wants."""

    def offered_in(self, queue: QueueName) -> bool:
        """Say whether callers of that queue can have a callback."""
        return bool(self.trunk) and queue in self.queues
