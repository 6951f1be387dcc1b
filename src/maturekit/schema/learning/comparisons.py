"""Which column is never above another one, in rows where chance alone would have put it there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from maturekit.schema.learning.facts import Facts
from maturekit.schema.learning.proposal import SHARED, Proposal
from maturekit.schema.learning.tail import FEWEST, Tail, has_tail
from maturekit.schema.rules.compare import Compare

__all__ = ["EVIDENCE", "comparisons"]

EVIDENCE = 20.0
"""Rows that chance would have broken, beyond the logarithm of the relations looked at: e**-20 is out of the question."""
_SAMPLE = 2_000
_FIRST, _OFTEN = 100, 0.05


def comparisons(columns: Sequence[Facts]) -> tuple[list[Proposal], list[float]]:
    """Propose ``a <= b`` and ``a == b`` between columns that can be compared; and say how many rows break others.

    A relation is proposed where it holds in every row, and where columns of the same values in any other order would
    break it in so many rows that none by chance is out of the question, with as many pairs as were looked at. What
    follows from the bounds of the columns has no such evidence. What follows from two other relations is left out.

    Where the distance of the columns comes as close to zero as if that were its end, the chance that another table goes
    beyond is judged by how many relations were broken in few rows; elsewhere by the tail of the distance.
    """
    families: dict[str, list[Facts]] = {}
    for one in columns:
        if one.family is not None:
            families.setdefault(one.family, []).append(one)
    proposals: list[Proposal] = []
    broken: list[float] = []
    for family in families.values():
        proposals += _within(family, broken)
    return proposals, broken


def _within(columns: list[Facts], broken: list[float]) -> list[Proposal]:
    rows = len(columns[0].series)
    needed = EVIDENCE + math.log(len(columns) ** 2)
    sample = [one.spread(_SAMPLE) for one in columns]
    found: dict[tuple[int, int], tuple[str, int]] = {}
    for left, right in _not_mixed(sample, broken, rows):
        low, high, sign, often, both = _suspected(sample, left, right)
        if both * rows < FEWEST or _by_chance(sample[low], sample[high], sign) * both * rows < needed:
            continue
        count, wrong = _checked(columns[low], columns[high], sign) if not often else (0, often * rows)
        if wrong:
            broken.append(wrong)
        else:
            found[low, high] = (sign, count)
    return [
        _proposal(columns[low], columns[high], sign, count)
        for (low, high), (sign, count) in found.items()
        if not any((low, middle) in found and (middle, high) in found for middle in range(len(columns)))
    ]


def _not_mixed(sample: list[Any], broken: list[float], rows: int) -> Iterator[tuple[int, int]]:
    """Yield the pairs of columns that are not above one another by turns already in the first rows of the sample."""
    import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

    first = np.column_stack([values[:_FIRST] for values in sample])
    for left in range(first.shape[1] - 1):
        with np.errstate(invalid="ignore"):
            above = (first[:, [left]] > first[:, left + 1 :]).mean(axis=0)
            below = (first[:, [left]] < first[:, left + 1 :]).mean(axis=0)
        by_turns = np.minimum(above, below)
        broken += (by_turns[by_turns > _OFTEN] * rows).tolist()
        yield from ((left, left + 1 + int(right)) for right in np.flatnonzero(by_turns <= _OFTEN))


def _suspected(sample: list[Any], left: int, right: int) -> tuple[int, int, str, float, float]:
    """Return the likeliest relation of two columns, how often the sample breaks it, and how often both have a value."""
    import numpy as np  # noqa: PLC0415  # see above

    with np.errstate(invalid="ignore"):
        below, above = np.mean(sample[left] < sample[right]), np.mean(sample[left] > sample[right])
    both = float(np.mean(np.isfinite(sample[left]) & np.isfinite(sample[right])))
    sign = "==" if below == above == 0 else "<="
    return (left, right, sign, float(above), both) if above <= below else (right, left, sign, float(below), both)


def _by_chance(low: Any, high: Any, sign: str) -> float:
    """Return the share of rows that would break the relation if one column did not know of the other."""
    import numpy as np  # noqa: PLC0415  # see above

    low, high = np.sort(low[np.isfinite(low)]), high[np.isfinite(high)]
    not_above = np.searchsorted(low, high, side="right").mean() / len(low)
    if sign == "<=":
        return float(1.0 - not_above)
    return float(1.0 - not_above + np.searchsorted(low, high, side="left").mean() / len(low))


def _checked(low: Facts, high: Facts, sign: str) -> tuple[int, int]:
    """Return the number of rows that could break the relation, and of those that do."""
    wrong = low.numbers[0] > high.numbers[0] if sign == "<=" else low.numbers[0] != high.numbers[0]
    rows = len(wrong)
    for one in (low, high):
        if one.unsound is not None:
            wrong &= ~one.unsound
    if low.unsound is not None or high.unsound is not None:
        rows = int(_both(low, high).sum())
    return rows, int(wrong.sum())


def _both(low: Facts, high: Facts) -> Any:
    import numpy as np  # noqa: PLC0415  # see above

    lost = np.zeros(len(low.series), dtype=np.bool_)
    for one in (low, high):
        if one.unsound is not None:
            lost |= one.unsound
    return ~lost


def _proposal(low: Facts, high: Facts, sign: str, count: int) -> Proposal:
    chance, why = SHARED, "come close to one another"
    if sign == "<=":
        distance, step = _distance(low, high)
        tail = Tail(-distance, step=step) if has_tail(distance) else None
        if tail is not None and tail.told and not tail.touches(0.0):
            chance, why = tail.past(0.0), "keep a distance"
    rule = Compare(low.name, sign, high.name)  # type: ignore[arg-type]  # one of two literals
    message = f"{rule.words}: in any other order of the rows many would break it, and none does; they {why}"
    return Proposal("Compare", rule.columns, rule, count, chance, message)


def _distance(low: Facts, high: Facts) -> tuple[Any, float]:
    """Return how far the columns are apart in each row, and its step: as a ratio where both are above zero."""
    import numpy as np  # noqa: PLC0415  # see above

    both = slice(None) if low.unsound is high.unsound is None else _both(low, high)
    below, above = low.numbers[0][both], high.numbers[0][both]
    if low.kind in {"float", "int", "decimal"} and below.min() > 0:
        return np.log(above / below), 0.0
    with np.errstate(over="ignore"):  # what is beyond all floats has no tail
        distance = np.subtract(above, below).astype(np.float64, copy=False)
    return distance, float("float" not in {low.kind, high.kind})
