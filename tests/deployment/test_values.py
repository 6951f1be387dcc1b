"""Rows of whatever a model returns can be taken and put together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_matrix, csr_array, csr_matrix, issparse

from maturekit.deployment.values import joined, taken
from maturekit.errors import ArgumentError

ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


@pytest.mark.parametrize(
    "values",
    [np.array(ROWS), pd.DataFrame(ROWS), csr_matrix(ROWS), coo_matrix(ROWS), ROWS],
    ids=["array", "frame", "sparse", "coordinates", "list"],
)
def test_rows_are_taken_from_every_kind_of_output(values):
    some = taken(values, np.array([0, 2]))
    assert np.asarray(some.toarray() if hasattr(some, "toarray") else some).tolist() == [ROWS[0], ROWS[2]]


def test_of_several_outputs_each_gives_its_rows():
    first, second = taken([np.array(ROWS), np.array(ROWS) * 10], np.array([1]))
    assert (first.tolist(), second.tolist()) == ([ROWS[1]], [[30.0, 40.0]])


def test_frames_are_joined_as_frames_and_numbers_as_numbers():
    whole = joined([pd.DataFrame({"x": [1.0]}), pd.DataFrame({"x": [2.0]})], np.array([1, 0]))
    assert whole["x"].tolist() == [2.0, 1.0]
    assert joined([np.array([1]), np.array([2.5])], np.array([0, 1])).tolist() == [1.0, 2.5]
    assert joined([], np.empty(0, dtype=int)).tolist() == []


TURNED = np.array([2, 0, 1])


def test_of_several_outputs_each_is_joined():
    parts = [[np.array(ROWS[:2]), np.array(["a", "b"])], [np.array(ROWS[2:]), np.array(["long"])]]
    first, second = joined(parts, TURNED)
    assert first.tolist() == [ROWS[2], ROWS[0], ROWS[1]]
    assert second.tolist() == ["long", "a", "b"]


@pytest.mark.parametrize(
    "second", [csr_matrix(ROWS[2:]), csr_array(ROWS[2:]), coo_matrix(ROWS[2:]), np.array(ROWS[2:])]
)
def test_sparse_matrices_are_joined_as_such(second):
    for parts in ([csr_matrix(ROWS[:2]), second], [second, csr_matrix(ROWS[:2])]):
        whole = joined(parts, TURNED if parts[1] is second else np.array([0, 1, 2]))
        assert issparse(whole)
        assert whole.toarray().tolist() == [ROWS[2], ROWS[0], ROWS[1]]


def test_lists_are_joined_like_arrays_with_every_value_as_it_is():
    assert joined([[1.0, 2.0], np.array([3.0])], TURNED).tolist() == [3.0, 1.0, 2.0]
    assert joined([["a", "b"], ["long"]], TURNED).tolist() == ["long", "a", "b"]
    assert joined([[1, "b"], [None]], TURNED).tolist() == [None, 1, "b"]
    assert joined([ROWS[:2], ROWS[2:]], TURNED).tolist() == [ROWS[2], ROWS[0], ROWS[1]]
    assert joined([[[1], [2, 3]], [[], [4]]], np.array([3, 2, 1, 0])).tolist() == [[4], [], [2, 3], [1]]
    assert taken([1, "b", [2]], TURNED).tolist() == [[2], 1, "b"]


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        (np.zeros((2, 2)), np.zeros((1, 3)), "columns"),
        (np.zeros(2), np.zeros((1, 2)), "columns"),
        (csr_matrix((2, 2)), csr_matrix((1, 3)), "columns"),
        (csr_matrix((2, 2)), [[0.0]], "columns"),
        (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"b": [1]}), "columns"),
        ([np.zeros(2)], [np.zeros(1), np.zeros(1)], "outputs"),
        ([np.zeros(2)], np.zeros(1), "outputs"),
        ([np.zeros((2, 2))], [np.zeros((1, 3))], "columns"),
    ],
)
def test_what_does_not_fit_together_is_refused(first, second, what):
    with pytest.raises(ArgumentError, match=f"differ in the {what}"):
        joined([first, second], TURNED)
