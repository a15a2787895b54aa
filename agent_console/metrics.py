"""The console's Prometheus metrics."""

from typing import Final

from prometheus_client import Counter, Gauge

SIGN_INS: Final = Counter(
    "hotline_console_sign_ins_total", "Attempts to sign in, by outcome", ["outcome"]
)
PAGES: Final = Gauge("hotline_console_pages", "Console pages that are connected now")
FRAMES: Final = Counter("hotline_console_frames_total", "Messages handed to pages")
CLOSES: Final = Counter(
    "hotline_console_closes_total", "Connections that the server closed, by close code", ["code"]
)
RESUMES: Final = Counter(
    "hotline_console_resumes_total", "Pages that connected, by how they were caught up", ["how"]
)
COMMANDS: Final = Counter(
    "hotline_console_commands_total",
    "Commands of agents, by kind and outcome",
    ["kind", "outcome"],
)
