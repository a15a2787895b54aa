"""The state tables as a page of diagrams; prints ``docs/state-machines.md``."""

import sys

from cti.core import agents, callbacks, calls

_HEAD = """\
# State machines

Made from the tables in the code by `python -m cti.core.mermaid`; a test fails when they differ.
An arrow names the domain events (of a call) or inputs (of an agent) that lead along it; whatever
has no arrow is refused and changes nothing. Events about the customer rather than the call are
legal in every state.
"""


def page() -> str:
    """Return the whole page."""
    parts = [_HEAD]
    for title, module, text in (
        ("A call", "cti/core/calls.py", calls.TABLE.mermaid()),
        ("An agent", "cti/core/agents.py", agents.TABLE.mermaid()),
        ("A callback", "cti/core/callbacks.py", callbacks.TABLE.mermaid()),
    ):
        parts.append(f"## {title}\n\nThe table is in `{module}`.\n\n```mermaid\n{text}```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
