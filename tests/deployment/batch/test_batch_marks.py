"""A mark is the same for the same values, and another one after any change."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pandas as pd
import pytest

from maturekit.deployment.batch.marks import mark_of

COLUMNS = {
    "int": pd.Series([1, 2, 3, 4]),
    "float": pd.Series([0.5, None, 1.5, 2.0]),
    "bool": pd.Series([True, False, True, False]),
    "moment": pd.to_datetime(pd.Series(["2013-01-01", None, "2013-01-03", "2013-01-04"])),
    "zoned": pd.to_datetime(pd.Series(["2013-01-01", None, "2013-01-03", "2013-01-04"])).dt.tz_localize("UTC"),
    "whole": pd.Series([1, None, 3, 4], dtype="Int64"),
    "category": pd.Series(["a", None, "b", "c"], dtype="category"),
    "text": pd.Series(["a", None, "", "bc"]),
    "words": pd.Series(["a", "d", "", "bc"], dtype=object),
    "mixed": pd.Series(["a", 1, 2.5, Decimal(3)], dtype=object),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_a_mark_depends_on_the_values_and_not_on_where_they_lie(column):
    frame = pd.DataFrame({"x": column})
    mark = mark_of(frame)
    longer = pd.concat([frame, frame], ignore_index=True)
    assert mark_of(longer.iloc[4:]) == mark
    assert mark_of(pickle.loads(pickle.dumps(frame))) == mark
    assert mark_of(frame.iloc[1:]) != mark
    for row in range(4):
        places = [0, 1, 2, 3]
        places[row] = (row + 1) % 4  # no two neighbours are equal
        assert mark_of(frame.iloc[places]) != mark


def test_texts_are_not_run_together():
    marks = {mark_of(pd.DataFrame({"x": cells})) for cells in (["ab", "c"], ["a", "bc"], ["abc", ""], ["", "abc"])}
    assert len(marks) == 4


def test_names_and_types_count():
    frame = pd.DataFrame({"x": [1, 2]})
    assert len({mark_of(frame), mark_of(frame.astype(float)), mark_of(frame.rename(columns={"x": "y"}))}) == 3
