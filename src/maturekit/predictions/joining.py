"""Many small blocks as few large ones, so that what came row by row is read back fast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from maturekit.predictions.blocks import Block, each

__all__ = ["joined"]

_COLUMNS = ("prediction", "score", "label")
_EACH = ("time", "request", "row", "seconds", "version", "digest", "arm")
_NAMED = ("key", "inputs")


def joined(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the same rows in the same order, runs of blocks of equal shape as one block.

    >>> from datetime import UTC, datetime
    >>> from maturekit.predictions import Entry
    >>> from maturekit.predictions.blocks import blocks_of
    >>> now = datetime(2013, 5, 3, tzinfo=UTC)
    >>> single = [block for age in (41, 33) for block in blocks_of([Entry({"age": age}, time=now)])]
    >>> [(block["rows"], block["inputs"]["age"]["values"]) for block in joined(single)]
    [(2, [41, 33])]
    """
    for _, run in groupby(blocks, key=_shape):
        group = list(run)
        yield group[0] if len(group) == 1 else _one(group)


def _shape(block: Block) -> tuple[Any, ...]:
    columns = tuple((name, _type(block.get(name))) for name in _COLUMNS)
    named = tuple((part, tuple((name, _type(held)) for name, held in block.get(part, {}).items())) for part in _NAMED)
    once = block["time"] if block["kind"] == "labels" else None  # a block of labels has one time
    return block["kind"], block.get("method"), block.get("column"), once, columns, named


def _type(column: dict[str, Any] | None) -> str | None:
    return None if column is None else column["type"]


def _one(blocks: list[Block]) -> Block:
    first = blocks[0]
    new: Block = {**first, "rows": sum(block["rows"] for block in blocks)}
    for name in _EACH:
        held = [block.get(name) for block in blocks]
        if name in first and (isinstance(held[0], list) or any(other != held[0] for other in held)):
            new[name] = [value for block in blocks for value in each(block, name)]
    for name in _COLUMNS:
        if first.get(name) is not None:
            new[name] = _chained([block[name] for block in blocks])
    for part in _NAMED:
        if part in first:
            new[part] = {name: _chained([block[part][name] for block in blocks]) for name in first[part]}
    if "marks" in first:
        marks: dict[str, Any] = {}
        before = 0
        for block in blocks:
            marks |= {str(before + int(row)): mark for row, mark in block["marks"].items()}
            before += block["rows"]
        new["marks"] = marks
    return new


def _chained(columns: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": columns[0]["type"], "values": [value for column in columns for value in column["values"]]}
