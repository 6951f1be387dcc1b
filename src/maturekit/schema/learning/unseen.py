"""The chance that another table shows something new, by how rarely the rarest things were seen in this one."""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = ["chance_of_new"]

_RAREST = 5


def chance_of_new(seen: Iterable[float], rows: int) -> float:
    """Return the chance that another table of the same size shows something that this one did not.

    `seen` counts how often each thing was met: each category, each shape of a text, each relation that some rows break.
    Things as rare as once a table turn up for the first time as often as things are that were met once, less those that
    were met twice, and so on (Good and Toulmin). The five rarest tell how densely things lie by the logarithm of their
    frequency, and the empty space between once and the rarest how surely there is nothing below it: the density has a
    gamma distribution, and the list is as likely as not to be complete.

    >>> round(chance_of_new([500, 300, 200], rows=1000), 4)  # three values, none of them rare
    0.0023
    >>> round(chance_of_new([9000, 990, 7, 2, 1], rows=10_000), 2)  # a tail that goes on
    0.18
    >>> round(chance_of_new([], rows=1000), 2)  # what never happened in 1000 rows
    0.01
    """
    rarest = sorted(count for count in seen if count > 0)[:_RAREST]
    known = len(rarest) + 0.5
    if rarest:
        spread = 1.0 + _harmonic(rarest[-1]) - _harmonic(rarest[0])
        empty = _harmonic(max(rarest[0], 1.0) - 1.0)
    else:
        spread, empty = 1.0, _harmonic(rows)
    silence = (spread / (spread + empty)) ** known
    expected = math.log(2.0) * known / (spread + empty) * silence / (1.0 + silence)
    return -math.expm1(-expected)


def _harmonic(count: float) -> float:
    """Return 1 + 1/2 + ... + 1/count, between whole numbers too."""
    return math.log(count + 0.5) + 0.57722 + 1.0 / (24.0 * (count + 0.5) ** 2) if count >= 1.0 else max(count, 0.0)
