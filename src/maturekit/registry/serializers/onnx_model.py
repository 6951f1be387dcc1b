"""A graph of ONNX as a model with `predict`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from maturekit._core.extras import require
from maturekit.errors import ArgumentError, ArgumentTypeError, FormatError
from maturekit.registry.serializers.onnx_limits import check_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maturekit.registry.serializers.onnx_inputs import Input

__all__ = ["OnnxModel", "checked_threads", "runtime"]


class OnnxModel:
    """A graph of ONNX that answers as an estimator does, run by onnxruntime on the CPU.

    Needs the extra ``onnx``. The graph is opened at the first use. Other files are never read, no library of operators
    is loaded, and opening the graph runs none of its operators. From release 1.29 on onnxruntime sends telemetry; it is
    switched off by setting ``ORT_DISABLE_TELEMETRY=1`` in this process, unless that is set or onnxruntime is imported.

    A graph with one input takes a two-dimensional array, or all columns of a frame in the order they stand in: a graph
    knows no column names. One with several inputs takes a frame whose columns have the names of the inputs; further
    columns are left out. Any graph takes a mapping of input name to array.

    Values reach the graph in its own types. An input of integers takes only values that arrive unchanged. An input of
    floats takes floats, rounded to the nearest (float32: about 7 digits; a finite value that would become infinite is
    refused), and integers that it holds exactly (float32: up to 2**24, float64: up to 2**53). Missing values are NaN,
    and refused where there is none. Text is never parsed, and numbers are never made into text.

    Safe for several threads, and picklable: a copy holds the bytes and opens them again. A model of one thread answers
    in a forked process too; one of several threads must be loaded after the fork.

    Parameters
    ----------
    content : bytes
        The model, as ``onnx.save`` writes it.
    threads : int, default 1
        How many threads one call may use.

    Examples
    --------
    >>> from maturekit.registry.serializers.onnx_serializer import OnnxSerializer
    >>> model, rows = OnnxSerializer().sample()  # y = 2 a + 3 b + 1
    >>> model.input_names, model.output_names
    (('x',), ('y',))
    >>> model.predict([[1.0, 1.0], [0.0, 2.0]]).tolist()
    [6.0, 7.0]
    >>> hasattr(model, "predict_proba")
    False
    """

    def __init__(self, content: bytes, *, threads: int = 1) -> None:
        if not isinstance(content, bytes):
            raise ArgumentTypeError(f"an ONNX model is bytes, got {type(content).__name__}")
        self.content = content
        self.threads = checked_threads(threads)
        self._lock = threading.Lock()
        self._graph: _Graph | None = None

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of what the graph takes, in its order."""
        return tuple(one.name for one in self._opened().inputs)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of what the graph answers, in its order."""
        return tuple(self._opened().outputs)

    def run(self, X: Any) -> dict[str, Any]:  # noqa: N803  # scikit-learn's name
        """Return every output of the graph by name, as onnxruntime gives it.

        Raises
        ------
        ArgumentError
            A value, a column or the shape does not fit the graph; or the graph failed on it.
        """
        return dict(zip(self.output_names, self._answers(X, list(self.output_names)), strict=True))

    def predict(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the first output: of length n for n rows, also where the graph answers n x 1."""
        (answer,) = self._answers(X, [self.output_names[0]])
        return answer[:, 0] if getattr(answer, "ndim", 0) == 2 and answer.shape[1] == 1 else answer

    @property
    def predict_proba(self) -> Callable[[Any], NDArray[Any]]:
        """Probabilities of the classes, n x classes, in the order of the graph.

        There is such a method if an output has "probabilit" in its name, as converters write it, or is a list of
        mappings of class to probability.
        """
        for name, kind in self._opened().outputs.items():
            if "probabilit" in name.lower() or kind.startswith("seq(map("):
                return lambda X: _table(self._answers(X, [name])[0])  # noqa: N803  # scikit-learn's name
        raise AttributeError(f"the graph has no output of probabilities; it has {', '.join(self.output_names)}")

    def __getstate__(self) -> dict[str, Any]:
        """Keep the bytes; what onnxruntime made of them stays here."""
        return {"content": self.content, "threads": self.threads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the bytes again at the next use."""
        self.__init__(state["content"], threads=state["threads"])  # type: ignore[misc]  # the one way to fill it

    def __repr__(self) -> str:
        return f"OnnxModel({len(self.content):,} bytes, threads={self.threads})"

    def _answers(self, data: Any, names: list[str]) -> list[Any]:
        from maturekit.registry.serializers.onnx_inputs import feeds  # noqa: PLC0415  # the registry is imported without numpy

        graph = self._opened()
        given = feeds(data, graph.inputs)
        try:
            answers: list[Any] = graph.session.run(names, given)
        except Exception as error:
            raise ArgumentError(f"the graph could not answer: {error!s:.300}") from error
        return answers

    def _opened(self) -> _Graph:
        with self._lock:
            if self._graph is None:
                self._graph = _open(self.content, self.threads)
            return self._graph


@dataclass(frozen=True, slots=True)
class _Graph:
    """What onnxruntime made of the bytes, and what it says that goes in and out."""

    session: Any
    inputs: tuple[Input, ...]
    outputs: dict[str, str]
    """Type by name."""


def runtime() -> ModuleType:
    """Import onnxruntime with its telemetry off, unless the caller has decided otherwise.

    From release 1.29 on, importing it begins a thread that sends facts about the machine and its graphs to its maker.
    It looks at this variable once, when it is imported.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return require("onnxruntime", extra="onnx", purpose="running an ONNX model")


def checked_threads(threads: object) -> int:
    """Return a number of threads from 1 to 256."""
    if isinstance(threads, bool) or not isinstance(threads, int):
        raise ArgumentTypeError(f"threads is an int, got {type(threads).__name__}")
    if not 1 <= threads <= 256:
        raise ArgumentError(f"threads must be 1 to 256, got {threads}")
    return threads


def _open(content: bytes, threads: int) -> _Graph:
    from maturekit.registry.serializers.onnx_inputs import Input  # noqa: PLC0415  # the registry is imported without numpy

    package = runtime()
    check_graph(content)
    options = package.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised, and not printed as well
    options.add_session_config_entry("session.load_model_format", "ONNX")  # never its own format, checked less
    try:
        session = package.InferenceSession(
            content,
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["ConstantFolding"],  # it runs operators: a few bytes could fill the memory
            enable_fallback=0,  # trying the same once more would only print
        )
        return _Graph(
            session,
            tuple(
                Input(one.name, one.type, tuple(length if isinstance(length, int) else None for length in one.shape))
                for one in session.get_inputs()
            ),
            {one.name: one.type for one in session.get_outputs()},
        )
    except Exception as error:
        raise FormatError(f"onnxruntime cannot read this ONNX model: {error!s:.300}") from error


def _table(answer: Any) -> NDArray[Any]:
    import numpy as np  # noqa: PLC0415  # the registry is imported without numpy

    if isinstance(answer, list):  # one mapping of class to probability for each row
        classes = list(answer[0]) if answer else []
        return np.array([[row[label] for label in classes] for row in answer], np.float32).reshape(-1, len(classes))
    return np.asarray(answer)
