r"""The shape of texts: runs of letters and digits between signs, such as ``[A-Z]{2}\d{6}``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from maturekit.schema.learning.unseen import chance_of_new
from maturekit.schema.pattern import all_matching

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["pattern_of"]

_SAMPLE = 5_000
_ENOUGH = 100
_OFTEN = 20
_MOST_SHAPES = 4
_LONGEST_SHAPE = 12
_LONGEST_TEXT = 100
_READINGS: Final = tuple(  # what counts as one run, from fine to coarse; every other character stands for itself
    re.compile(f"{runs}|.", re.DOTALL) for runs in ("[A-Z]+|[a-z]+|[0-9]+", "[A-Za-z]+|[0-9]+", "[A-Za-z0-9]+")
)
_SIGNS: Final = frozenset(" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_SPECIAL: Final = frozenset("\\.+*?()|[]{}^$")

_Runs = list[tuple[Counter[str], set[int]]]
"""For each run of a shape: in how many texts it holds each class of characters, and its lengths."""


def pattern_of(distinct: pd.Index, rows: int) -> tuple[str, float, int] | None:
    r"""Return a pattern that all texts match, the chance that another table breaks it, and its number of shapes.

    Shapes are read off a part of the texts, three times: capitals, small letters and digits each make a run; all letters
    do; letters and digits together do. The first reading with at most four shapes, each common, and with no class of
    characters that is rare, is written down, a run of one length with that length, and kept when all texts match. None when texts are few or have no common shape.

    >>> import pandas as pd
    >>> pattern_of(pd.Index([f"AB-{number}" for number in range(1000, 2000)]), 1000)[0]
    '[A-Z]{2}-\\d{4}'
    """
    import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

    if len(distinct) < _ENOUGH:
        return None
    places = np.linspace(0, len(distinct) - 1, min(len(distinct), _SAMPLE)).astype(np.int64)
    sample = distinct.take(places).tolist()
    if max(map(len, sample)) > _LONGEST_TEXT:
        return None
    if not all(_SIGNS.issuperset(character for character in text if not _plain(character)) for text in sample):
        return None
    for reading in _READINGS:
        found = _shapes(sample, reading)
        if found is None:
            continue
        rarest = min(min([count, *(min(classes.values()) for classes, _ in runs)]) for count, runs in found.values())
        if rarest * rows < _OFTEN * len(sample):
            continue
        pattern = "|".join(sorted(_written(shape, runs) for shape, (_, runs) in found.items()))
        if all_matching(pattern, distinct.tolist()):
            often = [count * rows / len(sample) for count, _ in found.values()]
            return pattern, chance_of_new(often, rows), len(found)
    return None


def _shapes(sample: Iterable[str], reading: re.Pattern[str]) -> dict[tuple[str, ...], tuple[int, _Runs]] | None:
    """Return how often each shape occurs, and its runs; None when they are too many or too long, or one is empty."""
    found: dict[tuple[str, ...], tuple[int, _Runs]] = {}
    for text in sample:
        parts = reading.findall(text)
        shape = tuple("" if _plain(part[0]) else part for part in parts)
        words = [part for part in parts if _plain(part[0])]
        if reading is _READINGS[0]:
            shape = tuple(part or kind for part, kind in zip(shape, map(_sort, parts), strict=True))
        count, runs = found.setdefault(shape, (0, [(Counter(), set()) for _ in words]))
        found[shape] = (count + 1, runs)
        for word, (classes, lengths) in zip(words, runs, strict=True):
            classes.update(set(map(_sort, word)))
            lengths.add(len(word))
        if not shape or len(shape) > _LONGEST_SHAPE or len(found) > _MOST_SHAPES:
            return None
    return found


def _plain(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _sort(run: str) -> str:
    first = run[0]
    return "0-9" if first.isdigit() else "A-Z" if first.isupper() else "a-z"


def _written(shape: tuple[str, ...], runs: _Runs) -> str:
    text, rest = "", iter(runs)
    for part in shape:
        if part in _SIGNS:
            text += f"\\{part}" if part in _SPECIAL else part
            continue
        classes, lengths = next(rest)
        known = "".join(sorted(classes, key=("A-Z", "a-z", "0-9").index))
        (length, *others) = lengths
        text += r"\d" if known == "0-9" else f"[{known}]"
        text += "+" if others else "" if length == 1 else f"{{{length}}}"
    return text
