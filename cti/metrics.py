"""Prometheus metrics of the engine."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

EVENTS: Final = Counter("hotline_cti_events", "Domain events", ["type"])
REJECTED: Final = Counter(
    "hotline_cti_rejected", "Events or inputs that a state table refused", ["what"]
)
MALFORMED: Final = Counter("hotline_ami_malformed", "AMI events that could not be read")
RECONNECTS: Final = Counter(
    "hotline_ami_disconnects", "Lost or dropped AMI connections", ["cause"]
)
CONNECTED: Final = Gauge("hotline_ami_ready", "1 while Asterisk is booted, connected and in step")
RESYNCS: Final = Counter("hotline_cti_resyncs", "Fresh pictures taken of Asterisk")
PENDING: Final = Gauge("hotline_ami_pending_messages", "AMI messages read but not yet applied")
POP_LATENCY: Final = Histogram(
    "hotline_pop_latency_seconds",
    "From Asterisk's AgentCalled to the pop on the bus",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
POP_SHOWN: Final = Histogram(
    "hotline_pop_shown_seconds",
    "From the pop on the bus to the page's word that it stands on the screen",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
POPS_WITHOUT_BRIEF: Final = Counter(
    "hotline_pops_without_brief", "Pops that went out before the customer's brief was ready"
)
JOURNAL_APPEND: Final = Histogram(
    "hotline_journal_append_seconds",
    "From handing events to the journal until they are durable",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
JOURNAL_WAITING: Final = Gauge("hotline_journal_waiting_events", "Events not yet durable")
SLOW_SUBSCRIBERS: Final = Counter(
    "hotline_bus_overflows", "Subscribers that lost messages because they did not keep up"
)
HISTORY_FOLDED: Final = Gauge(
    "hotline_history_folded_entries", "Number of the last journal entry in the figures"
)
REBUILT: Final = Counter(
    "hotline_calls_rebuilt", "Calls rebuilt from Asterisk's records after we were away"
)
