"""The parts of ``python -m bench.ivr``: a menu, its twin in plain dialplan, and their callers."""
