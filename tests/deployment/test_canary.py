"""A canary: each key always gets the same model, in records and frames alike."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import issparse
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from maturekit.deployment import Call, Guarded
from maturekit.deployment.canary import Canary
from maturekit.errors import ArgumentError, ArgumentTypeError, RejectedRowsError
from maturekit.schema import Column, Schema

FRAME = pd.DataFrame({"x": np.arange(40.0), "customer": [f"c{n % 20}" for n in range(40)]})


class Says:
    """Says one number, or raises."""

    def __init__(self, value, error=None):
        self.value, self.error, self.rows = value, error, 0

    def predict(self, X):
        self.rows += len(X)
        if self.error is not None:
            raise self.error
        return np.full(len(X), self.value)


def canary(first=1.0, second=2.0, **settings):
    models = [each if hasattr(each, "predict") else Says(each) for each in (first, second)]
    return Canary(*models, **{"share": 0.5, "key": "customer", "salt": "test", **settings})


def test_a_key_gets_the_same_model_in_every_row_record_and_copy():
    one = canary()
    said = one.predict(FRAME)
    assert set(said) == {1.0, 2.0}
    assert pd.Series(said).groupby(FRAME["customer"]).nunique().eq(1).all()
    assert [one.predict_one(record) for record in FRAME.to_dict("records")] == said.tolist()
    assert pickle.loads(pickle.dumps(one)).predict(FRAME).tolist() == said.tolist()


def test_the_answer_says_who_answered_what():
    one = canary()
    answer = one.handle(Call(frame=FRAME))
    whose = {share.arm: share.places for share in answer.shares}
    assert set(whose) == {"champion", "challenger"}
    assert (answer.values[whose["champion"]] == 1.0).all()
    assert (answer.values[whose["challenger"]] == 2.0).all()
    for record, value in zip(FRAME.to_dict("records"), answer.values, strict=True):
        assert one.handle(Call(record=record)).arm == ("champion" if value == 1.0 else "challenger")


def test_neither_model_is_asked_about_the_rows_of_the_other():
    first, second = Says(1.0), Says(2.0)
    canary(first, second).predict(FRAME)
    assert first.rows + second.rows == len(FRAME)
    assert first.rows and second.rows


def test_whoever_is_in_stays_in_when_the_share_moves():
    one, before = canary(share=0.0), np.zeros(len(FRAME), dtype=bool)
    assert not (one.predict(FRAME) == 2.0).any()
    for share in (0.1, 0.4, 1.0):
        one.move(share)
        now = one.predict(FRAME) == 2.0
        assert not (before & ~now).any()
        before = now
    assert before.all()
    assert one.get_params()["share"] == 1.0


def test_rows_without_a_key_go_to_the_champion():
    one = canary(share=1.0)
    some = FRAME.assign(customer=["a", None] * 20)
    assert one.predict(some).tolist() == [2.0, 1.0] * 20
    assert one.predict(FRAME[["x"]]).tolist() == [1.0] * 40
    assert one.predict(FRAME[["x"]].to_numpy()).tolist() == [1.0] * 40
    assert one.predict_one({"x": 1.0}) == 1.0
    assert one.predict_one({"x": 1.0, "customer": None}) == 1.0


@pytest.mark.parametrize("inside", [True, False], ids=["guard-inside", "guard-outside"])
def test_the_key_need_not_be_a_feature(inside):
    schema = Schema({"x": Column("float", ge=0), "customer": Column("string", role="group")})
    models = [DummyRegressor(strategy="constant", constant=value).fit([[0.0]], [0.0]) for value in (1.0, 2.0)]
    rows = FRAME.assign(x=[-1.0, *FRAME["x"][1:]])  # the first is against the contract
    if inside:
        one = canary(*(Guarded(model, schema=schema) for model in models))
    else:
        one = Guarded(canary(*models), schema=schema)
    answer = one.handle(Call(frame=rows))
    assert answer.status == ["rejected"] + ["ok"] * 39
    np.testing.assert_array_equal(answer.values, canary().predict(FRAME)[1:])
    assert sorted(np.concatenate([share.places for share in answer.shares])) == list(range(not inside, 40))
    assert one.predict_one({"x": 1.0, "customer": "c1"}) == canary().predict_one({"x": 1.0, "customer": "c1"})


def test_in_a_table_of_both_a_challenger_that_raises_costs_its_own_rows_only(caplog):
    one = canary(1.0, Says(2.0, error=ZeroDivisionError("secret")))
    answer = one.handle(Call(frame=FRAME))
    failed = canary().predict(FRAME) == 2.0
    assert [status == "failed" for status in answer.status] == failed.tolist()
    assert (answer.values == 1.0).all() and len(answer.values) == (~failed).sum()
    assert {reasons for reasons in answer.reasons if reasons} == {("ZeroDivisionError",)}
    with pytest.raises(RejectedRowsError, match="ZeroDivisionError"):
        one.predict(FRAME)
    assert "the challenger failed: ZeroDivisionError" in caplog.text


def test_what_the_champion_raises_and_what_one_record_meets_is_raised():
    broken = Says(1.0, error=ZeroDivisionError("of the champion"))
    with pytest.raises(ZeroDivisionError, match="of the champion"):
        canary(broken, 2.0).predict(FRAME)
    one = canary(1.0, Says(2.0, error=ZeroDivisionError("of the challenger")), share=1.0)
    with pytest.raises(ZeroDivisionError, match="of the challenger"):
        one.predict_one({"x": 1.0, "customer": "a"})
    with pytest.raises(ZeroDivisionError, match="of the challenger"):
        one.predict(FRAME)


def test_models_with_other_classes_are_not_mixed():
    first = DummyClassifier(strategy="prior").fit([[0], [1]], ["no", "yes"])
    second = DummyClassifier(strategy="prior").fit([[0], [1]], ["no", "maybe"])
    one = canary(first, second)
    with pytest.raises(ArgumentError, match="the same classes in the same order"):
        one.predict_proba(FRAME)
    one.move(1.0)
    with pytest.raises(ArgumentError, match="the same classes in the same order"):
        one.predict_one({"x": 1.0, "customer": "a"})


def test_probabilities_of_both_stand_in_the_order_of_the_rows():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.random((40, 2)), columns=["a", "b"])
    models = [LogisticRegression(C=strength).fit(table, table["a"] > table["b"]) for strength in (0.1, 10.0)]
    one = canary(*models, key="a")
    whose = one.handle(Call("predict", frame=table)).shares
    together = one.predict_proba(table)
    for share, model in zip(whose, models, strict=True):
        np.testing.assert_allclose(together[share.places], model.predict_proba(table.iloc[share.places]), rtol=1e-12)


def of_both(first, second, method="predict"):
    """Return what a canary of two models says of a frame, beside what each says of its own rows of it."""
    one = Canary(first, second, share=0.5, key="id", salt="test")
    whole = one.handle(Call(method, frame=NUMBERS))
    assert whole.ok and len(whole.shares) == 2
    whose = {share.arm: share.places for share in whole.shares}
    alone = {arm: getattr(model, method)(NUMBERS) for arm, model in [("champion", first), ("challenger", second)]}
    return whole.values, [(places, alone[arm]) for arm, places in whose.items()]


NUMBERS = pd.DataFrame({"id": np.arange(40), "x": np.linspace(0.0, 1.0, 40)})


def test_several_outputs_of_both_are_joined_output_by_output():
    targets = np.column_stack([NUMBERS["x"] > 0.5, NUMBERS["id"] % 3])
    models = [RandomForestClassifier(n_estimators=3, random_state=seed).fit(NUMBERS, targets) for seed in (0, 1)]
    values, parts = of_both(*models, method="predict_proba")
    assert [output.shape for output in values] == [(40, 2), (40, 3)]
    for places, alone in parts:
        for output, own in zip(values, alone, strict=True):
            np.testing.assert_array_equal(output[places], own[places])
    one = canary(*models, key="id").handle(Call("predict_proba", record={"id": 3, "x": 0.1})).one()
    assert [len(probabilities) for probabilities in one] == [2, 3]


def test_sparse_rows_of_both_are_joined_as_sparse_rows():
    first, second = (OneHotEncoder(handle_unknown="ignore").fit(NUMBERS[:20].assign(x=x)) for x in (0.0, 1.0))
    values, parts = of_both(first, second, method="transform")
    assert issparse(values)
    for places, alone in parts:
        np.testing.assert_array_equal(values.toarray()[places], alone.toarray()[places])


def test_lists_of_both_are_joined_in_the_order_of_the_rows():
    class Lists:
        def __init__(self, word):
            self.word = word

        def predict(self, X):
            return [f"{self.word}{number}" for number in X["id"]]

    values, parts = of_both(Lists("old"), Lists("brandnew"))
    for places, alone in parts:
        assert values[places].tolist() == [alone[place] for place in places]


def test_a_challenger_whose_answer_has_other_columns_fails_and_the_champion_answers(caplog):
    class Wide(Says):
        def predict(self, X):
            return np.zeros((len(X), 2))

    class Short(Says):
        def predict(self, X):
            return np.zeros(len(X) - 1)

    for challenger, error in ((Wide(2.0), "ArgumentError"), (Short(2.0), "RejectedRowsError")):
        answer = canary(1.0, challenger).handle(Call(frame=FRAME))
        failed = canary().predict(FRAME) == 2.0
        assert [status == "failed" for status in answer.status] == failed.tolist()
        assert (answer.values == 1.0).all() and len(answer.values) == (~failed).sum()
        assert f"the challenger failed: {error}" in caplog.text
    caplog.clear()
    with pytest.raises(RejectedRowsError, match="rows and returned"):
        canary(Short(1.0), 2.0).predict(FRAME)
    assert caplog.text == ""


def test_polars_and_arrow_tables_are_divided_as_well():
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    expected = canary().predict(FRAME).tolist()
    assert canary().predict(polars.from_pandas(FRAME)).tolist() == expected
    assert canary().predict(pyarrow.Table.from_pandas(FRAME)).tolist() == expected


def test_two_columns_of_the_name_of_the_key_are_refused():
    twice = pd.concat([FRAME, FRAME[["customer"]]], axis=1)
    with pytest.raises(ArgumentError, match="several columns 'customer'"):
        canary().predict(twice)


@pytest.mark.parametrize("key", [["a"], {"a": 1}, b"\xff", 10**30, float("inf"), 1 + 2j, ("a", 1)])
def test_whatever_a_key_is_a_record_is_answered(key):
    assert canary().predict_one({"x": 1.0, "customer": key}) in {1.0, 2.0}


def test_a_key_that_names_no_column_and_a_challenger_that_is_no_model_are_refused():
    with pytest.raises(ArgumentTypeError, match="key is the name of a column"):
        canary(key=5)
    with pytest.raises(ArgumentTypeError, match="fitted model"):
        Canary(Says(1.0), "late:2", share=0.5, key="customer", salt="x")
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        canary().move(2.0)
