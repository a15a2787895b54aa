"""What can go wrong in the console; each message says what to do next."""

from agent_console.messages import ErrorCode, MonitorProblem


class ConsoleError(Exception):
    """Base of the console's own errors."""


class UserExistsError(ConsoleError):
    """The login, the agent id or the extension is taken."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is taken; choose another, or change the user who has it")


class UnknownUserError(ConsoleError):
    """No such login."""

    def __init__(self, login: str) -> None:
        super().__init__(f"there is no user {login!r}; `hotline users list` shows all")


class UnknownTokenError(ConsoleError):
    """No such token of the event API."""

    def __init__(self, token_id: str) -> None:
        super().__init__(f"there is no token {token_id!r}; `hotline tokens list` shows all")


class UnknownWebhookError(ConsoleError):
    """No such webhook."""

    def __init__(self, webhook_id: str) -> None:
        super().__init__(f"there is no webhook {webhook_id!r}; `hotline webhooks list` shows all")


class WebhookRefusedError(ConsoleError):
    """The address may not be sent to; the message says which setting would allow it."""


class WeakPasswordError(ConsoleError):
    """The password is too short to be stored."""

    def __init__(self, minimum: int) -> None:
        super().__init__(f"the password needs at least {minimum} characters; choose a longer one")


class TooManyError(ConsoleError):
    """What was asked for is too much for one answer; the message says what to do."""


class TooBusyError(ConsoleError):
    """More sign-ins wait than can be checked soon."""

    def __init__(self) -> None:
        super().__init__("too many sign-ins are waiting; try again in some seconds")


class CommandRefusedError(ConsoleError):
    """The engine did not do what an agent asked for.

    ``code`` is one of :data:`agent_console.messages.ErrorCode`.
    """

    def __init__(self, code: ErrorCode, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code: ErrorCode = code


class MonitorRefusedError(ConsoleError):
    """A supervisor cannot hear the call; ``code`` is also the key of the words."""

    def __init__(self, code: MonitorProblem, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code: MonitorProblem = code
