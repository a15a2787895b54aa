"""The errors of the voice menu.  Each message says what to do next."""


class IvrError(Exception):
    """Base of every error that this package raises on purpose."""


class AgiError(IvrError):
    """The peer on the FastAGI port did not behave as Asterisk does."""


class AgiProtocolError(AgiError):
    """The peer sent something that AGI does not allow here; close the connection."""


class AgiCommandError(AgiError, ValueError):
    """An AGI command cannot be written; nothing was sent."""


class AgiReplyError(AgiError):
    """Asterisk refused a command (5xx); the message names the command and Asterisk's words."""


class CallerGoneError(IvrError):
    """The caller hung up, or Asterisk took the call away; end the session quietly."""


class AsteriskSilentError(AgiError):
    """Asterisk did not answer a command in time; close the connection, the dialplan takes over."""


class FlowError(IvrError):
    """Base of the errors in a flow."""


class FlowFileError(FlowError):
    """A flow file is wrong; the message names file, line, node and the accepted values."""


class UnknownFlowError(FlowError, KeyError):
    """The dialplan asked for a flow that is not loaded."""

    def __str__(self) -> str:
        return str(self.args[0])


class FlowLoopError(FlowError):
    """A flow ran in circles without asking the caller anything; put a question into it."""


class FlowEngineError(FlowError):
    """The engine was driven out of order; this is an error in the program."""


class CalendarFileError(IvrError):
    """The holiday calendar is wrong; the message names file, line and the accepted values."""


class RoutingFileError(IvrError):
    """The routing rules are wrong; the message names file, line, rule and the accepted values."""
