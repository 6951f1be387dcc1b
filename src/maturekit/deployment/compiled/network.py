"""Small neural networks, by the matrix products of numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from maturekit.deployment.compiled.code import Cell, Code, Lookup, Unsure
from maturekit.deployment.compiled.compiler import Compiler, NotCompiled
from maturekit.deployment.compiled.outputs import classified, labels_of
from maturekit.deployment.compiled.samples import fitted

__all__ = ["OfNetwork"]


class OfNetwork(Compiler):
    """Layers of a perceptron."""

    handles = ("sklearn.MLPClassifier", "sklearn.MLPRegressor")

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        is_classifier = hasattr(estimator, "classes_")
        if method == "decision_function" or (estimator.n_outputs_ > 1 and not is_classifier):
            raise NotCompiled(f"{method} of a network, or a network with several outputs")
        if is_classifier and estimator.out_activation_ == "logistic" and estimator.n_outputs_ > 1:
            raise NotCompiled("several labels at once")
        if not is_classifier and estimator.out_activation_ != "identity":
            raise NotCompiled("a network with another last step than a sum")
        raw = code.let(f"{code.constant(_forward(estimator))}({code.row(cells)})")
        if not is_classifier:
            return [Cell(f"{raw}[0]")]
        scores = [f"{raw}[{place}]" for place in range(estimator.n_outputs_)]
        return [Cell(classified(scores, labels_of(estimator), code, method))]

    def sample(self) -> tuple[Any, Any]:
        """Return a small network of three classes."""
        from sklearn.neural_network import MLPClassifier  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(MLPClassifier((4,), tol=10.0, n_iter_no_change=1, random_state=0), target="classes")


def _forward(estimator: Any) -> Callable[[Sequence[float]], list[float]]:
    bend = _bend(estimator.activation)
    layers = list(zip(estimator.coefs_, estimator.intercepts_, strict=True))
    weights_out, start_out = layers.pop()

    def forward(row: Sequence[float]) -> list[float]:
        x = np.array(row, dtype=np.float64)
        if not np.isfinite(x).all():
            raise Unsure
        for weights, start in layers:
            x = bend(x @ weights + start)
        return (x @ weights_out + start_out).tolist()  # type: ignore[no-any-return]  # floats

    return forward


def _bend(name: str) -> Callable[[Any], Any]:
    from scipy.special import expit  # noqa: PLC0415  # loaded by the model already

    bends: dict[str, Callable[[Any], Any]] = {
        "identity": lambda x: x,
        "relu": lambda x: np.maximum(x, 0.0),
        "tanh": np.tanh,
        "logistic": expit,
    }
    return bends[name]
