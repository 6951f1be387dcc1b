"""The length of a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit.profile.text_view import TextView

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Length"]


class Length(TextView):
    """Number of characters of a text.

    Examples
    --------
    >>> Length("comment").of(pd.DataFrame({"comment": ["fine", "", None, "naïve"]})).tolist()
    [4, 0, <NA>, 5]
    >>> Length("comment").name
    'comment:length'
    """

    word = "length"

    def _read(self, texts: Sequence[str], codes: NDArray[np.int64]) -> pd.Series[Any]:
        lengths = np.array([*map(len, texts), 0], dtype=np.int64)  # the last is where -1 points
        return pd.Series(pd.arrays.IntegerArray(lengths[codes], codes < 0))
