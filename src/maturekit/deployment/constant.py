"""What answers the same to everything, method by method, and whether it could be an answer of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.outputs import Outputs
from maturekit.deployment.source import METHODS, Source
from maturekit.deployment.values import is_by_output
from maturekit.errors import ArgumentError, ArgumentTypeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maturekit.deployment.contract import Contract

__all__ = ["Constant"]

_PROBABILITIES: Final = ("predict_proba", "predict_log_proba")
_BY_CLASS: Final = (*_PROBABILITIES, "decision_function")
_FAULTS: Final = {
    "output:shape": "is not one number for each class",
    "output:finite": "is not finite",
    "output:range": "does not lie between 0 and 1",
    "output:sum": "does not sum to 1",
}


class Constant:
    """Stands where a model could, and gives every row the same.

    Parameters
    ----------
    values : mapping of str to value
        For each method what it returns for one row: a label for ``"predict"``, a number for each class for the methods
        that tell such, or a list of these for each output where a model has several.

    Examples
    --------
    >>> constant = Constant({"predict": "unknown", "predict_proba": [0.75, 0.25]})
    >>> constant.check(np.array(["no", "yes"]))
    >>> constant.check(np.array(["no", "perhaps", "yes"]))
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: the constant for 'predict_proba' has 2 numbers, and the model has 3 classes
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        strangers = [name for name in values if name not in METHODS]
        if strangers or not values:
            raise ArgumentError(
                f"a fallback of constants is a mapping of methods to values, got {', '.join(map(repr, values)) or 'none'}",
                hint=f"methods are {', '.join(METHODS)}.",
            )
        self._values = {method: _stored(value, method) for method, value in values.items()}
        self._fits: Any = self  # nothing was compared yet
        self.check(None)

    def check(self, classes: Any) -> None:
        """Raise `ArgumentError` unless each value could be an answer of a model that knows these classes.

        Probabilities are judged as a `Guarded` judges them; of classes that are not known (None), only their number is
        not. A label may be any: that it is none of the model's may be its point.
        """
        if classes is self._fits:
            return
        for method in _BY_CLASS:
            if method in self._values:
                why = _misfit(self._values[method], method, classes)
                if why:
                    raise ArgumentError(f"the constant for {method!r} {why}")
        self._fits = classes

    def _answer(self, call: Call) -> Answer:
        if call.method not in self._values:
            raise ArgumentError(f"there is no constant for {call.method!r}")
        values = _repeated(self._values[call.method], call.rows)
        return Answer(values, rows=call.rows, request=call.request, method=call.method)

    def _source(self, call: Call) -> Source:  # noqa: ARG002  # asked of every step, as is the next
        return Source(self)

    def _waits(self, call: Call, contract: Contract | None) -> bool:  # noqa: ARG002  # as above
        return False


def _stored(value: Any, method: str) -> Any:
    """Return a value as an array without the rows, or a list of one for each output."""
    if value is None:
        raise ArgumentTypeError(
            f"the constant for {method!r} must be a value, got None", hint="float('nan') stands for 'unknown'."
        )
    if method in _PROBABILITIES and _has_lists(value):
        return [_numbers(each, method) for each in value]
    if method in _BY_CLASS:
        return _numbers(value, method)
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ArgumentError(f"the constant for {method!r} is no row of values: {value!r:.100}") from error


def _has_lists(value: Any) -> bool:
    several = isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)
    return several and len(value) > 0 and all(isinstance(each, (list, tuple, np.ndarray)) for each in value)


def _numbers(value: Any, method: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "iuf" or array.ndim > 1:
        raise ArgumentError(f"the constant for {method!r} must be numbers, one for each class, got {value!r:.100}")
    return array.astype(np.float64)


def _repeated(value: Any, rows: int) -> Any:
    if isinstance(value, list):
        return [_repeated(each, rows) for each in value]
    return np.repeat(value[np.newaxis], rows, axis=0)


def _misfit(value: Any, method: str, classes: Any) -> str:
    """Return why a model cannot have said this; nothing if it can."""
    several = is_by_output(classes)
    sizes = [len(each) for each in (classes if several else [classes]) if each is not None]
    if method == "decision_function":
        return _odd_decision(value, sizes)
    by_output = isinstance(value, list)
    parts = value if by_output else [value]
    if sizes and by_output > several:
        return "has a list for each of several outputs, and the model has one output"
    if sizes and len(parts) != len(sizes):
        return f"is for {len(parts)} output{'s' * (len(parts) > 1)}, and the model has {len(sizes)}"
    for part, size in zip(parts, sizes, strict=False):
        if part.ndim == 1 and len(part) != size:
            return f"has {len(part)} numbers, and the model has {size} classes"
    faults = Outputs().of(None).faults(_repeated(value, 1), rows=1, method=method)
    why = " and ".join(_FAULTS[fault] for fault in faults.get(0, ()))
    return why and (f"{why} (its exponential)" if method == "predict_log_proba" else why)


def _odd_decision(value: NDArray[np.float64], sizes: list[int]) -> str:
    if not np.isfinite(value).all():
        return _FAULTS["output:finite"]
    if len(sizes) == 1 and sizes[0] > 2:
        each, pairs = sizes[0], sizes[0] * (sizes[0] - 1) // 2  # some decide between two classes at a time
        if value.shape not in {(each,), (pairs,)}:
            return f"has {value.size} numbers, and the model has {each} classes"
    elif len(sizes) == 1 and value.ndim:
        return "must be one number, since the model has 2 classes"
    return ""
