"""What :mod:`bench.faults` breaks, with whom, and how it looks whether all is well again."""
