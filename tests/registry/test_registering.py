"""What is registered is checked, stored and read back; nothing is half-written."""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    NameRuleError,
    NotFoundError,
    StorageError,
    VersionNotFoundError,
)
from maturekit.registry import Registry
from maturekit.reports import Finding, Report
from maturekit.schema import Schema
from maturekit.statistics import Interval
from maturekit.storage import LocalStore, MemoryStore


def test_what_is_registered_is_read_back(registry, store):
    examples = pd.DataFrame({"hour": [7, 8], "carrier": ["UA", None]})
    evidence = Report("validation", [Finding("nullable", "passed")])
    registry.register(
        "late",
        {"threshold": 15},
        examples=examples,
        metrics={"auc": np.float64(0.775), "rows": 1000},
        parameters={"depth": np.int64(3), "columns": ("hour", "dest"), "nested": {"on": True, "none": None}},
        evidence=[evidence],
        fingerprint="sha256:ab",
        revision="0123abc",
        tags=["weekly", "weekly", "north"],
        notes="first\nsecond line, ä",
    )
    version = Registry(store)["late:1"]
    assert version.load() == {"threshold": 15}
    pd.testing.assert_frame_equal(version.examples, examples)
    assert dict(version.metrics) == {"auc": 0.775, "rows": 1000.0}
    assert dict(version.parameters) == {"depth": 3, "columns": ["hour", "dest"], "nested": {"on": True, "none": None}}
    assert version.reports() == (evidence,)
    assert (version.name, version.number, version.reference) == ("late", 1, "late:1")
    assert (version.fingerprint, version.revision, version.tags) == ("sha256:ab", "0123abc", ("weekly", "north"))
    assert version.notes == "first\nsecond line, ä"
    assert (version.actor, version.cause, version.parent) == ("ada", None, None)
    assert version.gaps == ("schema", "profile")
    assert version.environment["numpy"] == np.__version__
    assert version.environment["python"] == ".".join(map(str, sys.version_info[:3]))


def test_the_event_of_a_version_says_what_others_rely_on(registry):
    version = registry.register("late", "a model", revision="abc")
    event = registry.history("late")[0]
    assert (event.kind, event.subject, event.id) == ("version", version.digest, version.event_id)
    assert set(event.body) == {
        "number", "model", "schema", "profile", "examples", "metrics", "parameters", "fingerprint", "revision",
        "environment", "parent", "tags", "notes", "intervals", "origin",
    }  # fmt: skip
    assert event.body["model"]["serializer"] == "joblib"
    assert event.body["revision"] == {"commit": "abc", "branch": None, "dirty": None}
    assert event.body["schema"] is None


def test_schema_and_profile_come_back_as_objects(registry):
    from maturekit.profile import Profile
    from maturekit.schema import Schema

    frame = pd.DataFrame({"hour": [7.0, 8.0, 9.5] * 20, "carrier": ["UA", "AA", "UA"] * 20})
    schema, profile = Schema.learn(frame), Profile.of(frame)
    version = registry.register("late", "a model", schema=schema, profile=profile)
    assert version.schema.digest == schema.digest
    assert version.profile.digest == profile.digest
    assert version.facts().has == {"schema", "profile"}


@pytest.mark.parametrize("name", ["name", "alias"])
def test_examples_of_personal_columns_are_made_up(registry, name):
    from maturekit.schema import Column, Schema

    schema = Schema({"name": Column("string", tags=["personal"], aliases=["alias"]), "hour": Column("int")})
    rows = pd.DataFrame({name: ["Ada", "Bob"], "hour": [7, 8]})
    version = registry.register("late", "a model", schema=schema, examples=rows)
    assert version.examples["hour"].tolist() == [7, 8]
    assert not {"Ada", "Bob"} & set(version.examples[name])


def test_what_is_missing_is_a_gap_and_no_refusal(store):
    version = Registry(store).register("late", "a model")
    assert set(version.gaps) >= {"schema", "profile", "examples", "metrics", "parameters", "fingerprint", "actor"}
    assert (version.schema, version.profile, version.examples, version.notes) == (None, None, None, "")
    assert "without schema" in repr(version)


def test_versions_are_numbered_and_know_their_parent(registry):
    for text in "abc":
        registry.register("late", text)
    registry.register("other", "x")
    versions = registry.versions("late")
    assert [version.number for version in versions] == [1, 2, 3]
    assert [version.parent for version in versions] == [None, 1, 2]
    assert [version.load() for version in versions] == ["a", "b", "c"]
    assert len({version.digest for version in versions}) == 3
    assert registry.names() == ["late", "other"]


def test_a_parent_is_an_earlier_version_of_the_same_model(registry):
    for text in ("a", "b"):
        registry.register("late", text)
    assert registry.register("late", "c", parent="late:1").parent == 1
    other = registry.register("fraud", "d")
    with pytest.raises(ArgumentError, match="the parent fraud:1 is a version of another model"):
        registry.register("late", "e", parent=other)
    with pytest.raises(VersionNotFoundError):
        registry.register("late", "e", parent="late:9")
    assert len(registry.versions("late")) == 3


def test_equal_content_has_one_digest_wherever_it_stands(registry):
    first, second, third = (registry.register("late", text, revision="abc") for text in ("a", "b", "a"))
    other = Registry(MemoryStore()).register("later", "a", revision="abc")
    assert first.digest == third.digest == other.digest != second.digest
    assert first != third


def test_a_metric_keeps_its_interval(registry, store):
    auc = Interval(0.77, 0.75, 0.79, confidence=0.95, n=4_000)
    registry.register("late", "a", metrics={"roc_auc": auc, "share": 0.2})
    version = Registry(store)["late:1"]
    assert version.metrics == {"roc_auc": 0.77, "share": 0.2}
    bounds = version.intervals["roc_auc"]
    assert (bounds.low, bounds.high, bounds.confidence, bounds.n) == (0.75, 0.79, 0.95, 4_000)
    assert list(version.intervals) == ["roc_auc"]


@pytest.mark.parametrize(("low", "high"), [(0.8, 0.9), (0.79, 0.75), (-math.inf, math.inf)])
def test_an_interval_contains_its_metric(registry, low, high):
    with pytest.raises(ArgumentError, match="the metric 'roc_auc' has no proper interval"):
        registry.register("late", "a", metrics={"roc_auc": Interval(0.77, low, high, confidence=0.95, n=9)})


@pytest.mark.parametrize("rows", [-3, 2.5, math.nan, None])
def test_the_rows_behind_an_interval_are_a_count(registry, rows):
    measured = SimpleNamespace(value=0.77, low=0.7, high=0.8, confidence=0.95, n=rows)
    with pytest.raises(ArgumentError, match="the metric 'roc_auc' has no proper interval"):
        registry.register("late", "a", metrics={"roc_auc": measured})


def test_equal_content_is_stored_once(registry, store):
    for _ in range(3):
        registry.register("late", "the same", notes="the same")
    blobs = list(store.list("logs/model/late/events/blobs/"))
    assert len(blobs) == 3  # model, notes, list of packages


def test_a_cause_is_an_event_that_exists(registry):
    first = registry.register("late", "a")
    alarm = registry.attach(first, Report("drift-reading", [Finding("alarm", "failed")]))
    assert registry.register("late", "b", cause=alarm).cause == alarm.id == "model/late/2"
    assert registry.register("late", "c", cause="model/late/1").cause == "model/late/1"
    with pytest.raises(NotFoundError, match="there is no event 'model/late/99'"):
        registry.register("late", "d", cause="model/late/99")
    for strange in ("an alarm", "model/late/01", "model/late/0"):
        with pytest.raises(ArgumentError, match=f"'{strange}' is no event"):
            registry.register("late", "d", cause=strange)
    other = Registry(MemoryStore(), actor="ada")
    with pytest.raises(ArgumentError, match="'model/late/1' is an event of another registry"):
        registry.register("late", "d", cause=other.register("late", "a").event)
    assert len(registry.versions("late")) == 3


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"metrics": {"auc": float("nan")}}, ArgumentError, "the metric 'auc' is nan"),
        ({"metrics": {"auc": float("inf")}}, ArgumentError, "the metric 'auc' is inf"),
        ({"metrics": {"auc": "0.7"}}, ArgumentError, "the metric 'auc' is '0.7'"),
        ({"metrics": {"auc": None}}, ArgumentError, "the metric 'auc' is NoneType, no number"),
        ({"metrics": {"auc": True}}, ArgumentError, "the metric 'auc' is True"),
        ({"metrics": {1: 0.7}}, ArgumentTypeError, "the name in metrics must be a str"),
        ({"metrics": [0.7]}, ArgumentTypeError, "metrics must be a dictionary"),
        ({"parameters": {"x": object()}}, ArgumentError, "the parameter 'x' cannot be stored"),
        ({"parameters": {"x": float("nan")}}, ArgumentError, "the parameter 'x' cannot be stored"),
        ({"parameters": {"x": {1: 2}}}, ArgumentError, "the parameter 'x' cannot be stored"),
        ({"tags": "weekly"}, ArgumentTypeError, "tags is a list"),
        ({"tags": [""]}, ArgumentError, "the tag is empty"),
        ({"tags": ["two\nlines"]}, ArgumentError, "the tag must be one printable line"),
        ({"notes": 7}, ArgumentTypeError, "the notes must be a str"),
        ({"notes": "\ud800"}, ArgumentError, "the notes is not valid Unicode"),
        ({"actor": ""}, ArgumentError, "the actor is empty"),
        ({"fingerprint": "x" * 501}, ArgumentError, "at most 500 characters"),
        ({"evidence": Report("x", [])}, ArgumentTypeError, "evidence is a list of reports"),
        ({"evidence": ["fine"]}, ArgumentTypeError, "evidence must be reports, got str"),
        ({"examples": [1, 2]}, ArgumentTypeError, "examples must be a table"),
        ({"examples": pd.DataFrame({"x": [{}]})}, ArgumentError, "column 'x' has a value of type dict"),
        ({"schema": "a schema"}, ArgumentTypeError, "the schema must be a Schema, got str"),
        ({"profile": {}}, ArgumentTypeError, "the profile must be a Profile, got dict"),
        ({"model": None}, ArgumentTypeError, "the model is None"),
        ({"model": LogisticRegression}, ArgumentTypeError, "the model is the class LogisticRegression"),
        ({"schema": pd.DataFrame({"x": [1]})}, ArgumentTypeError, "the schema must be a Schema, got DataFrame"),
        ({"profile": Schema.learn(pd.DataFrame({"x": [1]}))}, ArgumentTypeError, "a Profile, got Schema"),
        ({"metrics": {"auc": 10**5000}}, ArgumentError, "the metric 'auc' is inf"),
        ({"metrics": {"auc": np.float32("nan")}}, ArgumentError, "the metric 'auc' is nan"),
        ({"parameters": {"x": np.sin}}, ArgumentError, "the parameter 'x' cannot be stored"),
        ({"notes": None}, ArgumentTypeError, "the notes must be a str, got NoneType"),
        ({"tags": 7}, ArgumentTypeError, "tags is a list of texts, got int"),
        ({"evidence": None}, ArgumentTypeError, "evidence is a list of reports, got NoneType"),
        ({"model": lambda: None}, ArgumentError, "the serializer 'joblib' cannot write this function"),
        ({"serializer": "joblib"}, ArgumentTypeError, "expected a Serializer, got 'joblib'"),
    ],
)  # fmt: skip
def test_what_cannot_be_stored_is_refused_before_anything_is_written(store, arguments, error, words):
    with pytest.raises(error, match=words):
        Registry(store).register("late", **{"model": "a model", **arguments})
    assert store.is_empty()


@pytest.mark.parametrize(
    "name",
    ["../x", "..", "CON", "con", "com1", "lpt9.txt", "", "a/b", "a\\b", "x" * 300, "x" * 65, "Late", "a b", "ä", ".a",
     "a.", "-a", "a..b", "a\n", "a:b", "a@b", "a\x00b"],
)  # fmt: skip
def test_names_that_are_not_portable_are_refused_everywhere(registry, store, name):
    registry.register("late", "a")
    before = list(store.list())
    calls = [
        lambda: registry.register(name, "a"),
        lambda: registry.promote("late:1", to=name, actor="ada", reason="x"),
        lambda: registry.rollback(name, alias="production", actor="ada", reason="x"),
        lambda: registry.rollback("late", alias=name, actor="ada", reason="x"),
        lambda: registry.history(name),
        lambda: registry.versions(name),
    ]
    for call in calls:
        with pytest.raises(NameRuleError):
            call()
    assert list(store.list()) == before


@pytest.mark.parametrize("name", [None, 7, b"late"])
def test_names_of_another_type_are_refused(registry, name):
    with pytest.raises(ArgumentTypeError, match="model name must be a str"):
        registry.register(name, "a")


def test_a_registration_that_failed_leaves_nothing_while_its_error_is_looked_at(tmp_path, plain):
    """A notebook keeps the last error, and with it everything that was alive where it happened."""

    class Full(LocalStore):
        def _put_new(self, key, data):
            if data == b"a note":
                raise StorageError("could not write: No space left on device")
            super()._put_new(key, data)

    registry = Registry(Full(tmp_path), actor="ada", serializers=[plain])
    registry.register("late", "a", serializer=plain, revision="abc")
    for trouble in ({"notes": "a note"}, {"parent": "late:7"}, {"cause": "model/late/7"}):
        with pytest.raises((StorageError, NotFoundError)) as kept:
            registry.register("late", "m" * 5_000_000, serializer=plain, revision="abc", **trouble)
        assert kept.tb is not None
        assert [path for path in tmp_path.rglob(".unfinished-*") if path.is_file()] == []
