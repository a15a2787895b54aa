"""Can a spy who phones in learn which cards exist, which accounts are locked, whom a number names?

Real calls, all with a wrong PIN, in random order: for cards that exist, that do not and that are
locked, without a card from numbers that the bank knows and does not, and with the last four digits
of a card that belongs to the calling number's customer and of one that does not.  From the packets
that reach the caller come the prompts and the times between keys and sounds; a classifier, trained
and tested on different calls, tries to tell the groups apart.  0.5 is chance, 1 is certainty.  The
same classifier must find 30 ms that are planted for customers who exist.

    python -m bench.enumeration [--calls 2000] [--planted 300] [--rate 4] [--only found|planted]
        [--seconds 240 --keep FILE]

In pieces: each call of the command adds its calls to FILE, and judges all that stand there.
"""

import argparse
import asyncio
import math
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
import structlog

from bench.enumeration_calls import spies
from bench.enumeration_calls.classifier import features, told_apart
from bench.enumeration_calls.spies import GROUPS, PAIRS, Heard, Target
from crm_lookup.keys import DataKey
from hotline import db
from hotline.asterisk.secrets import load_secrets
from hotline.demo.site import HOST, PortPlan, Site
from tests.asterisk import load
from tests.asterisk.wire import Trunk

BASE_PORT = 45500
ALLOWED = 0.55
FOUND = 0.6
"""What the planted fault must reach at least."""
Pair: TypeAlias = tuple[str, str]
PLANTED: tuple[Pair, ...] = (
    ("card", "no card"),
    ("known number", "unknown number"),
    ("card tail", "wrong tail"),
)
"""The pairs of whom one exists."""
NUMBERS = "SELECT number FROM customer_numbers GROUP BY number HAVING count(*) = 1"
"""Numbers that name one customer."""
TAILS = f"""
SELECT n.customer_id, min(n.number), min(k.tail) FROM customer_numbers AS n
JOIN cards AS k ON k.customer_id = n.customer_id
WHERE k.status <> 'expired' AND n.number IN ({NUMBERS}) GROUP BY n.customer_id
"""  # noqa: S608  # from a constant
"""Customers with such a number and a card: the number, and the card's last four digits."""
TRUNK = f'\n[[trunks]]\nname = "{load.TRUNK}"\nhost = "{load.SIPP_ADDRESS}"\n'


def targets(site: Site, calls: int, chance: random.Random) -> list[Target]:
    """Give the demo bank's customers cards that we know, lock some, and choose who is tried.

    A card is tried once, so that no try locks it.
    """
    path = db.sqlite_path(site.settings.database_url)
    key = DataKey(bytes.fromhex(load_secrets(site.settings).lookup))
    each = calls // len(GROUPS)
    with closing(sqlite3.connect(path)) as connection:
        numbers = [row[0] for row in connection.execute(NUMBERS)]
        cards = connection.execute(
            "SELECT min(card_id), customer_id FROM cards GROUP BY customer_id ORDER BY 1 LIMIT ?",
            (2 * each,),
        ).fetchall()
        taken = {customer for _, customer in cards}
        tails = [row[1:] for row in connection.execute(TAILS) if row[0] not in taken]
        assert len(cards) == 2 * each, f"only {len(cards)} customers with cards"
        assert len(numbers) >= each, f"only {len(numbers)} numbers"
        assert len(tails) >= 2 * each, f"only {len(tails)} numbers with cards"
        for (card_id, customer), (place, digest) in zip(
            cards, enumerate(spies.card_hashes(key, 2 * each)), strict=True
        ):
            connection.execute(
                "UPDATE cards SET number_hash = ? WHERE card_id = ?", (digest, card_id)
            )
            if place >= each:
                connection.execute(
                    "UPDATE pins SET failures = 5, locked_until = ? WHERE customer_id = ?",
                    (time.time() + 86_400, customer),
                )
        connection.commit()
    known = chance.sample(numbers, each)
    told = chance.sample(tails, 2 * each)

    def stranger() -> str:
        return f"+86139{chance.randrange(10**8):08d}"

    def other(tail: str) -> str:
        """Another tail; that the same customer has a second card with it is most unlikely."""
        return f"{(int(tail) + chance.randrange(1, 10_000)) % 10_000:04d}"

    def card(place: int, *, exists: bool = True) -> str:
        return spies.card_number(place, exists=exists)

    found = []
    for place in range(each):
        found += [
            Target("card", stranger(), card(place)),
            Target("locked", stranger(), card(each + place)),
            Target("no card", stranger(), card(place, exists=False)),
            Target("known number", known[place]),
            Target("unknown number", stranger()),
            Target("card tail", *told[place]),
            Target("wrong tail", told[each + place][0], other(told[each + place][1])),
        ]
    chance.shuffle(found)
    return found


@asynccontextmanager
async def running(folder: Path, customers: int, program: str) -> AsyncIterator[tuple[Site, Trunk]]:
    """An Asterisk and the voice menu of ``program``, and a trunk to phone over."""
    site = Site(folder, PortPlan.choose(BASE_PORT), extra=TRUNK)
    trunk = Trunk(load.SIPP_ADDRESS, (HOST, site.plan.sip))
    menu: asyncio.subprocess.Process | None = None
    try:
        await site.prepare(customers, lambda _: None)
        await site.start(())
        with (folder / "ivr.log").open("wb") as log:
            menu = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", program, "--config", str(site.config), "serve", "ivr"),
                stdout=log,
                stderr=log,
            )
        await site.listening("ivr", site.plan.ivr)
        await trunk.open()
        yield site, trunk
    finally:
        trunk.close()
        if menu is not None:
            menu.terminate()
            await menu.wait()
        await site.stop()


def judge(heard: Sequence[Heard], pairs: Sequence[Pair]) -> dict[Pair, float]:
    """How well each pair of groups is told apart; prints what each group was like."""
    for group in GROUPS:
        of_group = [one for one in heard if one.group == group]
        if of_group:
            answer = np.asarray([one.times[-1] for one in of_group]) * 1000
            print(
                f"{group:15} {len(of_group):5} calls, answer to the PIN after"
                f" {np.median(answer):.0f} ms (p5 {np.quantile(answer, 0.05):.0f},"
                f" p95 {np.quantile(answer, 0.95):.0f}),"
                f" {len(Counter(one.sound for one in of_group))} kinds of answer,"
                f" {sum('unavailable' in one.sound for one in of_group)} apologies"
            )
    found = {}
    for pair in pairs:
        both = [one for one in heard if one.group in pair]
        labels = np.asarray([float(pair.index(one.group)) for one in both])
        assert 0 < labels.sum() < len(labels), f"{pair}: one group made no call"
        rows = features([one.times for one in both], [one.sound for one in both])
        found[pair] = told_apart(rows, labels)
        print(f"told apart: {pair[0]} / {pair[1]}: AUC {found[pair]:.3f}")
    return found


def kept(file: Path | None, heard: Sequence[Heard]) -> list[Heard]:
    """Return the calls of earlier runs, and keep ours with them."""
    if file is None:
        return []
    earlier = msgspec.json.decode(file.read_bytes(), type=list[Heard]) if file.exists() else []
    file.write_bytes(msgspec.json.encode([*earlier, *heard]))
    return earlier


async def measure(
    folder: Path, calls: int, rate: float, program: str, seconds: float = math.inf
) -> list[Heard]:
    chance = random.Random()  # noqa: S311 - other numbers in each run
    customers = max(300, 8 * calls // len(GROUPS))
    async with running(folder, customers, program) as (site, trunk):
        wanted = targets(site, calls, chance)
        heard, failed = await spies.send(trunk, wanted, rate, seconds)
    for words, count in Counter(failed).most_common(5):
        print(f"{count} calls failed: {words}")
    made = len(heard) + len(failed)
    assert len(heard) >= 0.98 * made, (
        f"only {len(heard)} of {made} calls worked; on a busy machine take a lower --rate"
    )
    return heard


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.enumeration")
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--planted", type=int, default=300, help="calls with the fault planted")
    parser.add_argument("--rate", type=float, default=4, help="calls a second, at most")
    parser.add_argument("--seconds", type=float, default=math.inf, help="longest run of one part")
    parser.add_argument("--keep", type=Path, help="JSON file that keeps the calls of all runs")
    parser.add_argument("--only", choices=("found", "planted"))
    options = parser.parse_args(arguments)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    folder = Path(tempfile.mkdtemp(prefix="he-"))
    for place in (folder, folder / "a", folder / "b"):
        place.mkdir(exist_ok=True)
        place.chmod(0o755)
    faults = []
    try:
        if options.only != "planted":
            print("the menu as it is", flush=True)
            heard = asyncio.run(
                measure(folder / "a", options.calls, options.rate, "hotline", options.seconds)
            )
            heard += kept(options.keep, heard)
            for pair, auc in judge(heard, PAIRS).items():
                if auc > ALLOWED:
                    faults.append(f"{pair[0]} and {pair[1]} are told apart: AUC {auc:.3f}")
        if options.only != "found":
            print("with 30 ms planted for customers who exist", flush=True)
            program = "bench.enumeration_calls.leaky"
            heard = asyncio.run(
                measure(folder / "b", options.planted, options.rate, program, options.seconds)
            )
            found = judge(heard, PLANTED)
            if min(found.values()) < FOUND:
                faults.append("the planted fault was not found: these figures say nothing")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for words in faults:
        print(f"✗ {words}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
