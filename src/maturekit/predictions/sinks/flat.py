"""Blocks as one flat table of Arrow, and back exactly: what a typed column cannot say stands beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit._core.digest import check_format
from maturekit.errors import FormatError
from maturekit.predictions.blocks import Block, each
from maturekit.predictions.sinks.rows import has_utf8, json_of, row_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Flat"]

_FORMAT = 1
_NOTE = b"maturekit"
_REST = "rest"
_EXACT = 2**53
_EACH = {
    "time": "instant", "request": "text", "row": "int", "version": "word", "digest": "word", "arm": "word",
    "seconds": "float", "method": "word", "column": "word",
}  # fmt: skip
_PARTS = {"key": "key", "inputs": "input"}
_COLUMNS = ("prediction", "score", "label")
_ONCE = ("method", "column")
_BESIDE = {"rows", "format", "marks", *_EACH, *_PARTS, *_COLUMNS} - {*_ONCE}
_MOMENTS = ("instant", "datetime")
_UNITS = {19: "s", 23: "ms", 26: "us", 29: "ns"}
"""How many characters a moment of each precision has."""


class Flat:
    """How blocks become a table with one column for each field, key and input, and become blocks again.

    Columns are ``time``, ``request``, ``row``, ``version``, ``digest``, ``arm``, ``seconds``, ``status``, ``reasons``
    (JSON list), ``method``, ``key.<name>``, ``input.<name>``, ``prediction`` and ``score``; of labels, ``time``,
    ``column``, ``key.<name>`` and ``label``. A column whose values have several types is text in JSON. The metadata say
    which rows make up a block and of which type each of its columns is; a single value that its column cannot hold is
    spelled out in ``rest``.

    Parameters
    ----------
    arrow : module
        pyarrow.
    """

    def __init__(self, arrow: ModuleType) -> None:
        self._arrow = arrow
        word = arrow.dictionary(arrow.int32(), arrow.string())
        self._types = {"bool": arrow.bool_(), "int": arrow.int64(), "float": arrow.float64(), "word": word}

    def table(self, blocks: Sequence[Block]) -> Any:
        """Return one table of blocks of one kind."""
        rows = sum(block["rows"] for block in blocks)
        columns: dict[str, Any] = {}
        rest: dict[int, dict[str, Any]] = {}
        placed: dict[str, list[Any]] = {}

        def add(address: tuple[str, ...], values: list[Any], coding: str, types: list[str] | None = None) -> None:
            name = _free(".".join((_PARTS.get(address[0], address[0]), *address[1:])), columns)
            columns[name], odd, coding = self._column(values, coding)
            placed[name] = [list(address), coding]
            for place, value in odd:
                if types is None or types[place] != "int" or abs(value) > _EXACT:  # else its type says 1, and not 1.0
                    rest.setdefault(place, {})[name] = value

        for name, coding in _EACH.items():
            if any(name in block for block in blocks):
                add((name,), list(chain.from_iterable(_each(block, name) for block in blocks)), coding)
        if any("marks" in block for block in blocks):
            marks = [block.get("marks", {}).get(str(place)) for block in blocks for place in range(block["rows"])]
            add(("status",), ["ok" if mark is None else mark[0] for mark in marks], "word")
            add(("reasons",), [list(mark[1]) if mark and mark[1] else None for mark in marks], "json")
        for address in dict.fromkeys(address for block in blocks for address in _addresses(block)):
            held = [_held(block, address) for block in blocks]
            values = [
                column["values"] if column else [None] * block["rows"]
                for column, block in zip(held, blocks, strict=True)
            ]
            types = [column["type"] if column else "null" for column in held]
            of_rows = [kind for kind, block in zip(types, blocks, strict=True) for _ in range(block["rows"])]
            add(address, list(chain.from_iterable(values)), _coding(set(types)), of_rows)
        if rest:
            texts = [json_of(rest[place]) if place in rest else None for place in range(rows)]
            columns[_free(_REST, columns)] = self._arrow.array(texts, self._arrow.string())
        note = {"format": _FORMAT, "columns": placed, "blocks": [_frame_of(block) for block in blocks]}
        return self._arrow.table(columns, metadata={_NOTE: json_of(note)})

    def blocks(self, table: Any, *, what: str) -> Iterator[Block]:
        """Yield the blocks of a table; `what` names it in errors."""
        try:
            note = row_of((table.schema.metadata or {}).get(_NOTE, b"none"), what=what)
            check_format(note, what=what, newest=_FORMAT)
            columns = {
                tuple(address): _decoded(table[name], coding) for name, (address, coding) in note["columns"].items()
            }
            names = {name: tuple(address) for name, (address, _) in note["columns"].items()}
            rest = next((name for name in reversed(table.column_names) if name not in names), None)
            for place, text in enumerate(table[rest].to_pylist() if rest is not None else ()):
                for name, value in row_of(text, what=what).items() if text is not None else ():
                    columns[names[name]][place] = value
            start = 0
            for frame in note["blocks"]:
                yield _assembled(frame, columns, start)
                start += frame["rows"]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(f"{what} is malformed: {error!r}") from error

    def _column(self, values: list[Any], coding: str) -> tuple[Any, list[tuple[int, Any]], str]:
        """Return a column of Arrow, the values that it does not give back, and how it is to be read."""
        arrow, odd, kind = self._arrow, list[tuple[int, Any]](), self._types.get(coding, self._arrow.string())
        if coding == "json":
            values = [None if value is None else json_of(value) for value in values]
        elif coding in _MOMENTS:
            moments, odd = _moments(values, coding)
            unit = np.datetime_data(moments.dtype)[0]
            column = arrow.array(moments, arrow.timestamp(unit, "UTC" if coding == "instant" else None))
            return column, odd, f"{coding} {unit}"  # parquet has no seconds, and gives them back as milliseconds
        elif coding == "float":
            odd = [(place, value) for place, value in enumerate(values) if type(value) is int]  # a float says 1.0
            values = [_float(value) for value in values]
        elif coding in ("text", "word"):
            odd = [(place, value) for place, value in enumerate(values) if value is not None and not has_utf8(value)]
            for place, value in odd:
                values[place] = value.encode(errors="replace").decode()
        return arrow.array(values, kind), odd, coding


def _each(block: Block, name: str) -> list[Any]:
    return each(block, name) if name in block else [None] * int(block["rows"])


def _addresses(block: Block) -> Iterator[tuple[str, ...]]:
    for part in _PARTS:
        yield from ((part, name) for name in block.get(part, ()))
    yield from ((name,) for name in _COLUMNS if block.get(name) is not None)


def _held(block: Block, address: tuple[str, ...]) -> Any:
    part, *name = address
    return block.get(part, {}).get(name[0]) if name else block.get(part)


def _coding(types: set[str]) -> str:
    types = types - {"null"}
    if types and types <= {"int", "float"}:
        return "float" if "float" in types else "int"
    return next(iter(types)) if len(types) == 1 and types <= {"bool", "text", *_MOMENTS} else "json"


def _free(name: str, taken: dict[str, Any]) -> str:
    name = name.encode(errors="backslashreplace").decode()
    while name in taken:
        name += "_"
    return name


def _frame_of(block: Block) -> dict[str, Any]:
    """Return what a block has besides values: names, types, and what all rows share."""
    return {
        "rows": block["rows"],
        "once": {name: value for name, value in block.items() if name not in _BESIDE},
        "each": [name for name in _EACH if name in block and name not in _ONCE],
        "marks": "marks" in block,
        **{part: {name: held["type"] for name, held in block[part].items()} for part in _PARTS if part in block},
        **{name: block[name] and block[name]["type"] for name in _COLUMNS if name in block},
    }


def _assembled(frame: dict[str, Any], columns: dict[tuple[str, ...], list[Any]], start: int) -> Block:
    end = start + frame["rows"]

    def column(kind: str, *address: str) -> dict[str, Any]:
        values = columns[address][start:end]
        if kind == "int":  # it may stand in a column of floats
            values = [value if value is None else int(value) for value in values]
        return {"type": kind, "values": values}

    block: Block = {**frame["once"], "rows": frame["rows"]}
    for name in frame["each"]:
        values = columns[(name,)][start:end]
        block[name] = values[0] if values.count(values[0]) == len(values) else values
    for part in _PARTS:
        if part in frame:
            block[part] = {name: column(kind, part, name) for name, kind in frame[part].items()}
    for name in _COLUMNS:
        if name in frame:
            block[name] = None if frame[name] is None else column(frame[name], name)
    if frame["marks"]:
        statuses, reasons = columns[("status",)], columns[("reasons",)]
        block["marks"] = {
            str(place - start): [statuses[place], reasons[place] or []]
            for place in range(start, end)
            if statuses[place] != "ok" or reasons[place]
        }
    return block


def _float(value: Any) -> float | None:
    return value if value is None else float(value["float"] if type(value) is dict else value)


def _moments(texts: list[Any], coding: str) -> tuple[NDArray[np.datetime64], list[tuple[int, Any]]]:
    ending = "Z" if coding == "instant" else ""
    bare = ["NaT" if text is None else text.removesuffix("Z") for text in texts]
    unit = _UNITS.get(max(map(len, bare), default=0), "us")
    try:
        moments = np.array(bare, dtype=f"datetime64[{unit}]")
    except ValueError:  # a date among them that numpy does not read
        moments = np.array([_moment(text, unit) for text in bare], dtype=f"datetime64[{unit}]")
    shown = np.datetime_as_string(moments).tolist()
    odd = [(place, text) for place, text in enumerate(texts) if text is not None and text != f"{shown[place]}{ending}"]
    return moments, odd


def _moment(text: str, unit: str) -> NDArray[np.datetime64]:
    try:
        return np.array(text, dtype=f"datetime64[{unit}]")
    except ValueError:
        return np.array("NaT", dtype=f"datetime64[{unit}]")


def _decoded(column: Any, coding: str) -> list[Any]:
    coding, _, unit = coding.partition(" ")
    if coding in _MOMENTS:
        ending = "Z" if coding == "instant" else ""
        texts = np.datetime_as_string(column.to_numpy().astype(f"datetime64[{unit}]")).tolist()
        return [None if text == "NaT" else text + ending for text in texts]
    values: list[Any] = column.to_pylist()
    if coding == "json":
        return [None if text is None else row_of(text, what="a value") for text in values]
    if coding == "float":
        return [{"float": str(value)} if value is not None and math.isinf(value) else value for value in values]
    return values
