"""From the blocks on disk to one table of predictions."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from maturekit.predictions.blocks import Block, each
from maturekit.predictions.columns import restored

__all__ = ["FIXED_COLUMNS", "table_of"]

FIXED_COLUMNS = (
    "time", "request", "row", "version", "digest", "arm", "method", "status", "reasons", "seconds",
    "prediction", "score", "label",
)  # fmt: skip
"""Names that every table has; no key column may be called so."""


def table_of(blocks: list[Block], *, key: Iterable[str] = ()) -> pd.DataFrame:
    """Return the rows of blocks of predictions, in their order, with every column but the label.

    Columns of the `key` are there even where no row has them.

    >>> table_of([])["row"].dtype
    dtype('int64')
    """
    rows = [block["rows"] for block in blocks]
    marked = [_marked(block) for block in blocks]
    columns = {
        "time": _times(_each(blocks, "time")),
        "request": _texts(_each(blocks, "request")),
        "row": np.array(_each(blocks, "row"), dtype=np.int64),
        "version": _texts(_each(blocks, "version")),
        "digest": _texts(_each(blocks, "digest")),
        "arm": _texts(_each(blocks, "arm")),
        "method": _texts(_each(blocks, "method")),
        "status": _texts(list(chain.from_iterable(status for status, _ in marked))),
        "reasons": _texts(list(chain.from_iterable(reasons for _, reasons in marked))),
        "seconds": np.array(_each(blocks, "seconds"), dtype=np.float64),
    }
    for name in dict.fromkeys([*_names(blocks, "key"), *key]):
        columns[name] = restored(zip((block["key"].get(name) for block in blocks), rows, strict=True))
    for name in _names(blocks, "inputs"):
        columns[f"input.{name}"] = restored(zip((block["inputs"].get(name) for block in blocks), rows, strict=True))
    columns["prediction"] = restored(zip((block["prediction"] for block in blocks), rows, strict=True))
    score = restored(zip((block["score"] for block in blocks), rows, strict=True))
    columns["score"] = score.astype(np.float64)
    return pd.DataFrame(columns)


def _each(blocks: Iterable[Block], name: str) -> list[Any]:
    return list(chain.from_iterable(each(block, name) for block in blocks))


def _names(blocks: Iterable[Block], part: str) -> list[str]:
    return list(dict.fromkeys(chain.from_iterable(block[part] for block in blocks)))


def _times(texts: list[str]) -> pd.Series:
    return pd.Series(pd.to_datetime(texts, format="ISO8601", utc=True).as_unit("us"))


def _texts(values: list[str | None]) -> pd.Series:
    try:
        return pd.Series(values, dtype=None if values else object)
    except UnicodeEncodeError:  # half of a surrogate pair, which the strings of pandas cannot hold
        return pd.Series(values, dtype=object)


def _marked(block: Block) -> tuple[list[str], list[str]]:
    status, reasons = ["ok"] * block["rows"], [""] * block["rows"]
    for row, (mark, why) in block["marks"].items():
        status[int(row)] = mark
        reasons[int(row)] = ", ".join(why)
    return status, reasons
