"""A version that loads and does not predict is found out before it serves."""

from __future__ import annotations

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from maturekit.registry import Registry
from maturekit.schema import Column, Schema

FRAME = pd.DataFrame({"hour": [7.0, 8.0, 9.0]})


def said(version, **more):
    return {finding.rule: (finding.status, finding.message) for finding in version.rehearse(**more).findings}


def test_a_version_that_predicts_on_its_examples_passes(registry):
    model = LinearRegression().fit(FRAME, [1.0, 2.0, 3.0])
    report = registry.register("late", model, examples=FRAME).rehearse()
    assert report.ok
    assert [finding.count for finding in report.findings] == [None, 3]
    assert report.subjects["version"] == registry["late:1"].digest


def test_only_what_the_contract_calls_features_reaches_the_model(registry):
    schema = Schema({"hour": Column("float"), "late": Column("bool", role="label")})
    model = LinearRegression().fit(FRAME, [1.0, 2.0, 3.0])
    examples = FRAME.assign(late=[True, False, True])
    assert registry.register("late", model, schema=schema, examples=examples).rehearse().ok


@pytest.mark.parametrize(
    ("model", "examples", "status", "words"),
    [
        (LinearRegression(), FRAME, "failed", "the LinearRegression raised NotFittedError"),
        (LinearRegression().fit(FRAME, [1, 2, 3]), FRAME.rename(columns={"hour": "day"}), "failed", "feature names"),
        (LinearRegression().fit(FRAME, [1, 2, 3]), None, "not_enough_evidence", "without examples"),
        ({"weights": [1.0]}, FRAME, "failed", "a dict has no method 'predict'"),
    ],
    ids=["unfitted", "other columns", "no examples", "no model"],
)
def test_a_version_that_does_not_predict_is_told_apart(registry, model, examples, status, words):
    version = registry.register("late", model, examples=examples)
    found, message = said(version)["predict"]
    assert found == status
    assert words in message
    assert not version.rehearse().ok


def test_a_version_that_does_not_load_could_not_be_asked(registry, store):
    version = registry.register("late", LinearRegression().fit(FRAME, [1, 2, 3]), examples=FRAME)
    (file,) = version.body.model.files.values()
    store.delete(registry.blobs("late").key(file.digest))
    found = said(Registry(store)["late:1"])
    assert found["load"][0] == "failed"
    assert "missing" in found["load"][1]
    assert found["predict"][0] == "could_not_run"
