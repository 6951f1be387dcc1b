"""What any attribute of a stored estimator may hold, by its name: functions, methods by name, processes, places."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from maturekit.errors import UntrustedError

__all__ = ["check_attributes"]

_WORKERS = max(64, os.cpu_count() or 1)
"""Most processes or threads that a model may ask for; a negative number means all but a few of this machine."""

_METHODS = {"auto", "decision_function", "drop", "predict", "predict_log_proba", "predict_proba"}
_PATH = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*")

_FUNCTIONS: dict[str, Callable[[Any], bool]] = {
    "_kmeans_single": lambda function: _home(function).startswith("sklearn.cluster._kmeans"),
    "_score_func": lambda function: _home(function).startswith("sklearn.metrics."),
    "func": lambda function: isinstance(function, (np.ufunc, functools.partial)),
    "inverse_func": lambda function: isinstance(function, np.ufunc),
    "pooling_func": lambda function: function in {np.mean, np.median, np.max, np.min},
    "score_func": lambda function: _home(function).startswith("sklearn.feature_selection."),
}
"""The attributes that may hold a function, and which: any other could be called with what it must not change."""

_CALLABLE = set("_base_loss _curve_scorer _loss _scorer k1 k2 kernel kernel_ link owner scorer scorer_ scoring".split())
"""The attributes that may hold an object that can be called, made by this file."""


def _nobody(_: Any) -> bool:
    return False


def check_attributes(model: Any, *, trusts: Callable[[Any], bool] = _nobody) -> None:
    """Check the attributes of one instance that the file has made, except what the caller trusts.

    >>> from types import SimpleNamespace
    >>> check_attributes(SimpleNamespace(n_jobs=-1, memory=None, func=np.log1p))
    >>> check_attributes(SimpleNamespace(n_jobs=10**6))
    Traceback (most recent call last):
    maturekit.errors.UntrustedError: SimpleNamespace in the file has n_jobs=1000000, which is not allowed
    <BLANKLINE>
    Hint: set n_jobs to None, or to at most ... before you register the model.
    """
    for name, value in vars(model).items():
        rule = _RULES.get(name)
        if rule is not None:
            fits, hint = rule
            if not fits(value) and not trusts(value):
                raise _refused(model, name, value, hint)
        elif callable(value) and not trusts(value):
            _check_callable(model, name, value)


def _check_callable(model: Any, name: str, value: Any) -> None:
    if isinstance(value, type):
        fits = "dtype" in name or name == "cv"
    elif hasattr(value, "__name__") or isinstance(value, functools.partial):
        fits = name in _FUNCTIONS and _FUNCTIONS[name](value)
    else:
        fits = name in _CALLABLE
    if not fits:
        raise _refused(model, name, value, "a function that the library does not know there may change other parts.")


def _refused(model: Any, name: str, value: Any, hint: str) -> UntrustedError:
    shown = f"{value!r:.60}" if type(value) in {bool, float, int, str} else type(value).__name__
    return UntrustedError(f"{type(model).__name__} in the file has {name}={shown}, which is not allowed", hint=hint)


def _home(function: Any) -> str:
    return str(getattr(function, "__module__", ""))


def _workers(value: Any) -> bool:
    whole = isinstance(value, (int, np.integer)) and type(value) is not bool
    return value is None or (whole and -1024 <= int(value) <= _WORKERS)


def _method(value: Any) -> bool:
    names = value if type(value) in {list, tuple} else [value]
    return all(name is None or (type(name) is str and name in _METHODS) for name in names)


def _plain(value: Any) -> bool:
    """Return whether keyword arguments are plain values: an array among them could be written to."""
    kinds = {str, int, float, bool, type(None)}
    return value is None or (
        type(value) is dict
        and all(
            type(part) in kinds for each in value.values() for part in (each if type(each) in {list, tuple} else [each])
        )
    )


def _text(value: Any) -> bool:
    return value is None or type(value) is str


_Rule = tuple[Callable[[Any], bool], str]
_CALLS: _Rule = (_method, "it is called by its name: only the usual methods are.")
_ARGUMENTS: _Rule = (_plain, "pass plain numbers and texts only.")
_NAMES: _Rule = (_text, "use the name of a metric.")
_RULES: dict[str, _Rule] = {
    "_kwargs": _ARGUMENTS,
    "_response_method": _CALLS,
    "affinity": _NAMES,
    "analyzer": _NAMES,
    "chain_method": _CALLS,
    "chain_method_": _CALLS,
    "effective_metric_": _NAMES,
    "importance_getter": (
        lambda value: type(value) is str and _PATH.fullmatch(value) is not None,
        "name an attribute of the estimator.",
    ),
    "interaction_only": (
        lambda value: type(value) is bool,
        "use True or False: compiled code calculates with it how much memory the products need.",
    ),
    "inv_kw_args": _ARGUMENTS,
    "kernel_params": _ARGUMENTS,
    "kw_args": _ARGUMENTS,
    "memory": (
        lambda value: value is None,
        "set memory=None before you register the model: a cache is of one machine.",
    ),
    "metric": _NAMES,
    "n_jobs": (_workers, f"set n_jobs to None, or to at most {_WORKERS}, before you register the model."),
    "pairwise_kernels_kwargs": _ARGUMENTS,
    "preprocessor": _NAMES,
    "response_method": _CALLS,
    "stack_method": _CALLS,
    "stack_method_": _CALLS,
    "tokenizer": _NAMES,
}
"""By the name of the attribute: what it may hold, and what to do about it."""
