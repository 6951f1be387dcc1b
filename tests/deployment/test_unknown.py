"""A guard rejects, names, lets through or blanks categories that its contract does not know, as it is told."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression

from maturekit.deployment import Call, Guarded, Live, Wrapper
from maturekit.deployment.compiled.trial import Trial
from maturekit.errors import ArgumentError, ArgumentTypeError, RejectedRecordError, SchemaError
from maturekit.registry import Registry
from maturekit.schema import Column, Schema
from maturekit.storage import MemoryStore

SCHEMA = Schema(
    {
        "carrier": Column("category", categories=["AA", "UA"]),
        "stops": Column("category", categories=[0, 1], unknown="allow", aliases=["n_stops"]),
        "distance": Column("float", gt=0),
    }
)
FRAME = pd.DataFrame({"carrier": ["AA", "ZZ"], "stops": [0, 7], "distance": [1.0, 2.0]})
ODD = {"carrier": "ZZ", "stops": 7, "distance": 2.0}


class Zeros:
    """A model for which everything is 0."""

    def predict(self, X):
        return np.zeros(len(X))


class Spy(Wrapper):
    """Remembers what reaches the model."""

    def _handle(self, call, inward):
        self.seen = call.table()
        return inward(call)


def asked(unknown, *, frame=FRAME, record=ODD, schema=SCHEMA):
    """Return both answers, and what the model saw of the odd row in both."""
    spy = Spy(Zeros())
    service = Guarded(spy, schema=schema, unknown=unknown)
    whole = service.handle(Call(frame=frame))
    rows = spy.seen
    return whole, service.handle(Call(record=record)), rows, spy.seen


def test_as_the_contract_has_it_by_default():
    whole, one, rows, _ = asked(None)
    assert (whole.status, one.status) == (["ok", "rejected"], ["rejected"])
    assert whole.reasons[1] == one.reasons[0] == ("categories:carrier",)
    assert rows.to_numpy().tolist() == [["AA", 0, 1.0]]


def test_all_can_be_rejected():
    whole, one, *_ = asked("reject")
    assert whole.reasons[1] == one.reasons[0] == ("categories:carrier", "categories:stops")


@pytest.mark.parametrize(("unknown", "named"), [("allow", []), ("flag", ["carrier", "stops"])])
def test_they_can_reach_the_model_with_or_without_being_named(unknown, named):
    whole, one, rows, row = asked(unknown)
    assert whole.ok
    assert one.ok
    assert rows["carrier"].tolist() == ["AA", "ZZ"]
    assert row["stops"].tolist() == [7]
    assert [finding.columns[0] for finding in whole.findings] == named
    assert [finding.columns[0] for finding in one.findings] == named


def test_they_can_count_as_missing_and_are_named():
    whole, one, rows, row = asked("missing")
    assert whole.ok
    assert one.ok
    assert rows.isna().to_numpy().tolist() == [[False] * 3, [True, True, False]]
    assert row.isna().to_numpy().tolist() == [[True, True, False]]
    assert rows["distance"].tolist() == [1.0, 2.0]
    for answer in (whole, one):
        assert [(finding.rule, finding.columns[0], finding.severity) for finding in answer.findings] == [
            ("categories", "carrier", "warning"),
            ("categories", "stops", "warning"),
        ]
    assert whole.findings[0].positions.tolist() == [1]
    assert FRAME["carrier"].tolist() == ["AA", "ZZ"]  # the caller's own table is as it was
    assert ODD["carrier"] == "ZZ"


def test_each_column_can_have_its_own_word_and_the_others_keep_theirs():
    whole, one, rows, row = asked({"carrier": "missing"})
    assert whole.ok
    assert one.ok
    assert rows["stops"].tolist() == [0, 7]
    assert rows["carrier"].isna().tolist() == [False, True]
    assert row["carrier"].isna().all()


def test_storage_in_categories_and_other_names_make_no_difference():
    frame = FRAME.assign(carrier=FRAME["carrier"].astype("category")).rename(columns={"stops": "n_stops"})
    _, _, rows, row = asked("missing", frame=frame, record={"carrier": "UA", "n_stops": 7, "distance": 2.0})
    assert rows["carrier"].isna().tolist() == [False, True]
    assert rows["stops"].isna().tolist() == [False, True]
    assert row["carrier"].tolist() == ["UA"]
    assert row["stops"].isna().all()


def test_rows_refused_for_other_reasons_stay_refused():
    whole, one, rows, _ = asked("missing", frame=FRAME.assign(distance=[-1.0, 2.0]), record=ODD | {"distance": -1.0})
    assert (whole.status, one.status) == (["rejected", "ok"], ["rejected"])
    assert rows["carrier"].isna().tolist() == [True]


def test_a_policy_survives_pickling():
    model = DummyRegressor(strategy="constant", constant=0.0).fit(FRAME, [1.0, 2.0])
    guarded = Guarded(model, schema=SCHEMA, unknown={"carrier": "allow", "stops": "reject"})
    service = pickle.loads(pickle.dumps(guarded))
    assert service.predict_one(ODD | {"stops": 1}) == 0.0
    with pytest.raises(RejectedRecordError, match="categories:stops"):
        service.predict_one(ODD)


@pytest.mark.parametrize(
    ("unknown", "error", "words"),
    [
        ("drop", ArgumentError, "unknown='drop' is none of reject, flag, allow, missing"),
        ({"carrier": None}, ArgumentError, "unknown=None is none of"),
        (7, ArgumentTypeError, "unknown must be a word or a mapping"),
        ({7: "allow"}, ArgumentTypeError, "unknown= names 7, which is no name of a column"),
    ],
)
def test_what_is_no_policy_is_refused_at_once(unknown, error, words):
    with pytest.raises(error, match=words):
        Guarded(Zeros(), schema=SCHEMA, unknown=unknown)


@pytest.mark.parametrize(
    ("name", "words"), [("carier", "'carier'.*'carrier'"), ("distance", "which has no categories")]
)
def test_a_policy_for_a_column_without_categories_is_refused_when_the_contract_is_known(name, words):
    with pytest.raises(SchemaError, match=words):
        Guarded(Zeros(), schema=SCHEMA, unknown={name: "allow"}).predict(FRAME)


def test_a_new_version_with_another_contract_is_answered_under_the_same_policy():
    registry = Registry(MemoryStore(), actor="ada")
    model = DummyRegressor(strategy="constant", constant=0.0)
    for names in (["carrier", "distance"], ["carrier", "stops"]):
        version = registry.register(
            "fares", model.fit(FRAME[names], [0.0, 0.0]), schema=Schema({name: SCHEMA.columns[name] for name in names})
        )
        registry.promote(version, to="production", actor="ada", reason="test")
        if version.number == 1:
            service = Guarded(Live(registry, "fares@production", refresh_seconds=0), unknown={"carrier": "missing"})
        answer = service.handle(Call(record=ODD))
        assert (answer.version, answer.status) == (f"fares:{version.number}", ["ok"])
        assert [finding.columns for finding in answer.findings] == [("carrier",)]


def test_a_version_that_is_swapped_in_answers_the_first_record_by_compiled_code_also_under_a_policy(monkeypatch):
    registry = Registry(MemoryStore(), actor="ada")
    frame = pd.DataFrame({"distance": [1.0, 2.0, 3.0]})
    schema = Schema({"distance": Column("float"), "stops": Column("category", categories=[0, 1])})
    frame["stops"] = [0, 1, 0]
    for factor in (1.0, 2.0):
        model = LinearRegression().fit(frame, factor * frame["distance"])
        version = registry.register("line", model, schema=schema, examples=frame)
    registry.promote(registry["line:1"], to="production", actor="ada", reason="test")
    live = Live(registry, "line@production", refresh_seconds=float("inf"))
    service = Guarded(live, unknown="allow")
    assert service.predict_one({"distance": 2.0, "stops": 7}) == pytest.approx(2.0)
    registry.promote(version, to="production", actor="ada", reason="test")
    assert live.refresh()
    proofs = []
    monkeypatch.setattr(Trial, "run", lambda self, values: proofs.append(values))
    assert service.predict_one({"distance": 2.0, "stops": 7}) == pytest.approx(4.0)
    assert proofs == []
