"""Everything that this package raises on purpose; each message says what to do next."""


class CtiError(Exception):
    """Base of all errors of the CTI engine."""


class AmiError(CtiError):
    """Base of errors of the connection to Asterisk."""


class AmiProtocolError(AmiError):
    """The other side does not speak AMI as we know it; the connection is dropped."""


class AmiActionRefusedError(AmiError):
    """A key or value could break out of its line (CR, LF or NUL); nothing was sent."""


class AmiUnavailableError(AmiError):
    """There is no working connection to Asterisk; nothing was sent."""


class AmiOutcomeUnknownError(AmiError):
    """The connection broke or timed out after sending; the action is never repeated blindly."""


class CommandError(CtiError):
    """Base of errors of the engine's commands."""


class UnknownAgentError(CommandError):
    """The agent is not signed in to any queue."""


class UnknownQueueError(CommandError):
    """Asterisk has no such queue."""


class QueueClosedError(CommandError):
    """The queue takes no new callers; open it first, or name another."""


class UnknownCallError(CommandError):
    """The engine has no such call, or forgot it some time after it ended."""


class NotAllowedNowError(CommandError):
    """The agent's or the call's state does not allow this command."""


class AsteriskRefusedError(CommandError):
    """Asterisk answered the action with an error."""


class CallbackStoreError(CtiError):
    """The table of callbacks cannot be read or written."""


class JournalError(CtiError):
    """Base of errors of the journal."""


class JournalLockedError(JournalError):
    """Another process owns this journal."""


class JournalDamagedError(JournalError):
    """The hash chain is broken.

    ``seq`` is the first sequence number that does not verify.
    """

    def __init__(self, seq: int, reason: str) -> None:
        """Name the first bad entry and what is wrong with it."""
        super().__init__(
            f"journal entry {seq} {reason}; keep the database file as evidence and restore the"
            " last backup with `hotline db restore`"
        )
        self.seq = seq
