"""The attackers of ``python -m bench.hostile``, in a process of their own.

Reads ``port``, ``peers``, ``hello`` and ``source`` from standard input (JSON) and prints how many
of each kind did their worst.
"""

import asyncio
import json
import sys

from tests.hostile_peers import attack

if __name__ == "__main__":
    order = json.load(sys.stdin)
    hello, source = order["hello"].encode(), order["source"]
    done = asyncio.run(attack(order["port"], order["peers"], hello, at_once=150, source=source))
    print(json.dumps(done))
