"""The event API's Prometheus metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_SECONDS: Final = (0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0, 3600.0, 86400.0)

EVENTS: Final = Counter("hotline_event_api_events", "Events of the event API", ["kind"])
CONNECTIONS: Final = Gauge("hotline_event_api_connections", "Programs that are connected now")
CLOSES: Final = Counter(
    "hotline_event_api_closes", "Connections that the server closed, by close code", ["code"]
)
RESETS: Final = Counter(
    "hotline_event_api_resets", "Programs that had to begin with a snapshot", ["reason"]
)
ACK_LAG: Final = Histogram(
    "hotline_event_api_ack_seconds",
    "From an event until a program acknowledged it",
    buckets=_SECONDS,
)
DELIVERIES: Final = Counter(
    "hotline_webhook_deliveries", "Attempts to deliver to webhooks, by outcome", ["outcome"]
)
DELIVERY_LAG: Final = Histogram(
    "hotline_webhook_lag_seconds", "From an event until a webhook took it", buckets=_SECONDS
)
WAITING: Final = Gauge(
    "hotline_webhook_waiting", "Deliveries that wait or were given up, by state", ["state"]
)
