"""What can go wrong in this package; every message says what to do next."""


class CrmError(Exception):
    """Base of all errors of this package."""


class NotReadyError(CrmError):
    """The database has no customer tables yet, or cannot be opened."""


class WrongKeyError(CrmError):
    """The data were written under another key, so that no card number could ever be found."""


class SettingError(CrmError, ValueError):
    """A constructor argument has a value that cannot work."""


class UnknownCustomerError(CrmError):
    """Something was to be stored for a customer who does not exist."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(
            f"there is no customer {customer_id!r}: check the id, or import the customer first"
        )
