"""History: pure folds over the journal, their checkpoints, and how holes are filled.

Imports the core and the ports, never AMI or the engine.
"""
