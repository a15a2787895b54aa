"""Voice menus as data, and the pure engine that walks a call through them.

``load(path)`` reads the files; :class:`FlowEngine` takes results and gives effects.
"""

from ivr.flow.call import Call
from ivr.flow.engine import FlowEngine
from ivr.flow.loader import load, load_flow
from ivr.flow.model import Flow, FlowSet

__all__ = ["Call", "Flow", "FlowEngine", "FlowSet", "load", "load_flow"]
