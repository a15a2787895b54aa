"""What can go wrong in this package; every message says what to do next."""


class CrmError(Exception):
    """Base of all errors of this package."""


class NotReadyError(CrmError):
    """The database has no customer tables yet, or cannot be opened."""


class WrongKeyError(CrmError):
    """The data were written under another key, so that no card number could ever be found."""


class SettingError(CrmError, ValueError):
    """A constructor argument has a value that cannot work."""
