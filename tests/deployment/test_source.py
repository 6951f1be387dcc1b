"""A source says who answered, and remembers how records are answered under which contract."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from maturekit.deployment import Call
from maturekit.deployment.source import Source
from maturekit.errors import ArgumentError, SchemaError
from maturekit.schema import Column, Schema

FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0]})
SCHEMA = Schema({"a": Column("float")})


@pytest.fixture
def source():
    return Source(LinearRegression().fit(FRAME, [1.0, 3.0, 5.0]), SCHEMA, "line:1", "sha256:d")


def test_frames_and_records_get_the_same_answer_with_version_and_time(source):
    whole = source._answer(Call(frame=FRAME))
    one = source._answer(Call(record={"a": 2.0}))
    assert np.allclose(whole.values, [1.0, 3.0, 5.0])
    assert one.one() == pytest.approx(5.0)
    for answer in (whole, one):
        assert (answer.version, answer.digest) == ("line:1", "sha256:d")
        assert answer.seconds > 0.0


def test_a_method_that_the_model_lacks_is_refused_for_frames_and_records(source):
    for call in (Call("predict_proba", frame=FRAME), Call("predict_proba", record={"a": 1.0})):
        with pytest.raises(ArgumentError, match="LinearRegression cannot be asked to 'predict_proba'"):
            source._answer(call)


def test_under_another_schema_it_is_the_same_model_and_always_the_same_object(source):
    other = Schema({"a": Column("float", ge=0)})
    assert source.under(SCHEMA) is source
    under = source.under(other)
    assert under is source.under(other)
    assert (under.model, under.schema, under.reference) == (source.model, other, "line:1")
    assert under.contract.whole is other
    assert under.row_path("predict", under.contract) is source.row_path("predict", under.contract)


def test_without_a_schema_there_is_no_contract(source):
    assert Source(source.model).contract is None
    assert source.contract is source.contract


def test_a_new_version_prepares_what_the_old_one_was_asked_under_the_contracts_that_hold_now(source):
    guards = Schema({"a": Column("float", le=9)})
    source.row_path("predict", None)
    source.row_path("predict", source.contract)
    source.row_path("predict", source.under(guards).contract)
    new_schema = Schema({"a": Column("float", ge=-9)})
    new = Source(LinearRegression().fit(FRAME, [0.0, 1.0, 2.0]), new_schema)
    new.prepared_like(source)
    assert {contract and contract.whole for _, contract in new._row_paths} == {None, new_schema, guards}


def test_a_new_version_is_ready_under_the_policy_of_a_guard():
    schema = Schema({"a": Column("float"), "kind": Column("category", categories=[1, 2])})
    model = LinearRegression().fit(FRAME.assign(kind=[1, 2, 1]), [0.0, 1.0, 2.0])
    for policy in ("allow", {"kind": "missing"}):
        old, new = Source(model, schema), Source(model, schema)
        old.row_path("predict", old.contract_under(schema, policy))
        new.prepared_like(old)
        assert list(new._row_paths) == [("predict", new.contract_under(schema, policy))]
        assert new.contract_under(schema, policy) is not new.contract
        with pytest.raises(SchemaError, match="'kind'"):  # neither the model nor a policy can name what is gone
            Source(model, SCHEMA).prepared_like(old)


def test_a_record_has_no_order_so_a_model_that_knows_no_names_is_not_asked_about_one():
    model = LinearRegression().fit([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [1.0, 2.0, 3.0])
    bare = Source(model)
    with pytest.raises(ArgumentError, match="fitted on an array, so it does not know which value"):
        bare._answer(Call(record={"b": 0.0, "a": 5.0}))
    assert list(bare._paths(None)) == []
    named = Source(model, Schema({"a": Column("float"), "b": Column("float")}))
    for record in ({"a": 5.0, "b": 0.0}, {"b": 0.0, "a": 5.0}):
        answer = named._answer(Call(record=record).narrowed(contract=named.contract))
        assert answer.one() == pytest.approx(10.0)
