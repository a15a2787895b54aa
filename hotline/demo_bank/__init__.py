"""The demo bank "示例银行 / Demo Bank": invented customers for demo, self-test and benchmarks."""

from hotline.demo_bank.cast import (
    AMBIGUOUS_NUMBER,
    DEMO_CUSTOMERS,
    DEMO_PIN,
    UNKNOWN_NUMBER,
    DemoCustomer,
)
from hotline.demo_bank.seed import CUSTOMERS, SEED, DemoBankError, Seeded, seed

__all__ = [
    "AMBIGUOUS_NUMBER",
    "CUSTOMERS",
    "DEMO_CUSTOMERS",
    "DEMO_PIN",
    "SEED",
    "UNKNOWN_NUMBER",
    "DemoBankError",
    "DemoCustomer",
    "Seeded",
    "seed",
]
