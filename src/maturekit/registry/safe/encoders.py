"""Encoders and calibrators, checked where compiled code or a rebuilt function relies on what they hold."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from maturekit.registry.safe.claims import demand, indices

__all__ = ["ENCODER_CHECKS", "check_isotonic", "check_one_hot"]

_demand = functools.partial(demand, "an encoder")


def check_one_hot(model: Any) -> None:
    """Check that every category of a one-hot encoder has its own column: the columns are filled without looking."""
    held = model.__dict__
    if "categories_" not in held:
        return
    categories, outputs = held["categories_"], held["_n_features_outs"]
    _demand(type(categories) is list and type(outputs) is list and type(held["_infrequent_enabled"]) is bool)
    _demand(len(categories) == len(outputs) == held["n_features_in_"])
    columns = len(categories) * [None]
    groups = held["_infrequent_indices"] if held["_infrequent_enabled"] else columns
    mappings = held["_default_to_infrequent_mappings"] if held["_infrequent_enabled"] else columns
    dropped = columns if held["_drop_idx_after_grouping"] is None else held["_drop_idx_after_grouping"]
    for known, size, group, mapping, drop in zip(categories, outputs, groups, mappings, dropped, strict=True):
        _check_sorted(known)
        width = len(known)
        if group is not None:
            _demand(indices(group, below=len(known)))
            width -= len(group) - 1
            _demand(indices(mapping, below=width))
            _demand(len(mapping) == len(known) and len(group) > 0)
        else:
            _demand(mapping is None)
        if drop is not None:
            _demand(isinstance(drop, (int, np.integer)) and 0 <= int(drop) < width)
            width -= 1
        _demand(type(size) is int and size == width)


def check_isotonic(model: Any) -> None:
    """Rebuild the function of an isotonic regression from its steps, as it does itself after unpickling."""
    _demand("f_" not in model.__dict__)
    if "X_thresholds_" not in model.__dict__:
        return
    across, up = model.__dict__["X_thresholds_"], model.__dict__["y_thresholds_"]
    for array in (across, up):
        _demand(isinstance(array, np.ndarray) and array.ndim == 1 and array.dtype.kind == "f")
    _demand(len(across) == len(up) > 0)
    model._build_f(across, up)  # noqa: SLF001  # what its own __setstate__ calls


def _check_sorted(known: Any) -> None:
    _demand(isinstance(known, np.ndarray) and known.ndim == 1)
    if known.dtype.kind != "O":  # objects are looked up by equality, everything else by bisection
        known = known[known == known]  # noqa: PLR0124  # a category that is not a number stands last
        _demand(bool((known[:-1] < known[1:]).all()))


ENCODER_CHECKS = {
    ("sklearn.isotonic", "IsotonicRegression"): check_isotonic,
    ("sklearn.preprocessing._encoders", "OneHotEncoder"): check_one_hot,
}
"""Checks of finished instances, by the module and name of their class."""
