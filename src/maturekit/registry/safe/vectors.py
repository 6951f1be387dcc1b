"""Support vector machines, checked before libsvm copies what their parts promise."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from maturekit.registry.safe.claims import count, demand, indices, numbers

__all__ = ["VECTOR_CHECKS", "check_vectors"]

_KERNELS = {"linear", "poly", "precomputed", "rbf", "sigmoid"}
_demand = functools.partial(demand, "a support vector machine")


def check_vectors(model: Any) -> None:
    """Check that vectors, coefficients, intercepts and classes of one machine have sizes that belong together."""
    held = vars(model)
    if "support_" not in held:
        return
    kernel, sparse = held["kernel"], held["_sparse"]
    _demand(
        type(kernel) is str and kernel in _KERNELS, type(sparse) is bool and not (sparse and kernel == "precomputed")
    )
    sizes, support = held["_n_support"], held["support_"]
    count_ = len(support) if type(support) is np.ndarray else -1
    _demand(indices(support, below=2**31) and support.dtype == np.int32)
    _demand(indices(sizes, below=2**31) and sizes.dtype == np.int32)
    several = type(model).__name__ in {"SVC", "NuSVC"}
    classes = len(held["classes_"]) if several else 2
    _demand(classes >= 2 and len(sizes) == classes, not several or int(sizes.sum(dtype=np.int64)) == count_)
    pairs = classes * (classes - 1) // 2
    _demand(numbers(held["_intercept_"], pairs))
    _check_probability(held, pairs, several=several)
    vectors, coefficients = held["support_vectors_"], held["_dual_coef_"]
    if sparse:
        for matrix in (vectors, coefficients):
            _demand(type(matrix).__module__ == "scipy.sparse._csr")  # checked by its maker
        _demand(vectors.shape == (count_, count(model)) and coefficients.data.shape == ((classes - 1) * count_,))
    else:
        _demand(numbers(coefficients, classes - 1, count_))
        if kernel == "precomputed":
            fitted = held["shape_fit_"]
            _demand(type(fitted) is tuple and len(fitted) == 2 and type(fitted[0]) is int)
            _demand(indices(support, below=fitted[0]))
        else:
            _demand(numbers(vectors, count_, count(model)))


def _check_probability(held: dict[str, Any], pairs: int, *, several: bool) -> None:
    """Check the two parameters of each pair of classes: both are there, or nobody asks for them."""
    sizes = {len(held[name]) if numbers(held[name], None) else -1 for name in ("_probA", "_probB")}
    asked = any(
        held.get(name) not in {False, "deprecated"}
        for name in ("probability", "_effective_probability")
        if name in held
    )
    if several:
        _demand(sizes == {pairs} or (sizes == {0} and not asked))
    else:
        _demand(not asked)


VECTOR_CHECKS = {
    ("sklearn.svm._classes", name): check_vectors for name in ("NuSVC", "NuSVR", "OneClassSVM", "SVC", "SVR")
}
"""Checks of finished instances, by the module and name of their class."""
