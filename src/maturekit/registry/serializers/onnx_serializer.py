"""Models as graphs of ONNX, run by onnxruntime."""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Self

from maturekit.errors import ArgumentTypeError, FormatError
from maturekit.registry.serializers.onnx_model import OnnxModel, checked_threads
from maturekit.registry.serializers.serializer import Serializer

__all__ = ["OnnxSerializer"]

_FILE = "model.onnx"


class OnnxSerializer(Serializer):
    """Store a graph of ONNX, given as bytes, as an `OnnxModel` or as an object of the package onnx; load an `OnnxModel`.

    Needs the extra ``onnx``, which brings onnxruntime only. Write the graph with the converter of your library, such as
    ``skl2onnx.to_onnx(model, rows[:1])``. Graphs that keep tensors in other files, or hold sparse tensors, raise
    `FormatError`; such files are never looked for.

    Parameters
    ----------
    threads : int, default 1
        How many threads one call of a loaded model may use.

    Examples
    --------
    >>> serializer = OnnxSerializer()
    >>> model, rows = serializer.sample()
    >>> files = serializer.dump(model.content)
    >>> list(files)
    ['model.onnx']
    >>> serializer.load(files).predict([[1.0, 1.0]]).tolist()
    [6.0]
    """

    name = "onnx"
    executes = (
        "nothing while it is read; predicting runs the operators of the graph in onnxruntime, which opens no files; a "
        "hostile graph may take memory and time without bound, or crash the process by a fault of onnxruntime"
    )

    def __init__(self, *, threads: int = 1) -> None:
        self.threads = checked_threads(threads)

    def _dump(self, model: Any) -> Mapping[str, bytes]:
        if isinstance(model, OnnxModel):
            content = model.content
        elif isinstance(model, bytes):
            content = model
        elif callable(getattr(model, "SerializeToString", None)):
            content = model.SerializeToString()
        else:
            raise ArgumentTypeError(
                f"an ONNX model is bytes or an object with SerializeToString(), got {type(model).__name__}",
                hint="convert it first, for instance with skl2onnx.to_onnx(model, rows[:1]).",
            )
        _opened(content, self.threads)
        return {_FILE: content}

    def _load(self, files: Mapping[str, bytes], trust: frozenset[str]) -> OnnxModel:  # noqa: ARG002  # nothing to trust
        if list(files) != [_FILE]:
            raise FormatError(f"an ONNX model is one file, {_FILE!r}; here are {', '.join(map(repr, files))}")
        return _opened(bytes(files[_FILE]), self.threads)

    def sample(self) -> tuple[OnnxModel, list[list[float]]]:
        """Return a graph of 2 a + 3 b + 1, and rows of a and b."""
        return OnnxModel(_line(), threads=self.threads), [[1.0, 1.0], [0.0, 2.0], [-1.0, 0.5]]

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield one serializer, if onnxruntime is installed."""
        if importlib.util.find_spec("onnxruntime") is not None:
            yield cls()


def _opened(content: bytes, threads: int) -> OnnxModel:
    model = OnnxModel(content, threads=threads)
    if len(model.output_names) == 0:
        raise FormatError("the ONNX model has no output")
    return model


def _line() -> bytes:
    """Write y = x w + b, in protobuf: each field is its number, how it is written, and its content."""
    node = _text(1, "x") + _text(1, "w") + _text(1, "b") + _text(2, "y") + _text(4, "Gemm")
    graph = (
        _text(1, node)
        + _text(2, "line")
        + _text(5, _tensor("w", [2, 1], [2.0, 3.0]))
        + _text(5, _tensor("b", [1], [1.0]))
        + _text(11, _shape("x", width=2))
        + _text(12, _shape("y", width=1))
    )
    version = _text(8, _text(1, "") + _int(2, 13))  # the operators of ONNX, version 13
    return _int(1, 8) + version + _text(7, graph)  # the format of ONNX, version 8


def _int(field: int, number: int) -> bytes:
    return bytes([field << 3, number])  # below 128: one byte


def _text(field: int, content: str | bytes) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    return bytes(
        [field << 3 | 2, *((len(data),) if len(data) < 128 else (len(data) & 127 | 128, len(data) >> 7)), *data]
    )


def _tensor(name: str, shape: list[int], values: list[float]) -> bytes:
    dims = b"".join(_int(1, length) for length in shape)
    return dims + _int(2, 1) + _text(8, name) + _text(9, struct.pack(f"<{len(values)}f", *values))  # 1: float32


def _shape(name: str, *, width: int) -> bytes:
    shape = _text(1, _text(2, "rows")) + _text(1, _int(1, width))
    return _text(1, name) + _text(2, _text(1, _int(1, 1) + _text(2, shape)))
