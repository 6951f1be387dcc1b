"""Which columns name a row together, in a table where none does so alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from maturekit.schema.learning.comparisons import EVIDENCE
from maturekit.schema.learning.facts import Facts
from maturekit.schema.learning.proposal import SHARED, Proposal
from maturekit.schema.rules.key import Key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["keys"]

_WIDEST = 3
_MOST_COLUMNS = 12
_KINDS = {"string", "category", "int", "datetime", "date"}


def keys(columns: Sequence[Facts]) -> tuple[list[Proposal], list[float]]:
    """Propose ``Key(a, b)``, or of three columns when there is none of two, for texts, whole numbers and moments.

    A key is proposed where no two rows agree, and where columns that did not know of one another would agree in many
    pairs of rows. The twelve columns with the most values are tried.
    """
    rows = len(columns[0].series)
    known = [one for one in columns if one.kind in _KINDS and not one.nullable and len(one.counts) > 1]
    known = sorted(known, key=lambda one: -len(one.counts))[:_MOST_COLUMNS]
    tried = sum(math.comb(len(known), width) for width in range(2, _WIDEST + 1)) or 1
    broken: list[float] = []
    for width in range(2, _WIDEST + 1):
        found: list[tuple[Facts, ...]] = []
        for some in combinations(known, width):
            agreeing = rows * (rows - 1) / 2 * math.prod(_agree(one) for one in some)
            if agreeing < EVIDENCE + math.log(tried) or math.prod(len(one.counts) for one in some) < rows:
                continue
            wrong = _repeated(some, some[0].sampled) if len(some[0].sampled) < rows else 0
            wrong = wrong or _repeated(some, slice(None))
            if wrong:
                broken.append(wrong)
            else:
                found.append(some)
        if found:
            order = {one.name: place for place, one in enumerate(columns)}
            return [
                _proposal(sorted((one.name for one in some), key=order.__getitem__), rows) for some in found
            ], broken
    return [], broken


def _agree(facts: Facts) -> float:
    """Return the chance that two rows agree in a column."""
    counts, rows = facts.counts.astype("float64"), len(facts.series)
    return float((counts * (counts - 1)).sum() / (rows * (rows - 1)))


def _repeated(some: Sequence[Facts], places: NDArray[np.int64] | slice) -> int:
    """Return how many rows repeat an earlier one in some columns."""
    import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy
    import pandas as pd  # noqa: PLC0415  # see above

    combined = some[0].coded[0][places]
    for one in some[1:]:
        size = len(one.counts)
        if int(combined.max()) >= 2**62 // size:
            combined = np.unique(combined, return_inverse=True)[1]
        combined = combined * size + one.coded[0][places]
    return int(pd.Series(combined).duplicated().sum())


def _proposal(names: list[str], rows: int) -> Proposal:
    rule = Key(*names)
    return Proposal("Key", tuple(names), rule, rows, SHARED, f"{rule.words}: no two rows agree in all of them")
