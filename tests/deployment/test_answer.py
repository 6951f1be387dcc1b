"""An answer says for every row what it got, and never less."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from maturekit.deployment import Answer, Call
from maturekit.deployment.answer import Share
from maturekit.errors import ArgumentError, RejectedRecordError, RejectedRowsError

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


def test_an_answer_about_one_record_becomes_an_array_only_when_asked():
    call = Call(record={"a": 1}, request="7f3a")
    answer = Answer.of_one("late", np.dtype("<U7"), call)
    assert (answer.one(), answer.values.tolist(), answer.values.dtype.str, answer.request) == (
        "late", ["late"], "<U7", "7f3a",
    )  # fmt: skip
    answer.values = np.array(["on time"])
    assert answer.one() == "on time"
    assert Answer.of_one([0.25, 0.75], np.dtype(float), call).values.shape == (1, 2)


def test_what_one_returns_is_plain_python_whatever_the_model_returned():
    for values, expected in (
        (np.array([3]), 3),
        (np.array(["a"]), "a"),
        (np.array([[0.5, 0.5]]), [0.5, 0.5]),
        ([np.array([[1.0]]), np.array([[2.0]])], [[1.0], [2.0]]),
        (pd.DataFrame({"a": [1], "b": ["x"]}), [1, "x"]),
        (csr_matrix([[0.0, 2.0]]), [0.0, 2.0]),
    ):
        value = Answer(values, rows=1).one()
        assert value == expected
        assert type(value) is type(expected)
    moment = np.array(["2013-05-03"], dtype="datetime64[ns]")
    assert Answer(moment, rows=1).one() == moment[0]


def test_parts_of_several_models_are_put_together_in_the_order_of_the_rows():
    call = Call(frame=pd.DataFrame({"a": range(5)}), request="7f3a")
    first = Answer(
        np.array([10.0]),
        rows=2,
        places=np.array([1]),
        marks={0: ("rejected", ("gt:a",))},
        version="m:1",
        arm="champion",
    )
    second = Answer(np.array([20.0, 21.0, 22.0]), rows=3, version="m:2", arm="challenger")
    answer = Answer.merged(call, [(np.array([0, 3]), first), (np.array([1, 2, 4]), second)])
    assert answer.values.tolist() == [20.0, 21.0, 10.0, 22.0]
    assert answer.places.tolist() == [1, 2, 3, 4]
    assert answer.status == ["rejected", "ok", "ok", "ok", "ok"]
    assert (answer.version, answer.request, answer.rows) == (None, "7f3a", 5)
    assert [(share.places.tolist(), share.arm, share.version) for share in answer.shares] == [
        ([0, 3], "champion", "m:1"),
        ([1, 2, 4], "challenger", "m:2"),
    ]
    wider = Call(frame=pd.DataFrame({"a": range(6)}))
    lifted = answer.lifted(wider, places=np.array([0, 1, 2, 4, 5]), marks={3: ("rejected", ())})
    assert [share.places.tolist() for share in lifted.shares] == [[0, 4], [1, 2, 5]]


def test_parts_of_one_version_keep_its_name():
    call = Call(frame=[[0.0], [1.0]])
    halves = [(np.array([row]), Answer(np.array([row]), rows=1, version="m:1", digest="d")) for row in (1, 0)]
    answer = Answer.merged(call, halves)
    assert (answer.version, answer.digest, answer.values.tolist()) == ("m:1", "d", [0, 1])
    assert isinstance(answer.shares[0], Share)


def test_labels_of_two_kinds_keep_their_types_side_by_side():
    call = Call(frame=[[0.0], [1.0]])
    answer = Answer.merged(
        call, [(np.array([0]), Answer(np.array(["a"]), rows=1)), (np.array([1]), Answer(np.array([7]), rows=1))]
    )
    assert answer.values.tolist() == ["a", 7]


def test_lists_of_one_array_an_output_are_put_together_output_by_output():
    parts = [
        (np.array([1, 2]), Answer([np.array([1, 2]), np.array([[1.0], [2.0]])], rows=2)),
        (np.array([0]), Answer([np.array([0]), np.array([[0.0]])], rows=1)),
        (np.array([3]), Answer(np.empty(0), rows=1, places=np.empty(0, dtype=int), marks={0: ("failed", ())})),
    ]
    answer = Answer.merged(Call(frame=[[0.0]] * 4), parts)
    assert [output.tolist() for output in answer.values] == [[0, 1, 2], [[0.0], [1.0], [2.0]]]
    assert (answer.places.tolist(), answer.status) == ([0, 1, 2], ["ok", "ok", "ok", "failed"])


def test_sparse_rows_are_put_together():
    parts = [(np.array([row]), Answer(csr_matrix([[float(row), 0.0]]), rows=1)) for row in (1, 0)]
    answer = Answer.merged(Call(frame=[[0.0], [1.0]]), parts)
    assert answer.values.toarray().tolist() == [[0.0, 0.0], [1.0, 0.0]]


def test_lists_of_other_outputs_cannot_be_put_together_and_say_so():
    with pytest.raises(ArgumentError, match="differ in the outputs"):
        Answer.merged(
            Call(frame=[[0.0], [1.0]]),
            [(np.array([row]), Answer([np.array([1.0])] * (row + 1), rows=1)) for row in (0, 1)],
        )


def test_a_pickled_answer_has_its_values_and_leaves_the_question_behind():
    copy = pickle.loads(pickle.dumps(Answer.of_one(2.5, np.dtype(float), Call(record={"a": 1}, request="7f3a"))))
    assert (copy.one(), copy.request, copy._call) == (2.5, "7f3a", None)
