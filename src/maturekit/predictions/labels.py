"""Labels that come later: stored apart, joined to predictions by key when somebody reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from maturekit.errors import ArgumentError, TableError
from maturekit.predictions.blocks import Block
from maturekit.predictions.columns import restored, spelled

__all__ = ["GENERATED_KEY", "Labels", "label_blocks"]

GENERATED_KEY = ("request", "row")
"""What stands in every record, and serves as key where no other was named."""


def label_blocks(frame: pd.DataFrame, *, column: str, keys: Sequence[tuple[str, ...]], time: str) -> list[Block]:
    """Return the blocks that store the labels of a frame, one for each set of key columns that it holds."""
    if column not in frame.columns:
        raise ArgumentError(
            f"the labels have no column {column!r}; they have {', '.join(map(repr, frame.columns[:10]))}",
            hint="name the column that holds the label.",
        )
    held = [names for names in (*keys, GENERATED_KEY) if set(names) <= set(frame.columns)]
    if not held:
        wanted = " or ".join("(" + ", ".join(map(repr, names)) + ")" for names in (*keys, GENERATED_KEY))
        raise ArgumentError(
            f"the labels lack the key columns: this log joins by {wanted}",
            hint="add the key columns; a record carries the key that `Recorded(key=...)` named when it was written.",
        )
    for names in held:
        bare = np.flatnonzero(frame[list(names)].isna().any(axis=1).to_numpy())
        if len(bare):
            raise TableError(
                f"{len(bare)} labels have no key in {', '.join(map(repr, names))}, the first in row {bare[0]}",
                hint="drop them, for instance with `frame.dropna(subset=[...])`.",
            )
    return [
        {
            "kind": "labels",
            "time": time,
            "rows": len(frame),
            "column": column,
            "key": {name: spelled(frame[name]) for name in names},
            "label": spelled(frame[column]),
        }
        for names in held
    ]


class Labels:
    """The labels of a log, the newest of each key, ready to be joined.

    Parameters
    ----------
    blocks : iterable of Block
        Blocks of labels in the order in which they were written.
    column : str, optional
        Which label; needed only where the log holds several.
    """

    def __init__(self, blocks: Iterable[Block], *, column: str | None = None) -> None:
        ordered = sorted(blocks, key=lambda block: block["time"])  # stable: one writer's order stays
        names = sorted({block["column"] for block in ordered})
        if column is None and len(names) > 1:
            raise ArgumentError(
                f"the log holds several labels: {', '.join(map(repr, names))}", hint="say which with `label=`."
            )
        if column is not None and names and column not in names:
            raise ArgumentError(f"the log holds no label {column!r}, only {', '.join(map(repr, names))}")
        self.column = column or (names[0] if names else None)
        by_key: dict[tuple[str, ...], list[Block]] = {}
        for block in ordered:
            if block["column"] == self.column:
                by_key.setdefault(tuple(block["key"]), []).append(block)
        self._frames = {key: _newest(key, group) for key, group in by_key.items()}
        self._indexes = {key: _index(labels, key) for key, labels in self._frames.items()}

    def joined(self, frame: pd.DataFrame) -> pd.Series:
        """Return the label of each row of a frame that has the key columns, null where none is known."""
        result: pd.Series | None = None
        for key, labels in self._frames.items():
            if len(labels) and set(key) <= set(frame.columns):
                places = self._indexes[key].get_indexer(_index(frame, key))
                found = labels["label"].take(np.maximum(places, 0)).set_axis(frame.index)
                if (places < 0).any():
                    found = _nullable(found).where(places >= 0)
                result = found if result is None else found.combine_first(result)
        return pd.Series(None, index=frame.index, dtype=object) if result is None else result

    def seen(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the labels with their keys, and whether a row of `frame` has that key."""
        tables = [
            labels.assign(seen=self._indexes[key].isin(_index(frame, key)) if set(key) <= set(frame.columns) else False)
            for key, labels in self._frames.items()
        ]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["label", "seen"])


def _newest(key: tuple[str, ...], blocks: list[Block]) -> pd.DataFrame:
    columns = {name: restored([(block["key"][name], block["rows"]) for block in blocks]) for name in key}
    columns["label"] = restored([(block["label"], block["rows"]) for block in blocks])
    frame = pd.DataFrame(columns)
    return frame[~frame.duplicated(list(key), keep="last")].reset_index(drop=True)


def _index(frame: pd.DataFrame, key: tuple[str, ...]) -> pd.Index:
    return pd.Index(frame[key[0]]) if len(key) == 1 else pd.MultiIndex.from_frame(frame[list(key)])


def _nullable(column: pd.Series) -> pd.Series:
    """Whole numbers and truth values stay what they are when some are missing."""
    if column.dtype.kind == "i":
        return column.astype("Int64")
    return column.astype("boolean") if column.dtype.kind == "b" else column
