"""Benchmarks: each module has a ``main()`` that prints a table, or fails when it drove nothing."""
