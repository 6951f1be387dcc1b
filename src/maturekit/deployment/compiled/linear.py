"""Linear models: one weighted sum, in which all cells of one table are one lookup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from maturekit.deployment.compiled.code import Cell, Code, Lookup
from maturekit.deployment.compiled.compiler import Compiler, NotCompiled
from maturekit.deployment.compiled.outputs import classified, labels_of
from maturekit.deployment.compiled.samples import fitted

__all__ = ["OfGeneralizedLinear", "OfLinearClassifier", "OfLinearRegressor", "weighted"]

_ONE_AGAINST_REST = "one class against the rest"


class OfLinearRegressor(Compiler):
    """The sum itself."""

    handles = tuple(
        f"sklearn.{name}"
        for name in (
            "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "LassoLars", "LassoLarsCV", "LassoLarsIC", "Lars",
            "LarsCV", "ElasticNet", "ElasticNetCV", "BayesianRidge", "ARDRegression", "HuberRegressor", "TheilSenRegressor",
            "QuantileRegressor", "SGDRegressor", "OrthogonalMatchingPursuit", "LinearSVR", "PassiveAggressiveRegressor",
        )
    )  # fmt: skip

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        return [Cell(_predicted(estimator, cells, code, method))]

    def sample(self) -> tuple[Any, Any]:
        """Return least squares."""
        from sklearn.linear_model import LinearRegression  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(LinearRegression(), target="number")


class OfGeneralizedLinear(Compiler):
    """The exponential of the sum, or the sum."""

    handles = ("sklearn.PoissonRegressor", "sklearn.GammaRegressor", "sklearn.TweedieRegressor")

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        score = _predicted(estimator, cells, code, method)
        link = type(estimator._base_loss.link).__name__  # noqa: SLF001  # what it means is proven on examples
        if link not in {"LogLink", "IdentityLink"}:
            raise NotCompiled(f"{type(estimator).__name__} with {link}")
        return [Cell(f"{code.constant(math.exp)}({score})" if link == "LogLink" else score)]

    def sample(self) -> tuple[Any, Any]:
        """Return Poisson regression."""
        from sklearn.linear_model import PoissonRegressor  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(PoissonRegressor(tol=0.1), target="count")


class OfLinearClassifier(Compiler):
    """A sum for each class, or one for two classes."""

    handles = tuple(
        f"sklearn.{name}"
        for name in (
            "LogisticRegression", "LogisticRegressionCV", "RidgeClassifier", "RidgeClassifierCV", "LinearSVC",
            "SGDClassifier", "Perceptron", "PassiveAggressiveClassifier", "LinearDiscriminantAnalysis",
        )
    )  # fmt: skip

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        labels = labels_of(estimator)
        if labels and isinstance(labels[0], list):
            raise NotCompiled("several labels at once")
        name, coef = type(estimator).__name__, np.atleast_2d(estimator.coef_)
        if method in {"predict_proba", "predict_log_proba"} and len(labels) > 2 and not _is_multinomial(estimator):
            raise NotCompiled(f"{method} of {name}, {_ONE_AGAINST_REST}")
        if method in {"predict_proba", "predict_log_proba"} and getattr(estimator, "loss", "log_loss") != "log_loss":
            raise NotCompiled(f"{method} of {name} with the loss {estimator.loss!r}")
        starts = np.broadcast_to(np.ravel(estimator.intercept_), len(coef)).tolist()
        raw = [weighted(cells, weights, start, code) for weights, start in zip(coef, starts, strict=True)]
        return [Cell(classified(raw, labels, code, method))]

    def sample(self) -> tuple[Any, Any]:
        """Return logistic regression of three classes."""
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(LogisticRegression(tol=0.1), target="classes")


def weighted(cells: Sequence[Cell | Lookup], weights: Any, start: float, code: Code) -> str:
    """Return a name of `start` plus the weighted sum of cells; a sum that is not finite is left to the ordinary path."""
    terms: list[str] = []
    tables: dict[tuple[str, int], list[tuple[Lookup, float]]] = {}
    for cell, weight in zip(cells, np.asarray(weights, dtype=np.float64).tolist(), strict=True):
        if not math.isfinite(weight):
            raise NotCompiled("a weight that is not finite")
        if isinstance(cell, Lookup):
            tables.setdefault((cell.key, id(cell.table)), []).append((cell, weight))
        else:
            terms.append(f"{code.constant(weight)} * {code.number(cell)}")
    terms += [code.folded([cell for cell, _ in pairs], [weight for _, weight in pairs]) for pairs in tables.values()]
    total = code.sum([code.constant(float(start)), *terms])
    return code.finite(Cell(total))


def _predicted(estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> str:
    coef = np.asarray(estimator.coef_, dtype=np.float64)
    if method != "predict" or coef.ndim != 1:
        raise NotCompiled(f"{type(estimator).__name__} with several outputs, or asked to {method}")
    return weighted(cells, coef, float(np.ravel(estimator.intercept_)[0]), code)


def _is_multinomial(estimator: Any) -> bool:
    name = type(estimator).__name__
    one_by_one = getattr(estimator, "multi_class", "auto") == "ovr" or getattr(estimator, "solver", "") == "liblinear"
    return name == "LinearDiscriminantAnalysis" or (name.startswith("Logistic") and not one_by_one)
