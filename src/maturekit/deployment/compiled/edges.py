"""Values at which a compiled function may go wrong: bounds, jumps of the model, nulls, extremes, what nobody has seen."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

__all__ = ["edges_of", "varied"]

_FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e30, -1e30, 1e300, 3.5e38, 1e-300, 5e-324, math.nan)
_INTS = (0, 1, -1, 7, 2**31, -(2**31), 2**53 + 1, 2**60)
_TEXTS = ("", "a", "\x00 unseen", "\u00e9t\u00e9", "nan", "1.0")

_MIXED = 60
"""Records in which every column has one of its edges."""


def edges_of(kinds: Iterable[type], jumps: Iterable[Any], bounds: Iterable[Any] = (), *, most: int) -> list[Any]:
    """Return values of the given types for one column: those around jumps and bounds first, then what is always odd.

    >>> edges_of([int], [2], most=4)
    [2, 3, 1, 0]
    """
    known, fresh = set(kinds), _spread(sorted(jumps, key=_order), most // 2)
    found = [near for value in [*bounds, *fresh] for near in _near(value, known)]
    return list(_distinct([*found, *_odd(known)], known))[:most] + ([None] if type(None) in known else [])


def varied(bases: Sequence[tuple[Any, ...]], edges: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """Return records like the first two with one value changed, and some with all values changed, the same each time.

    >>> next(varied([(1, 2)], [[5], []]))
    (5, 2)
    """
    for base in bases[:2]:
        for column, values in enumerate(edges):
            for value in values:
                yield (*base[:column], value, *base[column + 1 :])
    draw = random.Random(0)  # noqa: S311  # no secret
    for number in range(_MIXED if bases else 0):
        base = bases[number % len(bases)]
        yield tuple(draw.choice([*values[:12], own]) for values, own in zip(edges, base, strict=True))


def _near(value: Any, kinds: set[type]) -> Iterator[Any]:
    """Yield a jump and its neighbours, as each of the types that can be it."""
    if isinstance(value, (str, bool)):
        yield value
    elif isinstance(value, (int, float)) and math.isfinite(value):
        if float in kinds:
            exact = float(value)
            yield from (exact, math.nextafter(exact, math.inf), math.nextafter(exact, -math.inf))
        if int in kinds:
            yield from (math.floor(value), math.floor(value) + 1, math.floor(value) - 1)


def _odd(kinds: set[type]) -> Iterator[Any]:
    constants: dict[type, Sequence[Any]] = {float: _FLOATS, int: _INTS, str: _TEXTS, bool: (True, False)}
    for kind, values in constants.items():
        if kind in kinds:
            yield from values


def _distinct(values: Iterable[Any], kinds: set[type]) -> Iterator[Any]:
    seen = set()
    for value in values:
        mark = (type(value), repr(value))
        if type(value) in kinds and mark not in seen:
            seen.add(mark)
            yield value


def _spread(values: Sequence[Any], most: int) -> list[Any]:
    if len(values) <= most:
        return list(values)
    return [values[place * len(values) // most] for place in range(most)]


def _order(value: Any) -> tuple[bool, Any]:
    return isinstance(value, str), value
