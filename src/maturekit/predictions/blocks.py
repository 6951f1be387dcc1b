"""Blocks: what stands on one line of a segment, rows of one shape stored column by column."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic_core import from_json, to_json

from maturekit._core.clock import iso
from maturekit._core.digest import check_format, parse_json
from maturekit.errors import ArgumentError, TableError
from maturekit.predictions.columns import restored, spelled
from maturekit.predictions.entry import Entry

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Block", "blocks_of", "each", "input_name", "key_matches", "lines_of", "narrowed", "parsed"]

Block = dict[str, Any]
"""JSON-ready data; columns are ``{"type": ..., "values": [...]}``, what is equal in all rows stands there once."""

_FORMAT = 1
_COLUMNS = ("prediction", "score", "label")
_BY_NAME = ("key", "inputs")
_ONCE_OR_EACH = ("time", "request", "row", "seconds", "version", "digest", "arm")


def blocks_of(items: Iterable[Entry | Block]) -> Iterator[Block]:
    """Yield one block for each frame, and one for each run of records of equal shape; blocks pass.

    >>> from datetime import UTC, datetime
    >>> now = datetime(2013, 5, 3, tzinfo=UTC)
    >>> [block["rows"] for block in blocks_of(Entry({name: 1}, time=now) for name in ["age", "age", "size"])]
    [2, 1]
    """
    for shape, run in groupby(items, key=_shape):
        if shape is None:
            yield from (item if isinstance(item, dict) else _block_of_frame(item) for item in run)
        else:
            yield _block_of_records(list(run))  # type: ignore[arg-type]  # only records have a shape


def input_name(name: Any) -> str:
    """Return the name of an input as one that can be the name of a column, which half of a surrogate pair cannot.

    >>> input_name("age"), input_name(7)
    ('age', '7')
    """
    text = str(name)
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def lines_of(blocks: Iterable[Block]) -> bytes:
    """Return blocks as lines of JSON."""
    return b"".join(_line({"format": _FORMAT, **block}) + b"\n" for block in blocks)


def parsed(data: bytes, *, what: str) -> Iterator[Block]:
    """Yield the blocks of a segment; raise `FormatError` for anything else or newer."""
    for number, line in enumerate(data.splitlines(), start=1):
        place = f"line {number} of {what}"
        block = _block(line, what=place)
        yield check_format(block, what=place, newest=_FORMAT)


def key_matches(block: Block, wanted: dict[str, Any]) -> NDArray[np.bool_]:
    """Return, row by row, whether the key columns of a block (and ``request``, ``row``) equal the wanted values."""
    rows = block["rows"]
    hits = np.ones(rows, dtype=bool)
    for name, value in wanted.items():
        if name in block["key"]:
            column = restored([(block["key"][name], rows)])
            hits &= (column == value).fillna(value=False).to_numpy(dtype=bool)
        elif name in {"request", "row"} and name in block:
            hits &= np.array([held == value for held in each(block, name)], dtype=bool)
        else:
            hits[:] = False
    return hits


def each(block: Block, name: str) -> list[Any]:
    """Return the values of a field that stands once, or once for each row."""
    held = block[name]
    return held if isinstance(held, list) else [held] * block["rows"]


def narrowed(block: Block, keep: NDArray[np.bool_]) -> Block:
    """Return a block with only the rows to keep."""
    places = np.flatnonzero(keep).tolist()
    new = {**block, "rows": len(places)}
    for name in _ONCE_OR_EACH:
        if isinstance(block.get(name), list):
            new[name] = [block[name][place] for place in places]
    for name in _COLUMNS:
        if block.get(name) is not None:
            new[name] = _taken(block[name], places)
    for name in _BY_NAME:
        if name in block:
            new[name] = {inner: _taken(column, places) for inner, column in block[name].items()}
    if "marks" in block:
        marks = block["marks"]
        new["marks"] = {str(new): marks[str(old)] for new, old in enumerate(places) if str(old) in marks}
    return new


def _line(block: Block) -> bytes:
    try:
        return to_json(block)  # fifteen times faster than `json`
    except ValueError:  # half of a surrogate pair, in a text from a careless client
        return json.dumps(block, separators=(",", ":"), allow_nan=False).encode()


def _block(line: bytes, *, what: str) -> Any:
    try:
        return from_json(line, allow_inf_nan=False)
    except ValueError:
        return parse_json(line, what=what)


def _taken(column: dict[str, Any], places: Sequence[int]) -> dict[str, Any]:
    return {"type": column["type"], "values": [column["values"][place] for place in places]}


def _shape(entry: Entry | Block) -> tuple[Any, ...] | None:
    if isinstance(entry, dict) or not entry.one:
        return None
    return (
        entry.method,
        entry.version,
        entry.digest,
        entry.arm,
        tuple(entry.key),
        tuple(entry.inputs),
        entry.prediction is None,
        entry.score is None,
    )


def _block_of_frame(entry: Entry) -> Block:
    rows = entry.rows
    names = [name for name in entry.inputs.columns if name not in entry.key]
    return {
        **_heading(entry),
        "rows": rows,
        "time": _moment(entry),
        "request": entry.request,
        "row": list(range(rows) if entry.places is None else map(int, entry.places)),
        "seconds": _seconds(entry),
        "marks": {str(row): [status, list(reasons)] for row, (status, reasons) in entry.marks.items()},
        "key": {str(name): _column(column, rows, name) for name, column in entry.key.items()},
        "inputs": {input_name(name): _column(entry.inputs[name], rows, name) for name in names},
        "prediction": None if entry.prediction is None else _column(entry.prediction, rows, "prediction"),
        "score": None if entry.score is None else _numbers(_column(entry.score, rows, "score")),
    }


def _column(column: Any, rows: int, name: Any) -> dict[str, Any]:
    """Return a column as `spelled` does, if it has one value a row; else the log could not be read any more."""
    if isinstance(column, pd.DataFrame):
        raise TableError(f"there are several columns {name!r}", hint="give each a name of its own.")
    words = spelled(column)
    if len(words["values"]) != rows:
        raise ArgumentError(f"the column {name!r} has {len(words['values'])} values for {rows} rows")
    return words


def _numbers(words: dict[str, Any]) -> dict[str, Any]:
    if words["type"] not in {"float", "int", "null"}:
        raise ArgumentError(f"a score is a number, got values of the type {words['type']!r}")
    return words


def _block_of_records(entries: list[Entry]) -> Block:
    first = entries[0]
    inputs = zip(first.inputs, zip(*(entry.inputs.values() for entry in entries), strict=True), strict=True)
    return {
        **_heading(first),
        "rows": len(entries),
        "time": [_moment(entry) for entry in entries],
        "request": [entry.request for entry in entries],
        "row": 0,
        "seconds": [_seconds(entry) for entry in entries],
        "marks": {
            str(place): [entry.marks[0][0], list(entry.marks[0][1])]
            for place, entry in enumerate(entries)
            if 0 in entry.marks
        },
        "key": {str(name): spelled([entry.key[name] for entry in entries]) for name in first.key},
        "inputs": {input_name(name): spelled(values) for name, values in inputs if name not in first.key},
        "prediction": None if first.prediction is None else spelled([entry.prediction[0] for entry in entries]),  # type: ignore[index]  # one shape: all have one
        "score": None if first.score is None else _numbers(spelled([entry.score[0] for entry in entries])),  # type: ignore[index]  # one shape: all have one
    }


def _heading(entry: Entry) -> Block:
    return {
        "kind": "predictions",
        "method": entry.method,
        "version": _once_or_each(entry.version),
        "digest": _once_or_each(entry.digest),
        "arm": _once_or_each(entry.arm),
    }


def _once_or_each(value: str | Sequence[str | None] | None) -> Any:
    return value if value is None or isinstance(value, str) else list(value)


def _moment(entry: Entry) -> str:
    moment = entry.time
    if moment is None:
        raise ArgumentError("an entry without a time cannot be stored", hint="`Log.write` stamps it.")
    return moment.isoformat(timespec="microseconds")[:-6] + "Z" if moment.tzinfo is UTC else iso(moment)


def _seconds(entry: Entry) -> float | None:
    return float(entry.seconds) if math.isfinite(entry.seconds) else None
