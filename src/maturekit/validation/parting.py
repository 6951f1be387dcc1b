"""The values of a column parted from the rows that have none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from maturekit.validation.cells import Cells, Mask

__all__ = ["parted", "with_values"]


def parted(
    values: Any,
    *,
    null: Mask | None = None,
    wrong: Mask | None = None,
    infinite: Mask | None = None,
    known: tuple[Any, Any] | None = None,
) -> Cells:
    """Take out of `values` the rows that a mask marks; no mask marks a row that another one does.

    `known` are the ends of the values, where they are known already.

    >>> cells = parted(np.array([5, 0, 7]), null=np.array([False, True, False]))
    >>> cells.values.tolist(), cells.rows.tolist(), cells.null.tolist()
    ([5, 7], [0, 2], [1])
    """
    marked = [mask if mask is not None and mask.any() else None for mask in (null, wrong, infinite)]
    masks = [mask for mask in marked if mask is not None]
    if not masks:
        return Cells(values, Cells.none, Cells.none, Cells.none, known=known)
    nulls, others, infinities = (Cells.none if mask is None else np.flatnonzero(mask) for mask in marked)
    rows = np.flatnonzero(~(masks[0] if len(masks) == 1 else np.logical_or.reduce(masks)))
    kept = values.iloc[rows] if isinstance(values, pd.Series) else values[rows]
    return Cells(kept, nulls, others, infinities, rows=rows)


def with_values(cells: Cells, values: Any, *, unit: str = "", aware: bool = False, places: int = 0) -> Cells:
    """Return the same rows with other values, one for each of the old ones."""
    return Cells(
        values,
        cells.null,
        cells.wrong,
        cells.infinite,
        rows=cells.rows,
        codes=cells.codes,
        unit=unit,
        aware=aware,
        places=places,
        known=cells.known if values is cells.values else None,
    )
