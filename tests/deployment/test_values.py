"""Rows of whatever a model returns can be taken and put together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from maturekit.deployment.values import joined, taken

ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


@pytest.mark.parametrize(
    "values",
    [np.array(ROWS), pd.DataFrame(ROWS), csr_matrix(ROWS), ROWS],
    ids=["array", "frame", "sparse", "list"],
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
