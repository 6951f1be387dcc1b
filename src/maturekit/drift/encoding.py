"""Columns of any kind as numbers for trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from maturekit.profile.values import NUMBER_KINDS, kind_of, numbers, values

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Encoding"]

_MOST = 50
_LARGEST = 3e38  # trees compute in float32


@dataclass(frozen=True, slots=True)
class Encoding:
    """Numbers as they are, times in seconds, categories by how frequent they were.

    Parameters
    ----------
    kinds : mapping of str to str
        Kind of each column, in order.
    categories : mapping of str to sequence of str
        The 50 most frequent values of each column that holds no numbers, most frequent first; all others share a number.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"age": [31.0, None], "city": ["Rome", "Rome"]})
    >>> encoding = Encoding.learn(frame)
    >>> encoding.encoded(pd.DataFrame({"age": [40.0, 50.0], "city": ["Rome", "Oslo"]})).tolist()
    [[40.0, 0.0], [50.0, 1.0]]
    """

    kinds: Mapping[str, str]
    categories: Mapping[str, Sequence[str]]

    @classmethod
    def learn(cls, frame: pd.DataFrame) -> Self:
        """Choose the kinds of columns and the frequent values of categories."""
        kinds = {str(name): kind_of(frame[name]) for name in frame.columns}
        categories = {}
        for name, kind in kinds.items():
            if kind not in NUMBER_KINDS:
                codes, texts = values(frame[name])
                counts = np.bincount(codes[codes >= 0], minlength=len(texts))
                order = sorted(range(len(texts)), key=lambda i: (-counts[i], texts[i]))
                categories[name] = [texts[i] for i in order[:_MOST]]
        return cls(kinds, categories)

    def encoded(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return the columns as float64, shape (n, columns), NaN for null, infinities as very large numbers."""
        columns = []
        for name, kind in self.kinds.items():
            if kind in NUMBER_KINDS:
                columns.append(np.clip(numbers(frame[name], kind), -_LARGEST, _LARGEST))
            else:
                codes, texts = values(frame[name])
                place = {text: float(number) for number, text in enumerate(self.categories[name])}
                table = np.array([*(place.get(text, float(len(place))) for text in texts), np.nan])
                columns.append(table[codes])
        return np.column_stack(columns)
