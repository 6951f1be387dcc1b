"""What every `Compiler` promises, as checks anyone can run on their own subclass."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from maturekit.deployment.compiled import Compiler, NotCompiled, compiler_of, row_function

__all__ = ["COMPILER_CHECKS"]

_METHODS = ("transform", "predict", "predict_proba", "predict_log_proba", "decision_function")
_TOLERANCE = 1e-12
_NONE = object()
_NUMBERS = (0.0, -0.0, 1.0, 1e30, -1e300, 5e-324, np.nan, np.inf, -np.inf)
_TEXTS = ("", "a", "\x00 unseen", np.nan)


def check_it_names_the_classes_that_it_compiles(compiler: Compiler) -> None:
    assert isinstance(compiler.handles, tuple), "`handles` is a tuple of names"
    for name in compiler.handles:
        assert re.fullmatch(r"\w+\.\w+", name), f"{name!r} is not 'package.Class'"
    kind = type(compiler.sample()[0])
    assert f"{kind.__module__.partition('.')[0]}.{kind.__name__}" in compiler.handles, "the sample is one of them"


def check_its_sample_finds_a_compiler(compiler: Compiler) -> None:
    found = compiler_of(compiler.sample()[0])
    assert set(found.handles) & set(compiler.handles)


def check_the_function_says_what_the_estimator_says(compiler: Compiler) -> None:
    model, rows = compiler.sample()
    compared = sum(_compared(model, method, function, rows) for method, function in _functions(model, rows))
    assert compared, "it answers none of its sample's rows"


def check_odd_values_get_the_estimators_answer_or_none(compiler: Compiler) -> None:
    model, rows = compiler.sample()
    first, odd = _records(rows)[0], []
    for column, own in enumerate(first):
        values = _TEXTS if isinstance(own, str) else _NUMBERS
        odd += [(*first[:column], value, *first[column + 1 :]) for value in values]
    for method, function in _functions(model, rows):
        answered = [record for record in odd if _given(function, record) is not _NONE]
        if answered:  # whatever the estimator raises for these is a broken promise
            _compared(model, method, function, _table(rows, answered))


def check_answers_are_plain_python(compiler: Compiler) -> None:
    model, rows = compiler.sample()
    for _, function in _functions(model, rows):
        answer = _given(function, _records(rows)[0])
        if answer is not _NONE:
            for value in answer if isinstance(answer, list) else [answer]:
                assert type(value) in {bool, int, float, str}, f"{type(value).__name__} is not plain"


def check_several_threads_may_call_one_function(compiler: Compiler) -> None:
    model, rows = compiler.sample()
    for _, function in _functions(model, rows):
        alone = [_given(function, record) for record in _records(rows)]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(functools.partial(_given, function), _records(rows))) == alone


def check_the_estimator_is_not_changed(compiler: Compiler) -> None:
    model, rows = compiler.sample()
    before = {method: _asked(model, method, rows) for method in _METHODS if hasattr(model, method)}
    for _, function in _functions(model, rows):
        for record in _records(rows):
            _given(function, record)
    for method, values in before.items():
        np.testing.assert_array_equal(_asked(model, method, rows), values)


def _functions(model: Any, rows: Any) -> Iterator[tuple[str, Callable[[tuple[Any, ...]], Any]]]:
    for method in _METHODS:
        if hasattr(model, method):
            try:
                yield method, row_function(model, np.shape(rows)[1], method)
            except NotCompiled:
                continue


def _records(rows: Any) -> list[tuple[Any, ...]]:
    values = rows.to_numpy(dtype=object) if isinstance(rows, pd.DataFrame) else np.asarray(rows, dtype=object)
    return [tuple(record) for record in values.tolist()]


def _table(rows: Any, records: Sequence[tuple[Any, ...]]) -> Any:
    if not isinstance(rows, pd.DataFrame):
        return np.array(records)
    columns = zip(rows.columns, zip(*records, strict=True), rows.dtypes, strict=True)
    return pd.DataFrame({name: pd.Series(values, dtype=dtype) for name, values, dtype in columns})


def _asked(model: Any, method: str, rows: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as of logarithms of 0
        values = getattr(model, method)(rows)
    return values.toarray() if hasattr(values, "toarray") else np.asarray(values)


def _compared(model: Any, method: str, function: Callable[[tuple[Any, ...]], Any], rows: Any) -> int:
    """Return for how many rows both say the same, which is all that the function answers."""
    count = 0
    for record, wanted in zip(_records(rows), _asked(model, method, rows), strict=True):
        given = _given(function, record)
        if given is not _NONE:
            _same(given, wanted)
            count += 1
    return count


def _given(function: Callable[[tuple[Any, ...]], Any], record: tuple[Any, ...]) -> Any:
    """Return what a function says of a record; a mark if it leaves the record to the ordinary path, however it says so."""
    try:
        return function(record)
    except Exception:  # noqa: BLE001  # see above
        return _NONE


def _same(given: Any, wanted: Any) -> None:
    array = np.asarray(given, dtype=wanted.dtype)
    if isinstance(given, str) or wanted.dtype.kind not in "fO":
        np.testing.assert_array_equal(array, wanted)
    else:
        np.testing.assert_allclose(array.astype(float), wanted.astype(float), rtol=_TOLERANCE, atol=_TOLERANCE)


COMPILER_CHECKS: tuple[Callable[[Compiler], None], ...] = (
    check_it_names_the_classes_that_it_compiles,
    check_its_sample_finds_a_compiler,
    check_the_function_says_what_the_estimator_says,
    check_odd_values_get_the_estimators_answer_or_none,
    check_answers_are_plain_python,
    check_several_threads_may_call_one_function,
    check_the_estimator_is_not_changed,
)
"""Run each on any compiler."""
