"""Arrays as short JSON: exact, the same on every machine, and never larger when read than the reader expects."""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.errors import FormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64] | NDArray[np.float64]

__all__ = ["pack", "unpack"]

_UNITS = (1, 100, 10_000)
_WHOLE = ("<i1", "<i2", "<i4", "<i8")
_TYPES = {*_WHOLE, "<f4", "<f8"}
_EXACT = 2.0**53


def pack(numbers: Numbers, base: Numbers | None = None) -> dict[str, Any]:
    """Return an array of int64 or float64 as JSON-ready data.

    The numbers are multiplied by `unit` if all of them are then whole, stored in the smallest little-endian type that
    holds them exactly, their first bytes first, then all second bytes, and so on (like bytes compress well), compressed
    by zlib and written in base64. With `base`, an array of the same shape that the reader has too, differences are stored.

    Examples
    --------
    >>> packed = pack(np.array([0.25, 0.5]))
    >>> packed["type"], packed["unit"], packed["shape"]
    ('<i1', 100, [2])
    >>> unpack(packed, shape=(2,), dtype=np.float64).tolist()
    [0.25, 0.5]
    """
    unit, stored = _reduced(numbers, None if base is None or base.shape != numbers.shape else base)
    planes = np.frombuffer(stored.tobytes(), dtype=np.uint8).reshape(-1, stored.itemsize).T
    data = base64.b64encode(zlib.compress(planes.tobytes(), 6)).decode()
    return {"type": stored.dtype.str.replace("|", "<"), "unit": unit, "shape": list(numbers.shape), "data": data}


def unpack(
    data: Mapping[str, Any],
    *,
    shape: tuple[int, ...],
    dtype: type[np.int64 | np.float64],
    base: Numbers | None = None,
) -> Any:
    """Return the array that `pack` was given; raise `FormatError` unless it is whole, finite and of this shape."""
    kind, unit = data["type"], data["unit"]
    if kind not in _TYPES or type(unit) is not int or unit not in _UNITS or tuple(data["shape"]) != shape:
        raise FormatError(f"an array of {kind} in 1/{unit} with shape {data['shape']} does not fit the shape {shape}")
    size = np.dtype(kind).itemsize * math.prod(shape)
    reader = zlib.decompressobj()
    try:
        planes = reader.decompress(base64.b64decode(data["data"], validate=True), size + 1)
    except (ValueError, zlib.error) as error:
        raise FormatError(f"a stored array is damaged: {error}") from error
    if len(planes) != size or not reader.eof or reader.unused_data:
        raise FormatError("a stored array is damaged: it has not as many numbers as it should have")
    flat = np.frombuffer(planes, dtype=np.uint8).reshape(np.dtype(kind).itemsize, -1).T.tobytes()
    stored = np.frombuffer(flat, dtype=kind).reshape(shape)
    if kind not in _WHOLE:
        if dtype is np.int64 or unit != 1 or not np.isfinite(stored).all():
            raise FormatError("a stored array is damaged: it holds what is no number, or no whole one")
        return stored.astype(np.float64)
    whole = stored.astype(np.int64)
    if base is not None and base.shape == shape:
        whole += np.rint(base * unit).astype(np.int64)
    if dtype is np.float64:
        return whole / unit
    if unit != 1:
        raise FormatError("a stored array is damaged: it should hold whole numbers")
    return whole


def _reduced(numbers: Numbers, base: Numbers | None) -> tuple[int, NDArray[Any]]:
    """Return the numbers in the smallest type that holds them exactly, and what they were multiplied by."""
    for unit in _UNITS:
        whole, start = _whole(numbers, unit), 0 if base is None else _whole(base, unit)
        if whole is not None and start is not None:
            rest = whole - start
            low, high = (int(rest.min()), int(rest.max())) if rest.size else (0, 0)
            return unit, rest.astype(next(kind for kind in _WHOLE if _holds(kind, low, high)))
    with np.errstate(over="ignore"):
        short = numbers.astype("<f4")
    return 1, short if (short == numbers).all() else numbers.astype("<f8")


def _whole(numbers: Numbers, unit: int) -> NDArray[np.int64] | None:
    if numbers.dtype == np.int64:
        return numbers.astype(np.int64) if unit == 1 else None
    with np.errstate(over="ignore"):
        scaled = np.rint(numbers * unit)
    exact = bool((np.abs(scaled) < _EXACT).all()) and bool((scaled / unit == numbers).all())
    return scaled.astype(np.int64) if exact else None


def _holds(kind: str, low: int, high: int) -> bool:
    bounds = np.iinfo(kind)
    return bool(bounds.min <= low and high <= bounds.max)
