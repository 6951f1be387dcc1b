"""Arrays, their types and their scalars, built from checked sizes."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.errors import FormatError, UntrustedError
from maturekit.registry.safe.session import Draft, Maker, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maturekit.registry.safe.machine import Machine

__all__ = ["ARRAY_MAKERS"]

_CODE = re.compile(r"[biufc](1|2|4|8|16)|O8?|[SUV][0-9]{1,9}|[mM]8")
_UNITS = frozenset("Y M W D h m s ms us ns ps fs as generic".split())
_ALIGNED = 0x80
"""The flag of a structured type whose fields are placed as a C compiler would."""

_LARGE = 2**20
_SHARE = 16
"""An array of at least a mebibyte and a sixteenth of its file may keep the whole file in memory; a lesser one may not."""


def _dtype(arguments: tuple[Any, ...], session: Session) -> Draft:  # noqa: ARG001  # every maker is asked alike
    code = arguments[0]
    if type(code) is not str or not _CODE.fullmatch(code):
        raise UntrustedError(f"the file asks for the unusual array type {code!r:.60}")
    return Draft(lambda state, _: _dtype_of(code, state))


def _dtype_of(code: str, state: Any) -> np.dtype[Any]:
    """Return a type made by its public constructor; the state in the file never reaches the internals of numpy."""
    order, inner, names, fields, size, _, flags = state[1:8]
    if inner is not None:
        raise UntrustedError("the file asks for an array type with arrays inside")
    if names is not None:
        return _record(names, fields, size, aligned=bool(flags & _ALIGNED))
    if code[0] in "mM":
        unit, count, _, _ = state[8][1]
        name = unit.decode()
        if name not in _UNITS or type(count) is not int:
            raise UntrustedError(f"the file asks for time in the unknown unit {name!r:.20}")
        plain = np.dtype(code) if name == "generic" else np.dtype(f"{code}[{count}{name}]")
    else:
        plain = np.dtype(code)
    ordered: np.dtype[Any] = plain.newbyteorder(order) if order in {"<", ">"} else plain
    return ordered


def _record(names: Any, fields: Any, size: Any, *, aligned: bool) -> np.dtype[Any]:
    formats, offsets = [], []
    for name in names:
        kind, offset = fields[name]
        if not isinstance(kind, np.dtype) or kind.kind not in "iufc" or kind.names is not None:
            raise UntrustedError("the file asks for records of something other than numbers")
        formats.append(kind)
        offsets.append(offset)
    spec = {"names": list(names), "formats": formats, "offsets": offsets, "itemsize": size}
    record: np.dtype[Any] = np.dtype(spec, align=aligned)  # type: ignore[call-overload]  # numpy checks it
    return record


def _shape(shape: Any) -> tuple[int, ...]:
    if type(shape) is not tuple or len(shape) > 32 or not all(type(side) is int and side >= 0 for side in shape):
        raise FormatError(f"{shape!r:.60} is no shape of an array")
    return shape


def _order(order: Any) -> Any:
    if order not in {"C", "F"}:
        raise FormatError(f"{order!r:.20} is no order of an array")
    return order


def _numbers(raw: Any, dtype: Any, shape: Any, order: Any, *, whole: int = 0) -> NDArray[Any]:
    """Return a writable array over a copy of bytes that fill it exactly, or over themselves if they may be shared.

    `whole` is how many bytes the file has that they lie in, if they do.
    """
    if not isinstance(dtype, np.dtype) or dtype.hasobject:
        raise UntrustedError("the file makes objects out of bytes")
    shape, order = _shape(shape), _order(order)
    if len(raw) != math.prod(shape) * dtype.itemsize or (dtype.itemsize == 0 and math.prod(shape) > 1):
        raise FormatError(f"an array of shape {shape} and type {dtype} does not fill {len(raw)} bytes")
    if dtype.kind == "b":  # a byte other than 0 and 1 would confuse what counts the true ones
        array: NDArray[Any] = (np.frombuffer(raw, np.uint8) != 0).reshape(shape, order=order)
    elif len(raw) == 0:
        array = np.zeros(shape, dtype, order=order)
    else:
        array = np.frombuffer(raw, dtype).reshape(shape, order=order)
        if not whole or not _may_share(array, whole):
            array = array.copy(order=order)
    return array


def _may_share(array: NDArray[Any], whole: int) -> bool:
    """Whether an array may stay in the memory of its file, rather than be copied out of it."""
    if not array.flags.aligned:
        return False
    if array.dtype.names is not None and "left_child" in array.dtype.names:
        return True  # the nodes of a compiled tree, which copies them
    return array.flags.writeable and array.nbytes >= _LARGE and array.nbytes * _SHARE >= whole


def _objects(items: Any, shape: Any, order: Any) -> NDArray[Any]:
    shape = _shape(shape)
    if type(items) is not list or len(items) != math.prod(shape):
        raise FormatError(f"an array of objects of shape {shape} does not hold the items given")
    return np.fromiter(items, dtype=object, count=len(items)).reshape(shape, order=order)


def _wrapper(arguments: tuple[Any, ...], session: Session) -> Draft:  # noqa: ARG001  # every maker is asked alike
    """Begin an array as joblib stores it: a header in the stream, and the bytes behind it."""
    if arguments:
        raise UntrustedError("the header of an array takes no arguments")
    return Draft(_inline)


def _inline(header: Any, machine: Machine) -> NDArray[Any]:
    dtype, shape, order = header["dtype"], _shape(header["shape"]), _order(header["order"])
    _plain_array(header["subclass"])
    if not isinstance(dtype, np.dtype):
        raise FormatError("the header of an array names no type")
    if dtype.hasobject:
        array = machine.nested()
        if type(array) is not np.ndarray or array.shape != shape or array.dtype != dtype:
            raise FormatError("an array of objects is not what its header says")
        return array
    if header.get("numpy_array_alignment_bytes") is not None:
        machine.take(machine.take(1)[0])
    raw = machine.window(math.prod(shape) * dtype.itemsize)
    return _numbers(raw, dtype, shape, order, whole=len(machine.data))


def _reconstruct(arguments: tuple[Any, ...], session: Session) -> Draft:
    """Begin an array as numpy pickles it."""
    subclass, shape, _ = arguments
    _plain_array(subclass)
    if shape != (0,):
        raise UntrustedError("the file asks for an array before it gives one")

    def finish(state: Any, _: Machine) -> NDArray[Any]:
        _, shape, dtype, fortran, raw = state
        order = "F" if fortran else "C"
        session.charge(len(raw) * (8 if type(raw) is list else 1))
        if isinstance(dtype, np.dtype) and dtype == np.dtype(object):
            return _objects(raw, shape, order)
        return _numbers(_bytes(raw), dtype, shape, order)

    return Draft(finish)


def _from_buffer(arguments: tuple[Any, ...], session: Session) -> NDArray[Any]:
    raw, dtype, shape, order = arguments
    session.charge(len(_bytes(raw)))
    return _numbers(raw, dtype, shape, order)


def _scalar(arguments: tuple[Any, ...], session: Session) -> Any:
    dtype, raw = arguments
    session.charge(len(_bytes(raw)))
    return _numbers(raw, dtype, (), "C")[()]


def _encode(arguments: tuple[Any, ...], session: Session) -> bytes:
    text, encoding = arguments
    if type(text) is not str or encoding != "latin1":
        raise UntrustedError("the file asks for a codec")
    session.charge(len(text))
    return text.encode("latin1")


def _plain_array(subclass: Any) -> None:
    if subclass is not np.ndarray:
        raise UntrustedError("the file asks for an unusual kind of array")


def _bytes(raw: Any) -> Any:
    if type(raw) not in {bytes, bytearray}:
        raise FormatError("an array is not made of bytes")
    return raw


ARRAY_MAKERS = {
    ("_codecs", "encode"): Maker(_encode),
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): Maker(_wrapper),
    ("numpy", "dtype"): Maker(_dtype),
    **{
        (f"numpy.{core}.{module}", name): maker
        for core in ("core", "_core")  # the name before numpy 2.0 and since
        for module, name, maker in (
            ("multiarray", "_reconstruct", Maker(_reconstruct)),
            ("multiarray", "scalar", Maker(_scalar)),
            ("numeric", "_frombuffer", Maker(_from_buffer)),
        )
    },
}
"""What joblib and numpy call to restore arrays, each replaced by a function that checks its arguments."""
