"""A reference leads to one version, or to the nearest names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from maturekit.errors import (
    AliasNotFoundError,
    ArgumentError,
    IntegrityError,
    ModelNotFoundError,
    NameRuleError,
    VersionNotFoundError,
)
from maturekit.registry import Registry
from maturekit.reports import Report


@pytest.mark.parametrize(
    ("reference", "error", "words"),
    [
        ("late", ArgumentError, "'late' is no reference to a version"),
        ("late:x", ArgumentError, "is no reference"),
        ("late@production:1", AliasNotFoundError, "no alias of 'late' named 'production:1'"),
        ("", ArgumentError, "is no reference"),
        (3, ArgumentError, "3 is no reference"),
        ("late:2", VersionNotFoundError, "'late' has no version 2\n\nHint: its versions are 1 to 1."),
        ("late:0", VersionNotFoundError, "'late' has no version 0"),
        ("lateflights:1", ModelNotFoundError, "no model named 'lateflights'; known: 'fraud', 'late'"),
        ("lade:1", ModelNotFoundError, "did you mean 'late'?"),
        ("late@prodution", AliasNotFoundError, "did you mean 'production'?"),
        ("Late:1", NameRuleError, "has the capital letter 'L'"),
    ],
)
def test_a_reference_that_names_nothing_is_answered_with_the_nearest(registry, reference, error, words):
    registry.register("late", "a")
    registry.register("fraud", "b")
    registry.promote("late:1", to="production", actor="ada", reason="x")
    with pytest.raises(error) as raised:
        _ = registry[reference]
    assert words in str(raised.value)


def test_a_second_registry_object_sees_new_writes_at_once(registry, store):
    other = Registry(store)
    registry.register("late", "a")
    assert other["late:1"].load() == "a"
    registry.register("late", "b")
    registry.promote("late:2", to="production", actor="ada", reason="x")
    assert other["late@production"].number == 2
    assert [event.kind for event in other.history("late")] == ["version", "version", "alias"]


def test_head_changes_with_every_event(registry):
    version = registry.register("late", "a")
    heads = [registry.head("late")]
    registry.attach(version, Report("review", []))
    heads.append(registry.head("late"))
    assert len(set(heads)) == 2
    assert heads[0] == registry.history("late")[0].digest


def test_a_damaged_model_does_not_disturb_its_neighbours(registry, store, replace):
    registry.register("bad", "a")
    registry.register("good", "b")
    replace(store, "logs/model/bad/events/000000000001.json", b"torn")
    fresh = Registry(store)
    assert fresh.names() == ["bad", "good"]
    assert fresh["good:1"].load() == "b"
    assert fresh.register("good", "c").number == 2
    with pytest.raises(IntegrityError, match="model/bad: event 1"):
        fresh.register("bad", "d")


def test_comparing_versions_tells_what_differs(registry):
    registry.register("late", "a", metrics={"auc": 0.7, "old": 1}, parameters={"depth": 3}, notes="x", revision="abc")
    registry.register("late", "b", metrics={"auc": 0.75}, parameters={"depth": 4}, revision="abc", tags=["new"])
    report = registry.compare("late:1", "late:2")
    assert report.ok
    found = {(finding.rule, *finding.columns): finding.message for finding in report.findings}
    assert found == {
        ("model",): "other files: model.joblib",
        ("notes",): "removed",
        ("metric", "auc"): "0.7 -> 0.75",
        ("metric", "old"): "1 -> none",
        ("tags",): "none -> new",
        ("parameter", "depth"): "3 -> 4",
    }
    gain = next(finding for finding in report.findings if finding.columns == ("auc",))
    assert gain.value == pytest.approx(0.05)
    assert registry.compare("late:1", "late:1").findings == ()


def test_a_version_shows_itself_with_every_value_escaped(registry):
    version = registry.register("late", "a", metrics={"<b>": 0.5}, tags=["<script>alert(1)</script>"])
    assert "<Version late:1" in repr(version)
    assert "<script>" not in version._repr_html_()
    assert "&lt;b&gt;" in version._repr_html_()


def test_registry_and_version_can_be_pickled(tmp_path, pickled):
    registry = Registry(tmp_path, actor="ada")
    version = registry.register("late", "a")
    again, twin = pickled(registry), pickled(version)
    assert again["late:1"] == version == twin
    assert twin.load() == "a"
    assert again.register("late", "b").actor == "ada"


def test_time_comes_from_the_clock_and_never_goes_back(store):
    days = iter([3, 1, 4])
    registry = Registry(store, clock=lambda: datetime(2013, 5, next(days), tzinfo=UTC))
    assert [registry.register("late", text).time.day for text in "abc"] == [3, 3, 4]


def test_a_job_says_that_it_is_one(store):
    Registry(store, actor="retrain", actor_kind="job").register("late", "a")
    assert Registry(store).history("late")[0].actor_kind == "job"
    with pytest.raises(ArgumentError, match="'robot' is neither 'person' nor 'job'"):
        Registry(store, actor_kind="robot")


def test_a_version_knows_its_number_whatever_its_measures_are_called(registry, store):
    names = {"number": 7.0, "origin": 9.0}
    for _ in range(2):
        registry.register("late", "a", metrics=names, parameters=names | {"text": '"number":9,"origin":'})
    assert [version.number for version in Registry(store).versions("late")] == [1, 2]
