"""The AMI wire: framing, the protocol for panoramisk's ``Manager``, and the supervised client.

Knows bytes, headers and ActionIDs, but no event or action by name except those that the connection
itself needs (Login, Ping, FullyBooted).
"""
