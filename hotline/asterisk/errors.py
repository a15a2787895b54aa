"""What can go wrong with Asterisk."""


class AsteriskError(Exception):
    """Base of this package's errors; the message says what to do next."""


class AsteriskNotFoundError(AsteriskError):
    """No usable Asterisk on this machine."""


class AsteriskStartError(AsteriskError):
    """Asterisk did not come up."""


class RenderError(AsteriskError):
    """A configuration file could not be rendered."""
