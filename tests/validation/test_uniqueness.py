"""Rows that share a value are found by value; hashes only save time."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.validation import uniqueness
from maturekit.validation.uniqueness import shared

ROWS = 6000  # enough for hashes
MIDDLE = "x" * 100 + "{}" + "y" * 100  # hashes look at the ends of long texts only


def expected(values):
    return np.flatnonzero(pd.Series(list(values), dtype=object).duplicated(keep=False)).tolist()


def storages(values):
    yield pd.Series(values, dtype=object)
    with suppress(ImportError):  # where there is no Arrow
        yield pd.Series(values, dtype=pd.StringDtype("pyarrow"))


@given(
    twins=st.lists(st.integers(0, ROWS - 1), max_size=6),
    spelling=st.sampled_from(
        ["{:08d}", "{}", "a long prefix, the same for all of them: {}", "é{:x}\n", "{:>20}", MIDDLE]
    ),
)
@settings(max_examples=30, deadline=None)
def test_exactly_the_texts_that_repeat_are_found(twins, spelling):
    values = [spelling.format(number) for number in range(ROWS)]
    for row in twins:
        values[row] = values[row // 2]
    for series in storages(values):
        assert shared(series).tolist() == expected(values)


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint64", "float32", "float64"])
def test_exactly_the_numbers_that_repeat_are_found(dtype):
    draw = np.random.default_rng(0)
    values = (draw.integers(0, 2**20, ROWS) if dtype != "int8" else draw.integers(-100, 100, ROWS)).astype(dtype)
    assert shared(values).tolist() == expected(values.tolist())
    assert shared(np.arange(ROWS).astype(dtype)).tolist() == ([] if dtype != "int8" else list(range(ROWS)))


def test_minus_zero_is_zero():
    values = np.arange(1.0, ROWS + 1)
    values[[7, 4000]] = 0.0, -0.0
    assert shared(values).tolist() == [7, 4000]


@pytest.mark.parametrize("hashes", [lambda values: values % 7, lambda values: values * 0, lambda values: values << 40])
def test_a_bad_hash_costs_time_and_nothing_else(monkeypatch, hashes):
    values = np.arange(ROWS)
    values[4321] = 17
    monkeypatch.setattr(uniqueness, "_hashes", lambda array, _: hashes(array.astype(np.uint64)) | np.uint64(1))
    assert shared(values).tolist() == [17, 4321]


def test_half_a_surrogate_pair_is_a_value_like_others():
    values = [f"\ud800{number}" for number in range(ROWS)]
    values[5] = values[4000]
    assert shared(pd.Series(values, dtype=object)).tolist() == [5, 4000]
