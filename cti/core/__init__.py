"""The pure heart of the CTI engine: names, events and state tables.

Nothing here performs I/O or reads a clock; ``now`` is always an argument.  Nothing here imports
another package of ours, so that the voice menu can share the names without knowing the engine.
"""
