"""The demo: a bank with customers, agents and scripted callers, on this machine alone."""
