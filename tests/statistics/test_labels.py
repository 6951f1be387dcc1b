"""Which label counts as positive: said, or plain 0 and 1; text and numbers are never mixed up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentError
from maturekit.statistics import is_positive


@pytest.mark.parametrize(
    ("labels", "positive", "expected"),
    [
        ([0, 1, 1], None, [False, True, True]),
        ([False, True], None, [False, True]),
        (np.array([0.0, 1.0]), None, [False, True]),
        (np.array([0, True, np.int64(1)], dtype=object), None, [False, True, True]),
        (pd.array([1, 0], dtype="Int64"), None, [True, False]),
        (pd.Categorical(["late", "on time"]), "late", [True, False]),
        (pd.Series(["late", "on time"]), "late", [True, False]),
        ([1, 2, 3], 3, [False, False, True]),
        (["1", 1, "late"], 1, [False, True, False]),
        ([1, 2], "late", [False, False]),
        ([], None, []),
    ],
)
def test_positive_labels_are_found_in_any_storage(labels, positive, expected):
    assert is_positive(labels, positive).tolist() == expected


@pytest.mark.parametrize("labels", [[0, 1, 2], ["0", "1"], [0.5], ["late", 1], [np.nan, 1.0]])
def test_without_being_told_only_zero_and_one_are_understood(labels):
    with pytest.raises(ArgumentError, match="which of the labels is positive"):
        is_positive(labels)
