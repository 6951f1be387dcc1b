"""Small tables that samples of compilers are fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fitted", "table"]

Target = Literal["number", "count", "class", "classes"]

_ROWS = 80


def table(kind: Literal["numbers", "positive", "texts"] = "numbers") -> pd.DataFrame:
    """Return three columns of 80 rows, the same each time.

    >>> table().shape, table("texts").nunique().tolist()
    ((80, 3), [2, 3, 4])
    """
    generator = np.random.default_rng(0)
    if kind == "texts":
        cells = {name: generator.choice(list("abcd")[: 2 + place], _ROWS) for place, name in enumerate("xyz")}
        return pd.DataFrame(cells, dtype=object)
    numbers = generator.normal(size=(_ROWS, 3)) * [1.0, 10.0, 0.1]
    return pd.DataFrame(np.abs(numbers) if kind == "positive" else numbers, columns=list("xyz"))


def fitted(
    estimator: Any, frame: pd.DataFrame | None = None, *, target: Target | None = None
) -> tuple[Any, pd.DataFrame]:
    """Return an estimator fitted on a table, and the first rows of it."""
    frame = table() if frame is None else frame
    return estimator.fit(frame, None if target is None else _target(target)), frame.iloc[:20]


def _target(target: Target) -> NDArray[Any]:
    generator = np.random.default_rng(1)
    score = np.asarray(table().sum(axis=1)) + generator.normal(size=_ROWS)
    if target == "number":
        return score
    if target == "count":
        return np.floor(np.abs(score))
    if target == "class":
        return np.where(score > 0, "yes", "no")
    return np.digitize(score, np.quantile(score, [1 / 3, 2 / 3]))
