"""What the voice menu measures, for Prometheus."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

CALLS_NOW: Final = Gauge("hotline_ivr_calls_now", "Calls in the voice menu now")
CALLS: Final = Counter(
    "hotline_ivr_calls_total",
    "Calls that left the voice menu, by how they left",
    ["flow", "end"],
)
REFUSED: Final = Counter(
    "hotline_ivr_refused_total", "Connections to the FastAGI port that were refused", ["cause"]
)
OUTCOMES: Final = Counter(
    "hotline_ivr_outcomes_total",
    "Calls that left the voice menu; contained: served to the end without a person, "
    "unserved: left with neither service nor person, message: left one, person: everyone else. "
    "Containment is contained over all",
    ["flow", "outcome"],
)
DROPPED: Final = Counter(
    "hotline_ivr_dropped_total",
    "Callers who hung up before any service was done, by the node where they were",
    ["flow", "node"],
)
NODES: Final = Counter("hotline_ivr_nodes_total", "Visits to nodes of flows", ["flow", "node"])
LOOKUPS: Final = Counter(
    "hotline_ivr_lookups_total", "Look-ups of the calling number, by outcome", ["outcome"]
)
SERVICES: Final = Counter(
    "hotline_ivr_services_total", "Requests to the bank's services", ["service", "outcome"]
)
MISSING_PROMPTS: Final = Counter(
    "hotline_ivr_missing_prompts_total", "Prompts that Asterisk could not play", ["prompt"]
)
COMMAND_SECONDS: Final = Histogram(
    "hotline_ivr_command_seconds",
    "Time that Asterisk took for AGI commands which neither play nor wait",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0),
)
FIRST_COMMAND_SECONDS: Final = Histogram(
    "hotline_ivr_first_command_seconds",
    "From the connection to our first AGI command",
    buckets=(0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5),
)
