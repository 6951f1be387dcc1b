"""Numbers of characters: not counted where the bytes of the texts show already that none is too long."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from maturekit.validation.arrow import arrow_chunks, is_arrow

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from maturekit.validation.texts import Texts

__all__ = ["lengths", "none_longer"]

_SAMPLE: Final = 1024
_SHORT: Final = 32


def lengths(values: pd.Series) -> NDArray[np.int64]:
    """Return the number of characters of each text of a column without gaps.

    >>> import pandas as pd
    >>> lengths(pd.Series(["", "é", "ab"])).tolist()
    [0, 1, 2]
    """
    if is_arrow(values.dtype):
        counted: Any = values.str.len()
        return np.asarray(counted, dtype=np.int64)
    return np.array([len(text) for text in values.tolist()], dtype=np.int64)


def none_longer(values: pd.Series, longest: int, spelled: Callable[[], Iterable[Texts]]) -> bool:
    """Return whether it is sure, after a cheap look, that no text has more characters than `longest`.

    `spelled` returns the same texts as bytes, of which a text has no fewer than characters.

    >>> import pandas as pd
    >>> none_longer(pd.Series(["é", "ab"]), 65_536, lambda: ())
    True
    """
    if is_arrow(values.dtype):
        return all(int(np.diff(offsets).max()) <= longest for _, offsets in arrow_chunks(values))
    sample = values.iloc[:_SAMPLE].tolist()
    if len(sample) == _SAMPLE and sum(map(len, sample)) <= _SHORT * _SAMPLE:
        with suppress(UnicodeEncodeError):  # half of a surrogate pair
            return all(texts.longest <= longest for texts in spelled())
    return max(map(len, values.tolist()), default=0) <= longest
