"""A call knows what is asked, and where its rows came from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.deployment import Call
from maturekit.deployment.call import rows_of
from maturekit.errors import ArgumentError, ArgumentTypeError


def test_a_call_is_about_rows_or_one_record_and_never_both():
    with pytest.raises(ArgumentError, match="about neither"):
        Call()
    with pytest.raises(ArgumentError, match="about both"):
        Call(frame=[[1]], record={"a": 1})
    with pytest.raises(ArgumentTypeError, match="a record is a mapping of names to values, got list"):
        Call(record=[1])
    with pytest.raises(ArgumentTypeError, match="asked about rows, got int"):
        Call(frame=3)


def test_rows_of_every_table_are_counted():
    for table in (pd.DataFrame({"a": [1, 2]}), np.zeros((2, 3)), [[1], [2]]):
        assert rows_of(table) == 2


def test_requests_have_ids_of_their_own_that_inner_calls_share():
    one, other = Call(frame=[[1]]), Call(frame=[[1]])
    assert one.request != other.request
    assert one.narrowed(frame=[[1]]).narrowed(frame=[[1]]).request == one.request


def test_places_are_those_of_the_call_that_came_in():
    outer = Call(frame=pd.DataFrame({"a": range(6)}))
    middle = outer.narrowed(frame=outer.frame.iloc[[1, 3, 5]], places=np.array([1, 3, 5]))
    inner = middle.narrowed(frame=middle.frame.iloc[[0, 2]], places=np.array([0, 2]))
    assert inner.places.tolist() == [1, 5]
    assert inner.origin is outer
    assert middle.narrowed(frame=middle.frame).places.tolist() == [1, 3, 5]


def test_a_record_becomes_a_frame_of_one_row():
    call = Call(record={"a": 1, "b": "x"})
    pd.testing.assert_frame_equal(call.table(), pd.DataFrame({"a": [1], "b": ["x"]}))
    assert call.narrowed(record={"a": 1}, build=lambda record: [list(record.values())]).table() == [[1]]


def test_what_a_call_shows_holds_no_value():
    assert repr(Call("predict_proba", record={"name": "Ada"})) == "Call('predict_proba', one record)"
    assert repr(Call(frame=[[1], [2]])) == "Call('predict', 2 rows)"
