"""Which column is the sum of two others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from maturekit.schema.learning.dependences import MOST_COLUMNS
from maturekit.schema.learning.facts import Facts
from maturekit.schema.learning.proposal import SHARED, Proposal
from maturekit.schema.rules.sums_to import SumsTo

__all__ = ["sums"]

_SAMPLE = 200
_TELLING = 50


def sums(columns: Sequence[Facts]) -> tuple[list[Proposal], list[float]]:
    """Propose ``SumsTo(total, (a, b))`` where it holds in every row up to rounding, and no part is nearly always zero.

    At least 50 rows of a sample must tell: both parts differ from zero in them, and their total differs among them. The
    first hundred columns of numbers are looked at.
    """
    numbers = [one for one in columns if one.kind in {"float", "int"}][:MOST_COLUMNS]
    if len(numbers) < 3:
        return [], []
    broken: list[float] = []
    found: list[tuple[SumsTo, int]] = []
    for total, first, second in _suspected(numbers):
        count, wrong = _checked(total, first, second)
        if wrong:
            broken.append(wrong)
        elif count:
            found.append((SumsTo(total.name, (first.name, second.name)), count))
    proposals = [
        Proposal("SumsTo", rule.columns, rule, count, SHARED, f"{rule.words}: up to rounding, in every row")
        for rule, count in found
    ]
    return proposals, broken


def _suspected(numbers: Sequence[Facts]) -> Iterator[tuple[Facts, Facts, Facts]]:
    """Yield the triples that hold in a sample: looked up by the sum, not tried one by one."""
    import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

    sample = np.column_stack([one.spread(_SAMPLE) for one in numbers])
    for first, second in combinations(range(len(numbers)), 2):
        parts = sample[:, first] + sample[:, second]
        both = np.isfinite(parts) & (sample[:, first] != 0) & (sample[:, second] != 0)
        if both.sum() < _TELLING:
            continue
        slack = _slack(sample[:, first], sample[:, second])[:, np.newaxis]
        off = np.abs(sample[both] - parts[both, np.newaxis]) > 2 * slack[both]  # never where the total is null
        told = np.isfinite(sample[both]).sum(axis=0)
        for total in np.flatnonzero((~off.any(axis=0)) & (told >= _TELLING)).tolist():
            values = sample[both, total]
            if total not in {first, second} and len(np.unique(values[np.isfinite(values)])) >= _TELLING:
                yield numbers[total], numbers[first], numbers[second]


def _slack(first: Any, second: Any) -> Any:
    return 4 * 2.0**-52 * (abs(first) + abs(second))


def _checked(total: Facts, *parts: Facts) -> tuple[int, int]:
    """Return the number of rows that could break the sum, and of those that do, by the rule's own judgement."""
    import numpy as np  # noqa: PLC0415  # see above
    import pandas as pd  # noqa: PLC0415  # see above

    lost = np.zeros(len(total.series), dtype=np.bool_)
    for one in (total, *parts):
        if one.unsound is not None:
            lost |= one.unsound
    arrays = {one.name: one.numbers[0] if not lost.any() else one.numbers[0][~lost] for one in (total, *parts)}
    rule = SumsTo(total.name, tuple(part.name for part in parts))
    return int((~lost).sum()), int(rule.breaking(pd.DataFrame(arrays)).sum())
