"""The self-test: a whole stack of its own, real SIP calls, one verdict."""
