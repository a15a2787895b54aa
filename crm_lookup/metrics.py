"""What the customers' part tells on ``/metrics``."""

from typing import Final

from prometheus_client import Counter

CACHE: Final = Counter(
    "hotline_customer_cache_total",
    "Questions for recognitions, segments and briefs that were, or were not, answered from memory",
    ["kind", "outcome"],
)
CACHE_CLEARED: Final = Counter(
    "hotline_customer_cache_cleared_total",
    "How often everything was forgotten because an import or analysis announced changes",
)
