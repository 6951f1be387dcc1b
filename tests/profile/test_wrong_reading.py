"""What a profile reads in another storage, and what it refuses to be given."""

from __future__ import annotations

import pandas as pd
import pytest

from maturekit.errors import ArgumentTypeError
from maturekit.profile import Profile, View

FLAGS = pd.DataFrame({"late": [True] * 30 + [False] * 70})


class Twice(View):
    name, columns = "twice", "late"

    def _values(self, frame):
        return 2 * frame["late"]


@pytest.mark.parametrize("dtype", ["int64", "float64", "Int64", "uint8"])
def test_truth_values_that_were_exported_as_0_and_1_are_the_same_values(dtype):
    profile = Profile.of(FLAGS)
    assert Profile.of(FLAGS.astype(dtype), like=profile) == Profile.of(FLAGS, like=profile)


def test_other_numbers_are_no_truth_values():
    profile = Profile.of(FLAGS)
    column = Profile.of(pd.DataFrame({"late": [0.0, 1.0, 2.0, None]}), like=profile).columns["late"]
    assert (column.counts.tolist(), column.rest, column.nulls) == ([1, 1], 1, 1)


def test_a_schema_is_a_schema():
    with pytest.raises(ArgumentTypeError, match="schema must be a Schema, got dict"):
        Profile.of(FLAGS, schema={"late": "bool"})


def test_the_columns_of_a_view_are_a_tuple():
    with pytest.raises(ArgumentTypeError, match=r"columns of the view 'twice' must be a tuple, got 'late'"):
        Profile.of(FLAGS, views=[Twice()])
