"""The kinds of nodes, one module each; importing this package registers them all."""

from ivr.flow.kinds import account, branch, hangup, identity, language, menu, pin, play, queue, set

__all__ = [
    "account",
    "branch",
    "hangup",
    "identity",
    "language",
    "menu",
    "pin",
    "play",
    "queue",
    "set",
]
