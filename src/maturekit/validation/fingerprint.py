"""A cheap mark of a frame: enough to notice that a report is about another one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from maturekit._core.digest import canonical_json, digest_of
from maturekit.schema.kinds import READERS, WRONG, is_null

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fingerprint"]

_SAMPLED = 32


def fingerprint(frame: pd.DataFrame) -> str:
    """Return a digest of the size, the column names and 32 rows spread evenly from the first to the last.

    Index labels, storage and the order of columns do not count. It notices a frame that was filtered, sorted or
    exchanged; it is no proof that every cell is the same.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    >>> fingerprint(frame) == fingerprint(frame.astype(object).set_index(pd.Index([7, 7])))
    True
    >>> fingerprint(frame) == fingerprint(frame[::-1])
    False
    """
    rows = np.unique(np.linspace(0, max(len(frame) - 1, 0), min(_SAMPLED, len(frame))).astype(np.int64))
    cells = {name: [_text(cell) for cell in frame[name].iloc[rows].tolist()] for name in sorted(frame.columns)}
    return digest_of(canonical_json({"rows": len(frame), "cells": cells}))


def _text(cell: object) -> str | None:
    if is_null(cell):
        return None
    for kind in ("bool", "float"):
        value = READERS[kind](cell)
        if value is not WRONG:
            return f"{kind} {value!r}"
    if isinstance(cell, str):
        return f"text {cell.encode(errors='surrogatepass').hex()}"
    if isinstance(cell, datetime):
        return f"moment {cell.isoformat()}"
    return f"duration {cell}" if isinstance(cell, timedelta) else type(cell).__name__
