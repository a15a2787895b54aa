"""A synthetic bank of any size, with known structure planted in it, made in blocks of columns.

The same seed gives the same bank, block by block: a block depends on nothing but its number, so
that blocks may be made in any order, in several processes, or once more after a crash.

    shape = BankShape(customers=1_000_000)
    for block in shape.blocks():
        people = make_people(shape, block)        # customers, numbers, accounts, cards, …
        dealings = make_dealings(shape, people)   # transactions, as numpy arrays

What was planted comes with it (``people.persona``, ``people.leaves_on``), so that an analysis can
be judged by what it finds.  :mod:`bench.bank_data.write` puts blocks into a database.
"""

from bench.bank_data.dealings import Dealings, make_dealings
from bench.bank_data.people import People, make_people
from bench.bank_data.shape import PERSONAS, BankShape, Block, Persona
from bench.bank_data.write import fill_sqlite

__all__ = [
    "PERSONAS",
    "BankShape",
    "Block",
    "Dealings",
    "People",
    "Persona",
    "fill_sqlite",
    "make_dealings",
    "make_people",
]
