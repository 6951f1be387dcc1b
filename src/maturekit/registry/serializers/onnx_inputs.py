"""Turn a frame or an array into what a graph of ONNX takes, and change no value in silence."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.errors import ArgumentError, ArgumentTypeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Input", "feeds"]

_TYPES = {"float": "float32", "double": "float64"} | {
    name: name for name in "float16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool string".split()
}


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a graph: its name, its type as onnxruntime spells it, and its shape; None is any length."""

    name: str
    kind: str
    shape: tuple[int | None, ...]


def feeds(data: Any, inputs: Sequence[Input]) -> dict[str, NDArray[Any]]:
    """Return the array of every input.

    >>> feeds([[1, 2]], [Input("x", "tensor(float)", (None, 2))])["x"]
    array([[1., 2.]], dtype=float32)
    >>> feeds([[16777217]], [Input("x", "tensor(float)", (None, 1))])
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: input 'x' is float32, which cannot hold the integer 16777217 exactly
    <BLANKLINE>
    Hint: integers beyond 16777216 may turn into their neighbours; scale them, or export a graph that takes them.
    """
    if isinstance(data, Mapping):
        return _from_mapping(data, inputs)
    if hasattr(data, "columns"):
        return _from_frame(data, inputs)
    if len(inputs) != 1:
        raise ArgumentTypeError(
            f"the graph takes {len(inputs)} inputs, got one {type(data).__name__}",
            hint=f"give a frame with the columns {_quoted(inputs)}.",
        )
    (one,) = inputs
    return {one.name: _shaped(_cast(np.asarray(data), one, ""), one)}


def _from_mapping(data: Mapping[Any, Any], inputs: Sequence[Input]) -> dict[str, NDArray[Any]]:
    if set(data) != {one.name for one in inputs}:
        raise ArgumentError(f"the graph takes {_quoted(inputs)}, got {', '.join(map(repr, data)) or 'nothing'}")
    return {one.name: _shaped(_cast(np.asarray(data[one.name]), one, ""), one) for one in inputs}


def _from_frame(frame: Any, inputs: Sequence[Input]) -> dict[str, NDArray[Any]]:
    names = list(frame.columns)
    if len(set(names)) < len(names):
        raise ArgumentError("the frame has column names that repeat")
    if len(inputs) == 1 and not (len(names) > 1 and inputs[0].name in names and inputs[0].shape[1:] in {(), (1,)}):
        (one,) = inputs
        columns = [_cast(frame[name].to_numpy(), one, f" (column {name!r:.60})") for name in names]
        table = np.column_stack(columns) if columns else np.empty((len(frame), 0), _TYPES[_element(one)])
        return {one.name: _shaped(table, one)}
    missing = [one.name for one in inputs if one.name not in names]
    if missing:
        raise ArgumentError(
            f"the frame has no column {', '.join(map(repr, missing))}", hint=f"the graph takes {_quoted(inputs)}."
        )
    arrays = {}
    for one in inputs:
        column = _cast(frame[one.name].to_numpy(), one, "")
        arrays[one.name] = _shaped(column if len(one.shape) == 1 else column[:, None], one)
    return arrays


def _element(one: Input) -> str:
    name = one.kind.removeprefix("tensor(").removesuffix(")")
    if name not in _TYPES or not one.kind.startswith("tensor("):
        raise ArgumentError(f"input {one.name!r} is a {one.kind}, which maturekit cannot make from a table")
    return name


def _cast(values: NDArray[Any], one: Input, place: str) -> NDArray[Any]:
    """Return the values in the type of an input, or say which of them it cannot hold."""
    target = _TYPES[_element(one)]
    where = f"input {one.name!r}{place} is {target}"
    if target == "string":
        texts = values.astype(object)
        other = next((text for text in texts.flat if not isinstance(text, str)), None)
        if other is not None or any(text is None for text in texts.flat):
            raise ArgumentError(
                f"{where}, got {other!r:.60}", hint="numbers and missing values are not made into text."
            )
        return texts
    if values.dtype == object:
        values = _numbers(values, where)
    if values.dtype.kind == "b":
        return values.astype(target)
    if target == "bool" or values.dtype.kind not in "iuf":
        raise ArgumentError(
            f"{where}, got values of the type {values.dtype}", hint="convert them first; nothing is parsed."
        )
    kind = np.dtype(target)
    return _to_float(values, kind, where) if kind.kind == "f" else _to_integer(values, kind, where)


def _to_float(values: NDArray[Any], kind: np.dtype[Any], where: str) -> NDArray[Any]:
    if values.dtype.kind in "iu":
        bound = 2 ** (np.finfo(kind).nmant + 1)
        wrong = values[(values > bound) | (values < -bound)]
        if wrong.size:
            raise ArgumentError(
                f"{where}, which cannot hold the integer {wrong.flat[0]} exactly",
                hint=f"integers beyond {bound} may turn into their neighbours; scale them, or export a graph that takes "
                "them.",
            )
    with np.errstate(over="ignore"):
        rounded = values.astype(kind)
    wrong = values[np.isinf(rounded) & np.isfinite(values)]
    if wrong.size:
        raise ArgumentError(f"{where}, which cannot hold {wrong.flat[0]}: it would become infinite")
    return rounded


def _to_integer(values: NDArray[Any], kind: np.dtype[Any], where: str) -> NDArray[Any]:
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    if values.dtype.kind == "f":
        wrong = values[~(np.isfinite(values) & (np.abs(values) <= 2**53))]
        wrong = wrong if wrong.size else values[values != np.floor(values)]
        if wrong.size:
            raise ArgumentError(f"{where}, got {wrong.flat[0]}", hint="nothing is rounded; convert the values first.")
        values = values.astype(np.int64)
    if values.size and not low <= int(values.min()) <= int(values.max()) <= high:
        raise ArgumentError(f"{where}, which holds {low} to {high}, got {values.min()} to {values.max()}")
    return values.astype(kind)


def _numbers(values: NDArray[Any], where: str) -> NDArray[Any]:
    """Return an array of objects as numbers, with NaN where one is missing."""
    items = [math.nan if item is None or type(item).__name__ == "NAType" else item for item in values.flat]
    strange = next((item for item in items if not isinstance(item, numbers.Real | np.bool_)), None)
    if strange is not None:
        raise ArgumentError(f"{where}, got {strange!r:.60}", hint="convert the values first; nothing is parsed.")
    whole = all(isinstance(item, numbers.Integral | np.bool_) for item in items)
    large = next((item for item in items if isinstance(item, numbers.Integral) and abs(int(item)) > 2**53), None)
    if large is not None and not (whole and abs(int(large)) < 2**63):
        raise ArgumentError(f"{where}, got {large!r:.60} among objects", hint="give a column of one integer type.")
    if items and all(isinstance(item, bool | np.bool_) for item in items):
        return np.array(items, dtype=bool).reshape(values.shape)
    return np.array(items, dtype=np.int64 if whole else np.float64).reshape(values.shape)


def _shaped(array: NDArray[Any], one: Input) -> NDArray[Any]:
    fits = len(array.shape) == len(one.shape) and all(
        want in {None, have} for want, have in zip(one.shape, array.shape, strict=True)
    )
    if not fits:
        want = " x ".join("any" if length is None else str(length) for length in one.shape)
        raise ArgumentError(f"input {one.name!r} has the shape {want or 'of one value'}, got {array.shape}")
    return np.ascontiguousarray(array)


def _quoted(inputs: Sequence[Input]) -> str:
    return ", ".join(repr(one.name) for one in inputs)
