"""What models take and return for rows, whatever it is: an array, a frame, a sparse matrix, a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import pandas as pd

from maturekit.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["count_of", "is_by_output", "joined", "one_of", "rows_at", "taken"]


def count_of(values: Any) -> int | None:
    """Return for how many rows a model returned something; None if what it returned has no rows.

    >>> count_of(np.zeros((3, 2))), count_of([np.zeros((3, 2)), np.zeros((3, 4))]), count_of(1.5), count_of("late")
    (3, 3, None, None)
    """
    if is_by_output(values):
        return len(values[0])
    shape = getattr(values, "shape", None)
    if shape is not None:
        return int(shape[0]) if shape else None
    return len(values) if hasattr(values, "__len__") and not isinstance(values, (str, bytes)) else None


def one_of(values: Any) -> Any:
    """Return the only row of what a model returned as plain Python, so that it can be compared, hashed and sent.

    >>> one_of(np.array([3])), one_of(np.array([[0.25, 0.75]]))
    (3, [0.25, 0.75])
    """
    if is_by_output(values):
        return [one_of(each) for each in values]
    if isinstance(values, pd.DataFrame):
        return values.iloc[0].tolist()
    if hasattr(values, "toarray"):
        return values.toarray()[0].tolist()
    value = values.iloc[0] if isinstance(values, pd.Series) else values[0]
    if isinstance(value, (np.generic, np.ndarray)) and value.dtype.kind not in "mM":  # of moments it would make numbers
        return value.tolist()
    return value


def taken(values: Any, places: NDArray[np.int64]) -> Any:
    """Return some rows of what a model returned.

    >>> taken(np.array([1, 2, 3]), np.array([0, 2])).tolist()
    [1, 3]
    """
    if is_by_output(values):
        return [each[places] for each in values]
    if isinstance(values, (pd.DataFrame, pd.Series)):
        return values.iloc[places]
    if hasattr(values, "tocsr"):
        return values.tocsr()[places]  # not every sparse matrix can be indexed
    return values[places] if hasattr(values, "shape") else _array(values)[places]


def rows_at(table: Any, places: NDArray[np.int64]) -> Any:
    """Return some rows of what a model takes, as what it is.

    >>> rows_at([[1.0], [2.0], [3.0]], np.array([0, 2]))
    [[1.0], [3.0]]
    """
    if hasattr(table, "iloc"):
        return table.iloc[places]
    if isinstance(table, (list, tuple)):
        return [table[place] for place in places.tolist()]
    if not hasattr(table, "__getitem__"):
        raise ArgumentError(
            f"rows of a {type(table).__name__} cannot be picked out", hint="pass a DataFrame or an array."
        )
    return table.take(places) if hasattr(table, "combine_chunks") else table[places]


def joined(parts: Sequence[Any], order: NDArray[np.intp]) -> Any:
    """Return what models returned for parts of the rows as one, its rows then in `order`.

    Frames become a frame, sparse matrices a sparse matrix, lists of one array an output such a list, and everything else
    an array. Labels of several kinds, or of several lengths, become what holds them all.

    >>> joined([np.array(["a"]), np.array(["bcd"])], np.array([1, 0])).tolist()
    ['bcd', 'a']
    >>> joined([[np.array([1]), np.array([10])], [np.array([2]), np.array([20])]], np.array([1, 0]))
    [array([2, 1]), array([20, 10])]

    Raises `ArgumentError` where the parts differ in their columns or outputs.
    """
    if not parts:
        return np.empty(0)
    if len(parts) == 1:
        return taken(parts[0], order)
    outputs = [len(part) if is_by_output(part) else 0 for part in parts]
    if any(outputs):
        _check_alike(outputs, what="outputs")
        return [joined(each, order) for each in zip(*parts, strict=True)]
    if all(isinstance(part, pd.DataFrame) for part in parts):
        _check_alike([set(part.columns) for part in parts], what="columns")
        return pd.concat(parts).iloc[order]
    if any(hasattr(part, "tocsr") for part in parts):
        return _stacked(parts)[order]
    arrays = [_array(part) for part in parts]
    _check_alike([array.shape[1:] for array in arrays], what="columns")
    if len({array.dtype.kind for array in arrays}) > 1 and not all(array.dtype.kind in "iuf" for array in arrays):
        arrays = [array.astype(object) for array in arrays]  # numpy would spell a number as a text
    return np.concatenate(arrays)[order]


def is_by_output(values: Any) -> TypeGuard[list[NDArray[Any]]]:
    """Return whether these are one array for each of several outputs, as models return values and know classes.

    >>> is_by_output([np.zeros(3), np.zeros(3)]), is_by_output(np.zeros((2, 3))), is_by_output([0.0])
    (True, False, False)
    """
    return isinstance(values, list) and bool(values) and isinstance(values[0], np.ndarray)


def _array(values: Any) -> NDArray[Any]:
    """Return what a model returned as an array of its rows; of a list, with every value as it is."""
    if not isinstance(values, list):
        return np.asarray(values)
    try:
        array = np.asarray(values)
    except ValueError:  # rows of several lengths
        return np.asarray(values, dtype=object)
    if array.dtype.kind in "US":
        objects = np.asarray(values, dtype=object)
        if not all(isinstance(value, (str, bytes)) for value in objects.flat):
            return objects  # numpy would spell a number as a text
    return array


def _stacked(parts: Sequence[Any]) -> Any:
    from scipy.sparse import csr_matrix, vstack  # noqa: PLC0415  # only who has sparse matrices needs scipy

    sparse = [part if hasattr(part, "tocsr") else csr_matrix(np.asarray(part)) for part in parts]
    _check_alike([part.shape[1:] for part in sparse], what="columns")
    return vstack(sparse, format="csr")


def _check_alike(said: Sequence[Any], *, what: str) -> None:
    if any(each != said[0] for each in said):
        raise ArgumentError(
            f"the models that answer one call together differ in the {what} of what they return",
            hint="ask for records, or for frames whose rows all go to one model.",
        )
