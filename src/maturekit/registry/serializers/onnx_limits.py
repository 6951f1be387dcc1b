"""What an ONNX file may hold, checked before onnxruntime reads it: it names no other file and unpacks to no more."""

from __future__ import annotations

import re
from collections.abc import Iterator

from maturekit.errors import FormatError

__all__ = ["check_graph"]

_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5
"""The ways in which protobuf writes a field: a number of 1 to 10 bytes, 8 bytes, a length and as many bytes, 4 bytes."""

_PARTS = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse tensor", 23: "sparse tensor"},
    "function": {7: "node", 11: "attribute"},
}
"""By message of onnx.proto: the fields that lead to a tensor, and the message each of them holds."""

_NUMBERS = re.compile(rb"(?:\x40[\x80-\xff]{0,9}[\x00-\x7f]|\x3d[\x00-\xff]{4})++")
"""A run of an attribute's integers (field 8) and floats (field 7): a forest has millions, and none leads anywhere."""

_EXTERNAL_DATA, _DATA_LOCATION = 13, 14


def check_graph(data: bytes | bytearray) -> None:
    """Raise `FormatError` if a model is no protobuf, keeps a tensor in another file, or has sparse tensors.

    onnxruntime would look for the other file from the folder the process runs in, and would take a file of a few bytes
    that holds a sparse tensor to as many bytes as its shape says.
    """
    waiting = [("model", 0, len(data))]
    while waiting:
        message, begin, end = waiting.pop()
        if message == "sparse tensor":
            raise FormatError(
                "the ONNX model holds a sparse tensor, which is not read: a few bytes could fill the memory",
                hint="store the tensor densely.",
            )
        parts = _PARTS.get(message, {})
        for field, start, stop in _fields(data, begin, end, skip=_NUMBERS if message == "attribute" else None):
            if message == "tensor" and (field == _EXTERNAL_DATA or (field == _DATA_LOCATION and any(data[start:stop]))):
                raise FormatError(
                    "the ONNX model keeps a tensor in another file, and other files are never read",
                    hint="save the model in one file: onnx.save(model, path, save_as_external_data=False).",
                )
            if field in parts:
                waiting.append((parts[field], start, stop))


def _fields(
    data: bytes | bytearray, begin: int, end: int, *, skip: re.Pattern[bytes] | None
) -> Iterator[tuple[int, int, int]]:
    """Yield the number of every field of a message, and where its content begins and ends."""
    place = begin
    while place < end:
        if skip is not None and (run := skip.match(data, place, end)):
            place = run.end()
            continue
        tag, place = _number(data, place, end)
        field, way = tag >> 3, tag & 7
        if not 0 < tag < 2**32:  # a reader that keeps 32 bits would see another field
            raise _malformed(place)
        if way == _VARINT:
            _, stop = _number(data, place, end)
        elif way == _LENGTH:
            length, place = _number(data, place, end)
            stop = place + length
        elif way in {_EIGHT, _FOUR}:
            stop = place + (8 if way == _EIGHT else 4)
        else:
            raise _malformed(place)
        if stop > end:
            raise _malformed(place)
        yield field, place, stop
        place = stop


def _number(data: bytes | bytearray, place: int, end: int) -> tuple[int, int]:
    """Return the number that begins at a place, seven bits a byte with the lowest first, and where it ends."""
    value = 0
    for index in range(place, min(place + 10, end)):
        value |= (data[index] & 0x7F) << (7 * (index - place))
        if data[index] < 0x80:
            return value, index + 1
    raise _malformed(place)


def _malformed(place: int) -> FormatError:
    return FormatError(f"this is no ONNX model: its protobuf is malformed at byte {place}")
