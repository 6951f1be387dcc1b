"""An answer says for every row what it got, and never less."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.deployment import Answer, Call
from maturekit.errors import RejectedRecordError, RejectedRowsError

REFUSED = {1: ("rejected", ("gt:area", "nullable:name"))}


def partial():
    return Answer(np.array([10.0, 30.0]), rows=3, places=np.array([0, 2]), marks=REFUSED, version="m:1")


def test_a_whole_answer_returns_its_values_as_they_are():
    values = np.array([1, 2])
    answer = Answer(values, rows=2)
    assert answer.ok
    assert answer.all() is values
    assert answer.status == ["ok", "ok"]
    assert answer.reasons == [(), ()]


def test_a_partial_answer_is_never_returned_shortened_or_padded():
    answer = partial()
    assert not answer.ok
    assert answer.status == ["ok", "rejected", "ok"]
    assert answer.reasons == [(), ("gt:area", "nullable:name"), ()]
    words = r"1 of 3 rows got no answer: gt:area \(1 row\), nullable:name \(1 row\)"
    with pytest.raises(RejectedRowsError, match=words) as caught:
        answer.all()
    assert caught.value.answer is answer


def test_one_record_names_every_reason_at_once():
    answer = Answer(np.empty(0), rows=1, places=np.empty(0, dtype=np.int64), marks={0: REFUSED[1]})
    with pytest.raises(RejectedRecordError, match="the record was rejected: gt:area, nullable:name"):
        answer.one()
    assert Answer(np.array([7]), rows=1).one() == 7


def test_as_a_frame_every_row_stands_where_it_was():
    expected = {
        "status": ["ok", "rejected", "ok"],
        "reasons": ["", "gt:area, nullable:name", ""],
        "value": [10.0, np.nan, 30.0],
    }
    pd.testing.assert_frame_equal(partial().to_frame(), pd.DataFrame(expected))
    two = Answer(np.array([[0.25, 0.75]]), rows=1).to_frame()
    assert two.drop(columns=["status", "reasons"]).to_numpy().tolist() == [[0.25, 0.75]]


def test_an_inner_partial_answer_is_lifted_to_the_rows_of_the_outer_call():
    outer = Call(frame=pd.DataFrame({"a": range(5)}))
    inner = Answer(np.array([1.0]), rows=3, places=np.array([2]), marks={0: ("invalid", ()), 1: ("invalid", ())})
    answer = inner.lifted(outer, places=np.array([0, 2, 4]), marks={1: ("rejected", ()), 3: ("rejected", ())})
    assert answer.status == ["invalid", "rejected", "invalid", "rejected", "ok"]
    assert answer.places.tolist() == [4]


def test_what_an_answer_shows_holds_no_value():
    assert repr(partial()) == "<Answer predict: 2 of 3 rows by m:1>"
