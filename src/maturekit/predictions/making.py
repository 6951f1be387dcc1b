"""From what callers handed over to blocks, in the thread of the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from maturekit._core.logs import logger
from maturekit.predictions.blocks import Block, blocks_of
from maturekit.predictions.entry import Entry

__all__ = ["COPIES_ON_WRITE", "Item", "Make", "copied", "made", "owned"]

Make = Callable[[datetime], Entry | Block | None]
"""Makes an entry or a block of what happened at a moment; None if nothing of it is to be kept."""

Item = Entry | tuple[Make, datetime, int]
"""What waits: an entry, or how to make one, of when, and of how many rows."""


COPIES_ON_WRITE = int(pd.__version__.split(".", 1)[0]) >= 3
"""Whether a copy of a frame shares its values until one of both is changed."""


def made(items: list[Item]) -> tuple[list[Block], int]:
    """Return the blocks of some items, and how many rows cannot be put into words at all.

    >>> from datetime import UTC
    >>> now = datetime(2013, 5, 3, tzinfo=UTC)
    >>> blocks, lost = made([Entry({"age": 41}, time=now), (lambda moment: Entry({"age": 33}, time=moment), now, 1)])
    >>> [block["inputs"]["age"]["values"] for block in blocks], lost
    ([[41, 33]], 0)
    """
    ready: list[tuple[Entry | Block, int]] = []
    lost = 0
    for item in items:
        if isinstance(item, Entry):
            ready.append((item, item.rows))
            continue
        make, time, rows = item
        try:
            one = make(time)
        except Exception as error:  # noqa: BLE001  # a fault of one row is not one of its neighbours
            lost += _complained(error, rows)
        else:
            if one is not None:
                ready.append((one, rows))
    try:
        return list(blocks_of(one for one, _ in ready)), lost
    except Exception:  # noqa: BLE001  # find the one
        return _one_by_one(ready, lost)


def _one_by_one(ready: list[tuple[Entry | Block, int]], lost: int) -> tuple[list[Block], int]:
    blocks = []
    for one, rows in ready:
        try:
            blocks += list(blocks_of([one]))
        except Exception as error:  # noqa: BLE001  # as above
            lost += _complained(error, rows)
    return blocks, lost


def _complained(error: Exception, rows: int) -> int:
    logger.warning("a prediction was not recorded: %s: %s", type(error).__name__, error)
    return rows


def owned(entry: Entry) -> Entry:
    """Return an entry whose columns nobody else can change.

    >>> record = {"age": 41}
    >>> entry = owned(Entry(record))
    >>> record["age"] = 0
    >>> entry.inputs
    {'age': 41}
    """
    if entry.one:
        entry.inputs = dict(entry.inputs)
        return entry
    entry.inputs = copied(entry.inputs)
    entry.key = {name: copied(column) for name, column in entry.key.items()}
    entry.prediction = copied(entry.prediction)
    entry.score = copied(entry.score)
    return entry


def copied(column: Any) -> Any:
    """Return a table or a column that does not change when the original does.

    Where pandas copies on write (always from 3.0 on), that costs nothing yet.

    >>> original = np.array([1, 2])
    >>> copy = copied(original)
    >>> original[0] = 0
    >>> copy.tolist()
    [1, 2]
    """
    if isinstance(column, (pd.DataFrame, pd.Series)):
        return column.copy(deep=not COPIES_ON_WRITE)
    if isinstance(column, np.ndarray):
        return column.copy()
    return list(column) if isinstance(column, list) else column
