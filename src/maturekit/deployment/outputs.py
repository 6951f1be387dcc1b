"""What every output of a model must be: as many as rows, finite, within bounds, labels that are known, probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from maturekit.deployment.call import rows_of
from maturekit.deployment.values import is_by_output
from maturekit.errors import ArgumentError, ArgumentTypeError

__all__ = ["OutputCheck", "Outputs"]

_ROUNDING: Final = 1e-4
"""How far probabilities and their sum may be from where they belong, as single precision needs."""

_FEW: Final = 8

Faults = dict[int, tuple[str, ...]]
"""For each row whose output is unusable why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """The contract of what a model says.

    An output for each row is always asked for, and that probabilities lie between 0 and 1 and sum to 1, one for each
    class (of `predict_log_proba`: their exponentials). The outputs of `transform` are features, and only counted.

    Parameters
    ----------
    ge, gt, le, lt : float, optional
        Bounds of what `predict` returns, inclusive and exclusive.
    finite : bool, default True
        Whether numbers must be finite, and other outputs not missing.
    classes : iterable, optional
        The labels that `predict` may return; those that the model knows by default, if it knows any.

    Examples
    --------
    >>> Outputs(ge=0.0, le=500.0)
    Outputs(ge=0.0, le=500.0)
    >>> check = Outputs(ge=0.0).of(None)
    >>> check.faults(np.array([0.5, np.nan, -1.0]), rows=3, method="predict")
    {1: ('output:finite',), 2: ('output:ge',)}
    """

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    finite: bool = True
    classes: Iterable[Any] | None = None

    def __post_init__(self) -> None:
        """Check the bounds and freeze the labels."""
        for name in _BOUNDS:
            bound = getattr(self, name)
            if bound is not None and (isinstance(bound, bool) or not isinstance(bound, (int, float))):
                raise ArgumentTypeError(f"{name} must be a number, got {type(bound).__name__}")
            if bound is not None and not math.isfinite(bound):
                raise ArgumentError(f"{name} must be finite, got {bound!r}", hint="leave it out: None is no bound.")
        low, high = (max((b for b in pair if b is not None), default=None) for pair in self._ends())
        if low is not None and high is not None and low > -high:
            raise ArgumentError(f"no output can be between {low!r} and {-high!r}")
        if not isinstance(self.finite, bool):
            raise ArgumentTypeError(f"finite must be a bool, got {type(self.finite).__name__}")
        if self.classes is not None:
            if isinstance(self.classes, str) or not isinstance(self.classes, Iterable):
                raise ArgumentTypeError(f"classes must be several labels, got {type(self.classes).__name__}")
            labels = np.asarray(self.classes, dtype=object).tolist() if hasattr(self.classes, "dtype") else self.classes
            object.__setattr__(self, "classes", tuple(labels))
            if not self.classes:
                raise ArgumentError("classes is empty, so no output would be valid")

    def _ends(self) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
        return (self.ge, self.gt), tuple(None if bound is None else -bound for bound in (self.le, self.lt))

    def of(self, model: Any) -> OutputCheck:
        """Return the check of what one model says."""
        return OutputCheck(self, getattr(model, "classes_", None))

    def __repr__(self) -> str:
        """Return the contract as it can be written."""
        said = {name: getattr(self, name) for name in (*_BOUNDS, "classes") if getattr(self, name) is not None}
        said |= {} if self.finite else {"finite": False}
        return f"Outputs({', '.join(f'{name}={value!r}' for name, value in said.items())})"


_BOUNDS: Final = ("ge", "gt", "le", "lt")
_LOGARITHMS: Final = ("predict_log_proba", "score_samples")
_BREAKS: Final[dict[str, Any]] = {"ge": np.less, "gt": np.less_equal, "le": np.greater, "lt": np.greater_equal}


class OutputCheck:
    """Judge the outputs of one model.

    Parameters
    ----------
    outputs : Outputs
        The contract.
    classes : array or list of arrays, optional
        The labels that the model knows, of each of its outputs if it has several.

    Examples
    --------
    >>> check = OutputCheck(Outputs(), np.array(["no", "yes"]))
    >>> check.faults(np.array([[0.5, 0.5], [0.9, 0.3]]), rows=2, method="predict_proba")
    {1: ('output:sum',)}
    >>> check.faults(np.array(["yes"]), rows=2, method="predict")
    {0: ('output:length',), 1: ('output:length',)}
    >>> check.is_sound("yes", "predict"), check.is_sound("maybe", "predict")
    (True, False)
    """

    __slots__ = ("_bounds", "_finite", "_labels", "_several", "_sizes")

    def __init__(self, outputs: Outputs, classes: Any = None) -> None:
        self._several = is_by_output(classes)
        each = classes if self._several else [classes]
        self._sizes = [None if known is None else len(known) for known in each]
        said = each if outputs.classes is None else [outputs.classes] * len(each)
        self._labels = [None if known is None else frozenset(_plain(known)) for known in said]
        self._bounds = [(name, getattr(outputs, name)) for name in _BOUNDS if getattr(outputs, name) is not None]
        self._finite = outputs.finite

    def is_sound(self, value: Any, method: str) -> bool:
        """Return whether the output for one record, as plain Python, is certainly sound; else `faults` decides."""
        kind = type(value)
        if method == "predict" and not (self._bounds or self._several):
            labels = self._labels[0]
            if labels is None:
                return kind is int or kind is str or kind is bool or (kind is float and math.isfinite(value))
            return (kind is str or kind is int or kind is float or kind is bool) and value in labels
        if method == "decision_function":
            return kind is float and math.isfinite(value)
        if method == "predict_proba" and kind is list and not self._several and value and type(value[0]) is float:
            size = self._sizes[0]
            return (size is None or len(value) == size) and min(value) >= 0.0 and abs(sum(value) - 1.0) <= _ROUNDING
        return False

    def faults(self, values: Any, *, rows: int, method: str) -> Faults:
        """Return for each row whose output is unusable why; one of wrong shape makes all of them unusable."""
        if is_by_output(values):
            found: Faults = {}
            for number, part in enumerate(values):
                for row, why in self._faults(part, rows, method, number if self._several else 0).items():
                    found[row] = tuple(dict.fromkeys((*found.get(row, ()), *why)))
            return found
        return self._faults(values, rows, method, 0)

    def _faults(self, values: Any, rows: int, method: str, output: int) -> Faults:
        if rows_of(values) != rows:
            return dict.fromkeys(range(rows), ("output:length",))
        if method == "transform" or hasattr(values, "toarray"):
            return {}
        array = np.asarray(values)
        if method == "predict" and self._are_labels(array):
            return {}
        bad: dict[str, Any] = {}
        if self._finite:
            bad |= _missing(array, rows, method)
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite has been named
            if method in {"predict_proba", "predict_log_proba"}:
                size = self._sizes[output] if output < len(self._sizes) else None
                if array.ndim != 2 or array.dtype.kind != "f" or (size is not None and array.shape[1] != size):
                    return dict.fromkeys(range(rows), ("output:shape",))
                bad |= _improbable(array if method == "predict_proba" else np.exp(array))
            elif method == "predict":
                bad |= self._unbounded(array, rows)
                bad |= self._unknown(array, rows)
        found: Faults = {}
        for rule, broken in bad.items():
            for row in np.flatnonzero(broken).tolist():
                found[row] = (*found.get(row, ()), rule)
        return found

    def _are_labels(self, array: Any) -> bool:
        """Return whether these are known labels and nothing more can be wrong with them."""
        known = None if self._several or self._bounds else self._labels[0]
        if known is None or array.ndim != 1:
            return False
        if array.dtype.kind == "U" and len(known) <= _FEW:  # which saves making a text of each
            texts = [label for label in known if isinstance(label, str)]
            return bool(np.logical_or.reduce([array == text for text in texts]).all())
        return _among(array.tolist(), known)

    def _unbounded(self, array: Any, rows: int) -> dict[str, Any]:
        if self._bounds and array.dtype.kind not in "iuf":
            return {"output:kind": np.ones(rows, dtype=np.bool_)}
        flat = array.reshape(rows, -1) if self._bounds else array
        return {f"output:{name}": _BREAKS[name](flat, bound).any(axis=1) for name, bound in self._bounds}

    def _unknown(self, array: Any, rows: int) -> dict[str, Any]:
        flat = array.reshape(rows, -1)
        labels = self._labels if self._several and flat.shape[1] == len(self._labels) else self._labels[:1]
        if any(known is None for known in labels) or (len(labels) == 1 and flat.shape[1] > 1):
            return {}  # an indicator of several labels is no label
        broken = np.zeros(rows, dtype=np.bool_)
        for number, known in enumerate(labels):
            column = flat[:, number].tolist()
            if known is not None and not _among(column, known):
                broken |= [not _among([label], known) for label in column]
        return {"output:classes": broken}


def _plain(labels: Any) -> list[Any]:
    plain: list[Any] = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    return plain


def _among(labels: list[Any], known: frozenset[Any]) -> bool:
    try:
        return known.issuperset(labels)
    except TypeError:  # a label that has no hash is none of them
        return False


def _missing(array: Any, rows: int, method: str) -> dict[str, Any]:
    flat = array.reshape(rows, -1)
    if array.dtype.kind in "fc":
        # the logarithm of what is impossible, a class or a row, is infinite
        usable = ~(np.isnan(flat) | np.isposinf(flat)) if method in _LOGARITHMS else np.isfinite(flat)
        return {} if usable.all() else {"output:finite": ~usable.all(axis=1)}
    if array.dtype.kind in "OMm":
        return {"output:missing": pd.isna(flat).any(axis=1)}
    return {}


def _improbable(array: Any) -> dict[str, Any]:
    return {
        "output:range": ((array < -_ROUNDING) | (array > 1.0 + _ROUNDING)).any(axis=1),
        "output:sum": np.abs(array.sum(axis=1) - 1.0) > _ROUNDING,
    }
