"""Logging: JSON lines in service, readable text on a terminal."""

import logging
import sys
from typing import Any, Final

import structlog
import structlog.tracebacks

from hotline.settings.services import LogSettings

_TRACEBACKS: Final = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
"""Local variables hold secrets and customers' data, which no log may hold."""


def configure_logging(settings: LogSettings, role: str) -> None:
    """Set up structlog and the standard library's logging for this process.

    Everything goes to standard error, so that standard output stays for results.
    """
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=False),
        structlog.processors.StackInfoRenderer(),
        _add_role(role),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    final: list[Any] = (
        [
            structlog.processors.ExceptionRenderer(_TRACEBACKS),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These speak once per request or per AMI message; ours say what matters.
    for noisy in ("uvicorn.access", "panoramisk", "asyncio", "httpx"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))


def _add_role(role: str) -> Any:
    def add(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        event["role"] = role
        return event

    return add
