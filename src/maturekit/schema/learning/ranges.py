"""Bounds of numbers and durations: wider than what was seen, by what the tails tell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from maturekit.schema.learning.facts import Facts
from maturekit.schema.learning.proposal import SHARED, Proposal
from maturekit.schema.learning.tail import Tail, has_tail

__all__ = ["RANGED", "beyond_zero", "ranges"]

RANGED = {"float", "int", "decimal", "timedelta"}
_SECONDS = {"m8[s]": Decimal(1), "m8[ms]": Decimal("1e-3"), "m8[us]": Decimal("1e-6"), "m8[ns]": Decimal("1e-9")}


def beyond_zero(columns: Sequence[Facts]) -> list[int]:
    """Return for each column with numbers on both sides of zero how many are on the rarer side."""
    fewest = (min(int((one.sound < 0).sum()), int((one.sound > 0).sum())) for one in columns if one.kind in RANGED)
    return [count for count in fewest if count]


def ranges(facts: Facts, chance: float) -> Iterator[Proposal]:
    """Yield a lower and an upper bound, each with at most this chance that another table breaks it.

    They lie at least half of the range beyond what was seen, and are rounded outwards to a tenth of the range's leading
    digit. A bound of zero follows where it would lie beyond zero, and no value does.

    >>> import numpy as np, pandas as pd
    >>> facts = Facts("x", pd.Series(np.linspace(1.0, 3.0, 101)), "float", np.arange(101))
    >>> [(one.name, one.change) for one in ranges(facts, 0.01)]
    [('le', {'le': 4.0}), ('ge', {'ge': 0.0})]
    """
    import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

    numbers, unit = facts.sound, Decimal(1)
    if facts.kind not in RANGED or not has_tail(numbers):
        return
    if facts.kind == "timedelta":
        unit = _SECONDS[facts.numbers[1]]
    low, high = (Decimal(str(end.item())) * unit for end in (numbers.min(), numbers.max()))
    if low == high:
        return
    whole = facts.kind == "int"
    place = (high - low).adjusted() - 1
    step = Decimal(1).scaleb(max(place, {"int": 0, "timedelta": -6}.get(facts.kind, place)))
    numbers = numbers.astype(np.float64, copy=False) * (1.0 if unit == 1 else float(unit))
    for name, sign, end in (("le", 1, high), ("ge", -1, low)):
        tail = Tail(numbers if sign > 0 else -numbers, step=float(whole))
        for far, risk, why in _far(tail, end * sign, (high - low) / 2, chance):
            bound = _bound(facts.kind, (far / step).to_integral_value(ROUND_CEILING) * step * sign + 0)
            if bound is not None:
                message = f"{name} {bound}: {why}"
                yield Proposal(name, (facts.name,), {name: bound}, len(numbers), risk, message)


def _far(tail: Tail, end: Decimal, half: Decimal, chance: float) -> Iterator[tuple[Decimal, float, str]]:
    """Yield bounds above, each with its chance and its reason."""
    far = math.inf
    if tail.told:
        reach = tail.bound(chance)
        far = max(float(end + half), reach)
        if math.isfinite(far):
            bound = max(end + half, Decimal(str(reach)))
            yield bound, min(chance, tail.chance(float(bound))), "as far beyond what was seen as its tail asks for"
    elif tail.flat:
        bound = Decimal(0) if end < 0 < end + half else end + half
        far = float(bound)
        yield bound, tail.end_moves(far), "the last value seen at this end is frequent"
    if end > 0 or far <= 0:
        return
    if tail.touches(0.0):
        yield Decimal(0), SHARED, "values come close to it, and none is beyond"
    elif tail.leaning:
        yield Decimal(0), SHARED, "none is beyond, and the values lean to it as sizes and times do"
    elif tail.told:
        yield Decimal(0), tail.past(0.0), "none is near it, or beyond"


def _bound(kind: str, bound: Decimal) -> Any:
    """Return a bound of the kind; None when the kind does not reach so far."""
    if kind == "int":
        return int(bound) if -(2**63) <= bound < 2**64 else None
    if kind == "decimal":
        return bound
    if kind == "float":
        return float(bound) if math.isfinite(float(bound)) else None
    return timedelta(seconds=float(bound)) if abs(bound) < Decimal("8e13") else None
