"""Numbers that decide how much memory an answer takes: a small file shall not ask for more than its rows explain."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from maturekit.registry.safe.claims import count, demand, indices

__all__ = ["SIZE_CHECKS"]

_MOST = 2**24
"""Columns that one row may become: 128 MiB of numbers."""
_DEGREE = 128
"""Largest degree of polynomials; the sums below stay quick."""
_demand = functools.partial(demand, "a transformer")


def check_groups(model: Any) -> None:
    """Check that features are joined into at most as many groups as there are features: each row is counted by group."""
    if "labels_" in vars(model):
        features = count(model)
        _demand(indices(vars(model)["labels_"], below=features, length=features))


def check_powers(model: Any) -> None:
    """Check that the products of features are as many as they were, and that a row of them fits into memory."""
    held = vars(model)
    if "_max_degree" not in held:
        return
    least, most, out = held["_min_degree"], held["_max_degree"], held["n_output_features_"]
    _demand(type(least) is int and type(most) is int and 0 <= least <= most <= _DEGREE)
    _demand(type(held["include_bias"]) is bool and isinstance(out, (int, np.integer)) and 0 <= int(out) <= _MOST)
    _demand(0 < count(model) <= _MOST)
    products = model._num_combinations(  # noqa: SLF001  # how it counted them
        n_features=count(model),
        min_degree=least,
        max_degree=most,
        interaction_only=held["interaction_only"],
        include_bias=held["include_bias"],
    )
    _demand(products == out)


def check_sketch(model: Any) -> None:
    """Check that a sketch has one place for each feature and degree."""
    held = vars(model)
    if "indexHash_" not in held:
        return
    places, signs = held["indexHash_"], held["bitHash_"]
    features = count(model) + (held["coef0"] != 0)
    _demand(type(places) is np.ndarray and type(signs) is np.ndarray)
    _demand(places.shape == signs.shape == (count(model, "degree"), features))
    _demand(0 < count(model, "n_components") <= _MOST and indices(places.ravel(), below=count(model, "n_components")))


SIZE_CHECKS = {
    ("sklearn.cluster._agglomerative", "FeatureAgglomeration"): check_groups,
    ("sklearn.kernel_approximation", "PolynomialCountSketch"): check_sketch,
    ("sklearn.preprocessing._polynomial", "PolynomialFeatures"): check_powers,
}
"""Checks of finished instances, by the module and name of their class."""
