"""A call knows what is asked, and where its rows came from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor

from maturekit.deployment import Call
from maturekit.deployment.call import rows_of
from maturekit.deployment.contract import Contract
from maturekit.deployment.source import Source
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.schema import Column, Schema


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
    contract = Contract(Schema({"a": Column("float")}), Source(DummyRegressor().fit(pd.DataFrame({"a": [0.0]}), [1.0])))
    pd.testing.assert_frame_equal(call.narrowed(contract=contract).table(), pd.DataFrame({"a": [1.0]}))


def test_what_a_call_shows_holds_no_value():
    assert repr(Call("predict_proba", record={"name": "Ada"})) == "Call('predict_proba', one record)"
    assert repr(Call(frame=[[1], [2]])) == "Call('predict', 2 rows)"


def test_a_key_is_found_where_the_call_came_in_for_the_rows_that_are_left():
    outer = Call(frame=pd.DataFrame({"a": [1, 2, 3], "id": ["x", "y", "z"]}))
    inner = outer.narrowed(frame=pd.DataFrame({"a": [1, 3]}), places=np.array([0, 2]))
    assert inner.key("id").tolist() == ["x", "z"]
    assert inner.key("no such column") is None
    assert Call(frame=np.zeros((2, 2))).key("id") is None
    assert Call(record={"a": 1, "id": "x"}).narrowed(record={"a": 1}).key("id") == "x"
    assert Call(record={"a": 1}).key("id") is None


def test_a_copy_for_a_second_model_shares_the_id_and_not_what_was_pinned():
    call = Call(record={"a": 1})
    call.narrowed(record={"a": 1}).pin(1, "this version")
    assert call.pinned(1) == call.narrowed(record={"a": 1}).pinned(1) == "this version"
    copy = call.copied()
    assert (copy.pins, copy.request, copy.record) == ((), call.request, call.record)


def test_a_deadline_is_handed_inward_until_a_sooner_one_is_set():
    call = Call(record={"a": 1}, deadline=10.0)
    assert call.narrowed(record={"a": 1}).deadline == 10.0
    assert call.narrowed(deadline=5.0).deadline == 5.0


def test_a_forked_child_makes_up_other_ids(tmp_path, forked):
    parts, told = [Call(record={}).request[:16]], tmp_path / "told"
    assert forked(lambda: told.write_text(Call(record={}).request[:16])).ended() == 0
    parts.append(told.read_text())
    assert parts[0] != parts[1]
    assert Call(record={}).request[:16] == parts[0]
