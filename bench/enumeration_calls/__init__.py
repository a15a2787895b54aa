"""The parts of ``python -m bench.enumeration``: spies who phone in, and the classifier."""
