"""Columns of texts: names of rows, categories, or free texts with a length and perhaps a pattern."""

from __future__ import annotations

import math
from collections.abc import Iterator

from maturekit.schema.column import LONGEST, Column
from maturekit.schema.learning.facts import MOST_CATEGORIES, Facts
from maturekit.schema.learning.proposal import SHARED, Proposal
from maturekit.schema.learning.shapes import pattern_of
from maturekit.schema.learning.tail import Tail, has_tail
from maturekit.schema.learning.unseen import chance_of_new

__all__ = ["ENOUGH_FOR_KEY", "names_rows", "texts"]

ENOUGH_FOR_KEY = 100
_ROWS_A_CATEGORY = 10
_SEEN_OFTEN = 20
_SHORT = 32


def texts(facts: Facts, chance: float) -> tuple[Column, list[Proposal]]:
    """Return the column that texts suggest, and what more may be said about it."""
    rows = len(facts.series) - int(facts.null.sum())
    distinct = facts.coded[1]
    if len(distinct) == rows >= ENOUGH_FOR_KEY and not facts.nullable:
        more = [names_rows(facts)]
    elif len(distinct) <= MOST_CATEGORIES and rows >= _ROWS_A_CATEGORY * len(distinct):
        column = Column("category", nullable=facts.nullable, categories=sorted(distinct.tolist()), unknown="flag")
        return column, list(_closed(facts, rows))
    else:
        more = []
    column = Column("string", nullable=facts.nullable)
    return column, [*more, *_length(facts, rows, chance), *_pattern(facts, rows)]


def names_rows(facts: Facts) -> Proposal:
    """Propose that a column names rows, since no value of it was seen twice."""
    rows = len(facts.series)
    change = {"role": "key", "unique": True}
    return Proposal("unique", (facts.name,), change, rows, SHARED, "unique: no value was seen twice")


def _closed(facts: Facts, rows: int) -> Iterator[Proposal]:
    if facts.counts.min() < _SEEN_OFTEN:
        return
    message = f"no other value than these {len(facts.counts)}, of which the rarest was seen {facts.counts.min()} times"
    chance = chance_of_new(facts.counts.tolist(), rows)
    yield Proposal("categories", (facts.name,), {"unknown": "reject"}, rows, chance, message)


def _length(facts: Facts, rows: int, chance: float) -> Iterator[Proposal]:
    lengths = facts.coded[1].str.len().to_numpy(dtype="float64")
    most, risk = max(_SHORT, 2 * int(lengths.max())), chance
    if has_tail(lengths):
        tail = Tail(lengths, step=1.0)
        if tail.flat:
            risk = min(chance, tail.end_moves(most))
        if tail.told:
            bound = tail.bound(chance)
            most = max(most, math.ceil(bound)) if math.isfinite(bound) else LONGEST
            risk = min(chance, tail.chance(most))
    most = min(most, max(LONGEST, int(lengths.max())))
    message = f"at most {most} characters: the tail of lengths ends before"
    yield Proposal("max_length", (facts.name,), {"max_length": most}, rows, risk, message, settled=True)


def _pattern(facts: Facts, rows: int) -> Iterator[Proposal]:
    found = pattern_of(facts.coded[1], rows)
    if found is not None:
        pattern, chance, shapes = found
        message = f"pattern {pattern}: {shapes} shape{'s' if shapes > 1 else ''} of text, and no other"
        yield Proposal("pattern", (facts.name,), {"pattern": pattern}, rows, chance, message)
