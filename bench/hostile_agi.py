"""The attackers of ``python -m bench.hostile``, in a process of their own.

Reads ``{"port": …, "peers": …, "hello": …}`` from standard input and prints how many of each kind
did their worst.
"""

import asyncio
import json
import sys

from tests.hostile_peers import attack

if __name__ == "__main__":
    order = json.load(sys.stdin)
    done = asyncio.run(attack(order["port"], order["peers"], order["hello"].encode(), at_once=150))
    print(json.dumps(done))
