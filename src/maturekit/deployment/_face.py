"""What makes a wrapper look like a fitted scikit-learn estimator, without importing scikit-learn."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any, Self, final

from maturekit.deployment.source import METHODS
from maturekit.errors import ArgumentError

__all__ = ["Face", "offered"]


class offered:  # noqa: N801  # a decorator, named like one
    """Decorate a method that is there exactly when the wrapped model has one of the same name."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        functools.update_wrapper(self, function)  # type: ignore[arg-type]  # gives the object name and docstring

    def __get__(self, instance: Any, owner: type | None = None) -> Callable[..., Any]:
        """Return the bound method, or raise AttributeError as any missing attribute does."""
        if instance is None:
            return self._function
        getattr(instance._inner(), self._function.__name__)  # noqa: SLF001  # raises AttributeError if the model has none
        return MethodType(self._function, instance)


class Face:
    """The protocol of a fitted scikit-learn estimator, over whatever `_inner` returns.

    Fitted attributes (``classes_``, ``feature_names_in_``, ...) and tags are those of the model inside. `fit` changes
    nothing and `sklearn.base.clone` returns the wrapper itself, as for `sklearn.frozen.FrozenEstimator`. What is
    pickled are the constructor's arguments: threads, queues and loaded models stay behind.
    """

    _inner: Callable[[], Any]
    """The subclass's method that returns the model or wrapper one step inward."""
    _values: Callable[[str, Any], Any]
    """The subclass's method that returns one output of a method for every row of a table, or raises."""

    @offered
    def predict(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return one prediction for every row; `RejectedRowsError` if a row got none."""
        return self._values("predict", X)

    @offered
    def predict_proba(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the probability of each class for every row; `RejectedRowsError` if a row got none."""
        return self._values("predict_proba", X)

    @offered
    def predict_log_proba(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the logarithm of `predict_proba`."""
        return self._values("predict_log_proba", X)

    @offered
    def decision_function(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the decision value of every row; `RejectedRowsError` if a row got none."""
        return self._values("decision_function", X)

    @offered
    def score_samples(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return how usual every row is, as an outlier detector or a density has it."""
        return self._values("score_samples", X)

    @offered
    def transform(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the transformed rows; `RejectedRowsError` if a row was refused."""
        return self._values("transform", X)

    @offered
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:  # noqa: N803  # scikit-learn's names
        """Return the accuracy of a classifier, and R squared of anything else."""
        from sklearn.base import is_classifier  # noqa: PLC0415  # only who scores pays for scikit-learn
        from sklearn.metrics import accuracy_score, r2_score  # noqa: PLC0415  # as above

        measure = accuracy_score if is_classifier(self) else r2_score
        return float(measure(y, self.predict(X), sample_weight=sample_weight))

    @final
    def fit(self, X: Any = None, y: Any = None, sample_weight: Any = None) -> Self:  # noqa: ARG002, N803  # scikit-learn's names
        """Change nothing: the model inside is fitted already."""
        return self

    @final
    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002  # scikit-learn's signature
        """Return the arguments of the constructor; those of the model inside are its own."""
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        lost = [name for name in names if not hasattr(self, name)]
        if lost:
            raise ArgumentError(
                f"{type(self).__name__} does not keep its argument {lost[0]!r}",
                hint=f"write `self.{lost[0]} = {lost[0]}` in the constructor, after `super().__init__(model)`.",
            )
        return {name: getattr(self, name) for name in names}

    @final
    def set_params(self, **params: Any) -> Self:
        """Replace arguments of the constructor, checked as the constructor checks them."""
        known = self.get_params()
        strangers = [name for name in params if name not in known]
        if strangers:
            raise ArgumentError(
                f"{type(self).__name__} has no parameter {strangers[0]!r}; it has {', '.join(map(repr, known))}",
                hint="the model inside is fitted: its parameters cannot change here.",
            )
        before = dict(vars(self))
        try:
            self.__setstate__({**known, **params})
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise
        return self

    def __getattr__(self, name: str) -> Any:
        """Pass fitted attributes through, and the names of what a transformer gives."""
        if (name.endswith("_") and not name.startswith("_")) or name == "get_feature_names_out":
            return getattr(self._inner(), name)
        inner = "" if name not in METHODS else f", since the {type(self._inner()).__name__} inside has none"
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{inner}")

    def __sklearn_tags__(self) -> Any:
        from sklearn.base import BaseEstimator  # noqa: PLC0415  # only scikit-learn itself asks
        from sklearn.utils import get_tags  # noqa: PLC0415  # as above

        inner = self._inner()
        return get_tags(inner if hasattr(inner, "__sklearn_tags__") else BaseEstimator())

    def __sklearn_is_fitted__(self) -> bool:
        from sklearn.exceptions import NotFittedError  # noqa: PLC0415  # only scikit-learn itself asks
        from sklearn.utils.validation import check_is_fitted  # noqa: PLC0415  # as above

        inner = self._inner()
        try:
            if hasattr(inner, "fit"):
                check_is_fitted(inner)
        except NotFittedError:
            return False
        return True

    def __sklearn_clone__(self) -> Self:
        return self

    def __getstate__(self) -> dict[str, Any]:
        return self.get_params()

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).clear()
        self.__init__(**state)  # type: ignore[misc]  # the constructor is the one place that sets up state

    def __repr__(self) -> str:
        """Return the class and its arguments."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({shown})"
