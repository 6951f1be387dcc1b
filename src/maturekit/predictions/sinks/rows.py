"""Rows: a block taken apart into one JSON-ready object a row, and put together again exactly."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from pydantic_core import from_json, to_json

from maturekit._core.digest import parse_json
from maturekit.errors import FormatError
from maturekit.predictions.blocks import Block, each

__all__ = ["Row", "blocks_from", "has_utf8", "json_of", "row_of", "rows_of"]

Row = dict[str, Any]
"""One prediction or label as one JSON object, see `rows_of`."""

_EACH = ("time", "request", "row", "seconds", "version", "digest", "arm")
_PARTS = ("key", "inputs")
_COLUMNS = ("prediction", "score", "label")
_NOT_PLAIN = {"rows", "format", "marks", *_EACH, *_PARTS, *_COLUMNS}
_REMEMBERED = 10_000
_NATURAL = {type(None): "null", bool: "bool", int: "int", float: "float", str: "text"}


def rows_of(block: Block) -> Iterator[Row]:
    """Yield the rows of a block, each of which says everything about itself.

    A row has the fields of the block, ``status``, ``reasons`` if there are any, and the values of its columns. Where
    a value alone does not show the type of its column, such as a null among numbers, ``types`` lists its place.

    >>> block = {"kind": "labels", "time": "2013-05-03T00:00:00.000000Z", "rows": 2, "column": "late"}
    >>> block |= {"key": {"id": {"type": "text", "values": ["a", "b"]}}, "label": {"type": "int", "values": [1, None]}}
    >>> for row in rows_of(block):
    ...     print(row["key"], row["label"], row.get("types"))
    {'id': 'a'} 1 None
    {'id': 'b'} None {'int': ['label']}
    """
    rows = block["rows"]
    fields: dict[str, list[Any]] = {"time": each(block, "time")}
    fields |= {name: [value] * rows for name, value in block.items() if name not in _NOT_PLAIN}
    fields |= {name: each(block, name) for name in _EACH if name in block}
    notes: dict[int, dict[str, list[str]]] = defaultdict(dict)
    for part in _PARTS:
        if part in block:
            columns = block[part]
            values = zip(*(column["values"] for column in columns.values()), strict=True) if columns else [()] * rows
            fields[part] = [dict(zip(columns, of_row, strict=True)) for of_row in values]
            for name, column in columns.items():
                _note(notes, f"{part}.{name}", column)
    for name in _COLUMNS:
        if block.get(name) is not None:
            fields[name] = block[name]["values"]
            _note(notes, name, block[name])
    marks = {int(place): mark for place, mark in block.get("marks", {}).items()}
    if "marks" in block:
        fields["status"] = [marks[place][0] if place in marks else "ok" for place in range(rows)]
    for place, of_row in enumerate(zip(*fields.values(), strict=True)):
        row = dict(zip(fields, of_row, strict=True))
        if place in marks and marks[place][1]:
            row["reasons"] = marks[place][1]
        if place in notes:
            row["types"] = notes[place]
        yield row


def blocks_from(rows: Iterable[Row]) -> Iterator[Block]:
    """Yield the blocks that rows make up: one for each run of rows of one shape.

    >>> block = {"kind": "labels", "time": "2013-05-03T00:00:00.000000Z", "rows": 1, "column": "late"}
    >>> block |= {"key": {}, "label": {"type": "float", "values": [None]}}
    >>> list(blocks_from(rows_of(block))) == [block]
    True
    """
    try:
        for shape, run in groupby(rows, key=_Shapes().of):
            yield _assembled(shape, list(run))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FormatError(f"a stored row is malformed: {error!r}") from error


def json_of(value: Any) -> str:
    """Return a row, or part of one, as JSON on one line.

    >>> json_of({"time": "now", "score": 0.5})
    '{"time":"now","score":0.5}'
    """
    try:
        return to_json(value).decode()  # many times faster than `json`
    except ValueError:  # half of a surrogate pair, in a text from a careless client
        return json.dumps(value, separators=(",", ":"), allow_nan=False)


def row_of(line: bytes | str, *, what: str) -> Any:
    """Read back what `json_of` wrote; raise `FormatError` for what is no JSON.

    >>> row_of('{"score":0.5}', what="a line")
    {'score': 0.5}
    """
    try:
        return from_json(line, allow_inf_nan=False)
    except ValueError:
        return parse_json(line, what=what)


def has_utf8(text: str) -> bool:
    r"""Whether a text can be stored as bytes; half of a surrogate pair cannot.

    >>> has_utf8("ü"), has_utf8("\ud800")
    (True, False)
    """
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _note(notes: dict[int, dict[str, list[str]]], address: str, column: dict[str, Any]) -> None:
    kind, values = column["type"], column["values"]
    if {_NATURAL.get(found) for found in set(map(type, values))} == {kind}:
        return
    for place, value in enumerate(values):
        if _natural(value) != kind:
            notes[place].setdefault(kind, []).append(address)


def _natural(value: Any) -> str:
    """Return the type of the column that a value alone suggests."""
    found = _NATURAL.get(type(value))
    return found or ("float" if "float" in value else "mixed")


class _Shapes:
    """Shapes of rows, remembered by what is quick to see of a row."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self._plans: dict[tuple[str, ...], tuple[list[str], list[str], list[str]]] = {}

    def of(self, row: Row) -> tuple[Any, ...]:
        names = tuple(row)
        plan = self._plans.get(names)
        if plan is None:
            plan = ([name for name in row if name not in _OF_ROW], *_present(row))
            self._plans[names] = plan
        once, parts, columns = plan
        seen: list[Any] = [names, *(repr(row[name]) for name in once), *(type(row[name]) for name in columns)]
        for part in parts:
            seen += (tuple(row[part]), *map(type, row[part].values()))
        if dict in seen:  # a value whose type its content tells
            return _shape(row)
        if "types" in row:
            seen.append(repr(row["types"]))
        if row["kind"] == "labels":
            seen.append(row["time"])
        key = tuple(seen)
        shape = self._known.get(key)
        if shape is None:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            shape = self._known[key] = _shape(row)
        return shape


def _present(row: Row) -> tuple[list[str], list[str]]:
    return [name for name in _PARTS if name in row], [name for name in _COLUMNS if name in row]


def _shape(row: Row) -> tuple[Any, ...]:
    """Return what the rows of one block have in common."""
    parts, present = _present(row)
    names = [(part, *row[part]) for part in parts]
    values = [value for part in parts for value in row[part].values()] + [row[name] for name in present]
    types = [*map(_natural, values)]
    if "types" in row:
        addresses = [f"{part}.{name}" for part, *inner in names for name in inner] + present
        noted = {address: kind for kind, places in row["types"].items() for address in places}
        types = [noted.get(address, kind) for address, kind in zip(addresses, types, strict=True)]
    fields = tuple(name for name in _EACH if name in row)
    once = tuple((name, row[name]) for name in row if name not in _OF_ROW)
    time = row["time"] if row["kind"] == "labels" else None  # labels of one call have one time
    return once, fields, tuple(names), tuple(present), tuple(types), time


_OF_ROW = {*_NOT_PLAIN, "status", "reasons", "types"}


def _assembled(shape: tuple[Any, ...], rows: list[Row]) -> Block:
    once, fields, parts, present, types, _ = shape
    block: Block = {**dict(once), "rows": len(rows)}
    for name in fields:
        values = [row[name] for row in rows]
        block[name] = values[0] if values.count(values[0]) == len(values) else values
    left = iter(types)
    for part, *names in parts:
        columns = zip(*(row[part].values() for row in rows), strict=True)
        block[part] = {name: _column(next(left), column) for name, column in zip(names, columns, strict=True)}
    for name in present:
        block[name] = _column(next(left), (row[name] for row in rows))
    if block["kind"] == "predictions":
        block |= {name: None for name in ("prediction", "score") if name not in present}
        block["marks"] = {
            str(place): [row["status"], row.get("reasons", [])]
            for place, row in enumerate(rows)
            if row["status"] != "ok" or "reasons" in row
        }
    return block


def _column(kind: str, values: Iterable[Any]) -> dict[str, Any]:
    return {"type": kind, "values": list(values)}
