"""Which column decides another one: every value of it always comes with the same value of the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations
from typing import TYPE_CHECKING

from maturekit.schema.learning.comparisons import EVIDENCE
from maturekit.schema.learning.facts import Facts
from maturekit.schema.learning.proposal import SHARED, Proposal
from maturekit.schema.rules.constant import Constant

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MOST_COLUMNS", "dependences"]

MOST_COLUMNS = 100
"""Among which relations are looked for whose number grows with the square or the cube of the columns."""
_REPEATED = 0.5


def dependences(columns: Sequence[Facts]) -> tuple[list[Proposal], list[float]]:
    """Propose ``Constant(column, by=(other,))`` between columns of values that repeat; and say how many rows break others.

    As with comparisons, a dependence is proposed where it holds in every row, and chance would have broken it in many.
    Where one column decides a second, and that a third, only the two steps are proposed; of columns that decide one
    another, the first in the table speaks for all. The first hundred such columns are looked at.
    """
    known = [one for one in columns if one.kind != "object" and _repeats(one.sampled_codes)][:MOST_COLUMNS]
    sample = [one.sampled_codes for one in known]
    needed = EVIDENCE + math.log(len(known) ** 2 or 1)
    found: dict[tuple[int, int], int] = {}
    broken: list[float] = []
    for by, column in permutations(range(len(known)), 2):
        if known[by].kind == "float":
            continue
        rows = len(known[by].series)
        scale = rows / len(sample[by])
        again, wrong = _checked(sample[by], sample[column])
        if again * scale * _by_chance(sample[column]) < needed:
            continue
        if not wrong and scale > 1:
            again, wrong, scale = *_checked(known[by].coded[0], known[column].coded[0]), 1.0
        if wrong:
            broken.append(wrong * scale)
        else:
            found[by, column] = again
    proposals = [
        _proposal(known[by], known[column], again)
        for (by, column), again in found.items()
        if not any(_by_way(found, by, middle, column) for middle in range(len(known)))
    ]
    return proposals, broken


def _repeats(codes: NDArray[np.int64]) -> bool:
    distinct = int(codes.max()) + 1
    return 1 < distinct <= _REPEATED * int((codes >= 0).sum())


def _checked(by: NDArray[np.int64], column: NDArray[np.int64]) -> tuple[int, int]:
    """Return the number of rows whose value of `by` was there before, and of those that differ from the first of it."""
    import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

    if by.min() < 0 or column.min() < 0:
        both = (by >= 0) & (column >= 0)
        by, column = by[both], column[both]
    if not len(by):
        return 0, 0
    held = np.full(int(by.max()) + 1, -1, dtype=np.int64)
    held[by[::-1]] = column[::-1]
    return len(by) - int((held >= 0).sum()), int((held[by] != column).sum())


def _by_chance(column: NDArray[np.int64]) -> float:
    """Return the chance that two rows differ in a column."""
    import numpy as np  # noqa: PLC0415  # see above

    shares = np.bincount(column[column >= 0])
    return float(1.0 - ((shares / shares.sum()) ** 2).sum())


def _by_way(found: dict[tuple[int, int], int], by: int, middle: int, column: int) -> bool:
    """Return whether a dependence follows from two others by way of a third column."""
    if (by, middle) not in found or (middle, column) not in found:
        return False
    return (middle, by) not in found or middle < by


def _proposal(by: Facts, column: Facts, again: int) -> Proposal:
    rule = Constant(column.name, by=(by.name,))
    message = f"{column.name} follows from {by.name}: it is the same in all rows that repeat a value of {by.name}"
    return Proposal("Constant", (by.name, column.name), rule, again, SHARED, message)
