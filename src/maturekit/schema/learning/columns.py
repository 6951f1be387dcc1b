"""The column that each column of a table suggests by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from maturekit.schema.column import Column
from maturekit.schema.learning.facts import Facts
from maturekit.schema.learning.proposal import Proposal
from maturekit.schema.learning.ranges import ranges
from maturekit.schema.learning.tail import Tail, has_tail
from maturekit.schema.learning.texts import ENOUGH_FOR_KEY, names_rows, texts
from maturekit.schema.learning.unseen import chance_of_new

__all__ = ["suggested"]

_KEY_NAME = re.compile(r"(.*[_\s.-])?(id|key|uuid|guid|number|nr|no)|.*[a-z](Id|ID|Key)", re.ASCII)
_ORDERED = 100


def suggested(facts: Facts, chance: float) -> tuple[Column, list[Proposal]]:
    """Return the column of the kind, and what more may be said about it, each bound with at most a chance."""
    kind, nullable = facts.kind, facts.nullable
    if kind == "category":
        return Column("category", nullable=nullable, categories=facts.series.cat.categories.tolist()), []
    if kind == "string":
        return texts(facts, chance)
    if kind == "object":
        first = facts.series.dropna().iloc[0]
        return Column("object", nullable=nullable, of=type(first)), []
    if kind in {"datetime", "date"}:
        return Column(kind, nullable=nullable, role="time"), [*_earliest(facts), *_order(facts)]
    if kind == "int" and _names_rows(facts):
        return Column("int"), [names_rows(facts)]
    return Column(kind, nullable=nullable), list(ranges(facts, chance))


def _names_rows(facts: Facts) -> bool:
    numbers = facts.sound
    if len(numbers) < ENOUGH_FOR_KEY or facts.nullable or numbers.dtype.kind == "f":
        return False
    gapless = int(numbers.max()) - int(numbers.min()) < 2 * len(numbers)
    return (gapless or _KEY_NAME.fullmatch(facts.name) is not None) and bool(facts.series.is_unique)


def _earliest(facts: Facts) -> Iterator[Proposal]:
    """Propose a lower bound of moments and days, which a shifted century or an empty date breaks; time has no upper one."""
    import pandas as pd  # noqa: PLC0415  # a schema that is only read or written does not pay for pandas

    values = facts.series.dropna()
    first, last = pd.Timestamp(values.min()), pd.Timestamp(values.max())
    try:
        early = (first - max(last - first, pd.Timedelta(days=365))).floor("D").to_pydatetime()
    except (OverflowError, pd.errors.OutOfBoundsDatetime):  # nearly as early as time can be written
        return
    change = {"ge": early.date() if facts.kind == "date" else early}
    message = f"ge {change['ge']}: as long before the first as the last is after it, and at least a year"
    ticks = -facts.sound.astype("float64")
    span = float(ticks.max() - ticks.min())
    tail = Tail(ticks) if has_tail(ticks) else None
    chance = chance_of_new([], len(values)) if tail is None or not tail.told else tail.chance(tail.largest + span)
    yield Proposal("ge", (facts.name,), change, len(values), chance, message, settled=True)


def _order(facts: Facts) -> list[Proposal]:
    """Propose the order of moments that never run backwards; any other column may be sorted for convenience.

    A table is one observation of an order, however long it is, so that chance keeps it out of most schemas.
    """
    moments = facts.sound
    if not (moments[1:] >= moments[:-1]).all() or int((moments[1:] > moments[:-1]).sum()) < _ORDERED:
        return []
    message = "order increasing: moments never run backwards, as far as one table can tell"
    return [Proposal("order", (facts.name,), {"order": "increasing"}, len(moments), chance_of_new([], 1), message)]
