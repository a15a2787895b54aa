"""The durable, append-only, hash-chained log of domain events."""
