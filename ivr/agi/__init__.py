"""The Asterisk Gateway Interface without any I/O: commands out, environment and replies in.

Nothing here opens a socket or reads a clock.  Source of the rules: ``res/res_agi.c``.
"""

from ivr.agi.commands import Command
from ivr.agi.environment import Environment
from ivr.agi.protocol import AgiEvent, AgiProtocol, HungUp, PeerClosed
from ivr.agi.replies import Reply

__all__ = ["AgiEvent", "AgiProtocol", "Command", "Environment", "HungUp", "PeerClosed", "Reply"]
