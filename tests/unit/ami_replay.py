"""Plays recordings of a real Asterisk through the real framing and fold."""

import random
from pathlib import Path

from cti import ami_events
from cti.ami.framing import Framer, Message
from cti.core import events as ev
from cti.core.fold import apply
from cti.core.ids import QueueName
from cti.core.world import Rules, World

FIXTURES = Path(__file__).parents[1] / "fixtures" / "ami"
KEY = b"a key for tests, 16+"


def messages(name: str, seed: int | None = None) -> list[Message]:
    """Return the recording's messages; with a seed, fed in chunks of random sizes."""
    data = (FIXTURES / f"{name}.ami").read_bytes()
    framer = Framer()
    if seed is None:
        return framer.feed(data)
    rng = random.Random(seed)  # noqa: S311 -- reproducible test data, no secret
    out: list[Message] = []
    while data:
        size = rng.choice((1, 2, 3, 7, 64, 1500, 4096))
        out += framer.feed(data[:size])
        data = data[size:]
    return out


def rules(**wrap_up: float) -> Rules:
    """Return rules with a wrap-up of 20 s in every queue that is not named."""
    lengths = {QueueName(queue): length for queue, length in wrap_up.items()}
    return Rules(pseudonym_key=KEY, wrap_up=lengths, default_wrap_up=20.0)


def replay(
    name: str, seed: int | None = None, world: World | None = None
) -> tuple[World, list[ev.DomainEvent]]:
    """Return the world after the recording and the domain events that it meant."""
    world = world or World(rules())
    out: list[ev.DomainEvent] = []
    for message in messages(name, seed):
        if message.event:
            record = ami_events.decode(message, now=0.0)
            if record is not None:
                out += apply(world, record)
    return world, out
