"""Listings: every version and every event of many models as a frame."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from maturekit.errors import (
    ArgumentTypeError,
    IntegrityError,
    MaturekitWarning,
    ModelNotFoundError,
    RegistryNotFoundError,
)
from maturekit.events import Draft
from maturekit.registry import Registry
from maturekit.reports import Certainty, Finding, Report
from maturekit.statistics import Interval
from maturekit.storage import MemoryStore

FACTS = "name number reference actor tags parent cause fingerprint revision dirty gaps digest".split()


@pytest.fixture
def listed(store):
    """A registry of three models with a little of everything, and a clock that ticks by days."""
    moments = iter(datetime(2013, 5, 1, tzinfo=UTC) + timedelta(days=day) for day in range(100))
    registry = Registry(store, actor="ada", clock=lambda: next(moments))
    registry.register("cheap-seats", "a", metrics={"rmse": 3}, parameters={"depth": 3, "loss": "l1", "deep": True})
    registry.register("cheap-seats", "b", parameters={"depth": 2.5, "steps": [1, 2]}, tags=["weekly", "small"])
    sure = Interval(0.77, 0.75, 0.79, confidence=0.95, n=4000)
    late = registry.register("late", "c", metrics={"roc_auc": sure, "rmse": 1.5}, notes="first", revision="abc")
    registry.register("late", "d", cause=late.event, fingerprint="sha256:0", parameters={"depth": 4})
    registry.register("noise", "e", actor="eve")
    return registry


def test_a_frame_has_one_row_a_version_by_name_and_number(listed):
    frame = listed.frame()
    assert frame["reference"].tolist() == ["cheap-seats:1", "cheap-seats:2", "late:1", "late:2", "noise:1"]
    assert list(frame.index) == [0, 1, 2, 3, 4]


def test_a_row_says_what_the_version_says(listed):
    frame = listed.frame()
    for row in frame.to_dict("records"):
        version = listed[row["reference"]]
        for fact in FACTS:
            told = getattr(version, fact)
            assert pd.isna(row[fact]) if told is None else row[fact] == told, fact
        assert row["time"] == version.time
        assert row["size_bytes"] == sum(file.size for file in version.body.model.files.values())
        assert row["serializer"] == "joblib"
        for text, told in (("schema", version.body.contract), ("notes", version.body.notes)):
            assert pd.isna(row[text]) if told is None else row[text] == told


@pytest.mark.parametrize(
    ("names", "found"),
    [("*", 5), ("late", 2), ("l*", 2), ("[cn]*", 3), ("?ate", 2), ("none-*", 0), ("L*", 0)],
)
def test_models_are_chosen_by_pattern(listed, names, found):
    assert len(listed.frame(names)) == found
    assert len(listed.events(names)) == found


def test_metrics_and_parameters_have_columns_of_their_own(listed):
    frame = listed.frame()
    assert list(frame.columns)[-8:] == [
        "metric.rmse", "metric.roc_auc", "low.roc_auc", "high.roc_auc",
        "parameter.deep", "parameter.depth", "parameter.loss", "parameter.steps",
    ]  # fmt: skip
    assert frame["metric.rmse"].dropna().tolist() == [3.0, 1.5]
    assert frame.loc[2, ["low.roc_auc", "high.roc_auc"]].tolist() == [0.75, 0.79]
    kinds = {name: str(frame[f"parameter.{name}"].dtype) for name in ("deep", "depth", "loss", "steps")}
    assert kinds == {"deep": "boolean", "depth": "float64", "loss": "string", "steps": "object"}
    assert str(listed.frame("late")["parameter.depth"].dtype) == "Int64"
    assert str(listed.frame("cheap-seats")["metric.rmse"].dtype) == "float64"


def test_a_number_too_large_for_a_column_is_kept_as_it_is(registry):
    registry.register("late", "a", parameters={"seed": 2**80})
    assert registry.frame()["parameter.seed"].tolist() == [2**80]


def test_an_empty_listing_has_the_columns_and_kinds_of_a_full_one(listed):
    for full, empty in ((listed.frame(), listed.frame("none-*")), (listed.events(), listed.events("none-*"))):
        fixed = list(empty.columns)
        assert list(full.columns)[: len(fixed)] == fixed
        assert full[fixed].dtypes.astype(str).to_dict() == empty.dtypes.astype(str).to_dict()
        assert isinstance(empty.index, pd.RangeIndex)


def test_a_frame_is_searched_with_pandas(listed):
    frame = listed.frame()
    assert frame.query("`metric.rmse` < 2")["reference"].tolist() == ["late:1"]
    assert frame.query("actor == 'eve' or parent == 1")["reference"].tolist() == ["cheap-seats:2", "late:2", "noise:1"]
    assert frame.sort_values("time", ascending=False)["reference"].iloc[0] == "noise:1"
    assert frame[frame["tags"].map(lambda tags: "weekly" in tags)]["number"].tolist() == [2]


def test_a_row_knows_aliases_and_evidence(listed):
    listed.promote("late:1", to="production", actor="ada", reason="first")
    listed.promote("late:2", to="challenger", actor="ada", reason="new")
    listed.swap("late", "production", "challenger", actor="ada", reason="better")
    listed.promote("late:2", to="best", actor="ada", reason="too")
    listed.retire("late", alias="challenger", actor="ada", reason="done")
    listed.attach("late:1", Report("review", [Finding("look", "failed")]))
    listed.attach("late:1", Report("review", [Finding("look", "passed")]))
    alarm = Finding("alarm", "failed", value=40.0, certainty=Certainty(2.0, "years between false alarms"))
    listed.attach("late:1", Report("drift-reading", [alarm]))
    listed.approve("late:2", actor="bob", role="reviewer")
    frame = listed.frame("late").set_index("number")
    assert frame["aliases"].tolist() == [(), ("best", "production")]
    counts = frame[["reports", "reports_failed", "alarms", "approvals"]]
    assert counts.to_numpy().tolist() == [[3, 2, 1, 0], [0, 0, 0, 1]]
    assert counts.dtypes.eq("int64").all()


def test_a_row_knows_what_is_held_and_what_was_erased(listed):
    for version in ("late:1", "late:2", "late:2"):
        listed.hold(version, actor="ada", reason="an audit")
    for version in ("late:1", "late:2"):
        listed.release(version, actor="ada", reason="it is over")
    listed.erase("late:1", actor="ada", reason="no longer needed")
    frame = listed.frame("late")
    assert frame[["held", "erased"]].to_numpy().tolist() == [[False, True], [True, False]]


def test_events_tell_every_move(listed):
    listed.promote("late:1", to="production", actor="ada", reason="first")
    listed.promote("late:2", to="challenger", actor="bob", reason="new")
    listed.swap("late", "production", "challenger", actor="bob", reason="better", cause="model/noise/1")
    listed.rollback("late", alias="production", actor="ada", reason="worse")
    listed.retire("late", alias="challenger", actor="ada", reason="done")
    moves = listed.events(kinds=["alias"])
    told = moves[["alias", "from", "to", "swapped", "rollback", "version"]].astype(object)
    assert told.where(told.notna(), None).to_numpy().tolist() == [
        ["production", None, 1, None, False, 1],
        ["challenger", None, 2, None, False, 2],
        ["production", 1, 2, "challenger", False, 2],
        ["production", 2, 1, None, True, 1],
        ["challenger", 1, None, None, False, None],
    ]
    assert moves["actor"].tolist() == ["ada", "bob", "bob", "ada", "ada"]
    assert moves.loc[2, ["id", "reason", "cause"]].tolist() == ["model/late/5", "better", "model/noise/1"]


def test_events_tell_versions_and_reports(listed):
    listed.attach("late:2", Report("review", [Finding("look", "failed")]), actor="bob")
    events = listed.events("late")
    assert events["kind"].tolist() == ["version", "version", "report"]
    assert events["version"].tolist() == [1, 2, 2]
    assert events.loc[2, ["verdict", "report_kind", "actor"]].tolist() == ["failed", "review", "bob"]
    assert events["time"].tolist() == [event.time for event in listed.history("late")]
    assert events["subject"].tolist() == [event.subject for event in listed.history("late")]


def test_kinds_and_names_of_the_wrong_type_are_refused(listed):
    with pytest.raises(ArgumentTypeError, match=r"kinds is a list of texts, got the str 'alias'"):
        listed.events(kinds="alias")
    with pytest.raises(ArgumentTypeError, match="names is a pattern such as 'late-\\*', got list"):
        listed.frame(["late"])


def test_a_name_without_wildcards_must_be_there(listed):
    with pytest.raises(ModelNotFoundError, match="did you mean 'late'"):
        listed.frame("lates")


def test_a_damaged_model_is_named_and_hides_no_other(listed, store, replace):
    key = "logs/model/cheap-seats/events/000000000001.json"
    replace(store, key, store.get(key).replace(b"rmse", b"rmsf"))
    fresh = Registry(store)
    with pytest.warns(
        MaturekitWarning, match="'cheap-seats' is left out: model/cheap-seats: event 1 is damaged"
    ) as seen:
        frame = fresh.frame()
    assert frame["name"].unique().tolist() == ["late", "noise"]
    assert seen[0].filename == __file__
    with pytest.warns(MaturekitWarning, match="'cheap-seats' is left out") as seen:
        assert fresh.events("*s*")["name"].tolist() == ["noise"]
    assert seen[0].filename == __file__
    with pytest.raises(IntegrityError, match="event 1 is damaged"):
        fresh.frame("cheap-seats")


def test_an_event_that_is_no_version_is_a_fault_of_its_model(listed):
    listed.log("late").append(Draft("report", body={"version": 1}, actor="eve"))
    with pytest.raises(IntegrityError, match="an event of 'late' is malformed: KeyError"):
        listed.frame("late")
    with pytest.warns(MaturekitWarning, match="'late' is left out"):
        assert len(listed.frame()) == 3


def test_a_model_whose_first_event_never_came_is_left_out(listed, store):
    store.put_new("logs/model/half/events/blobs/sha256/ab/" + "ab" * 32, b"content")
    assert len(listed.frame()) == 5


def test_a_long_history_is_listed_whole(registry):
    body = registry.register("late", "a").event.body
    log = registry.log("late")
    for number in range(2, 251):
        log.append(Draft("version", body=body | {"number": number}, actor="ada"))
    assert Registry(registry.store).frame()["number"].tolist() == list(range(1, 251))


@pytest.fixture(scope="module")
def thousands():
    """A model of 1,800 events of every kind that a listing counts, and a smaller one."""
    registry = Registry(MemoryStore(), actor="ada")
    for name, versions in (("late", 400), ("noise", 3)):
        first = registry.register(name, "a", metrics={"auc": 0.5}, parameters={"depth": 3, "how": {"a": 1}}, tags=["x"])
        log, body = registry.log(name), first.event.body
        for number in range(2, versions + 1):
            told = {"number": number, "parent": number - 1, "metrics": {"auc": number / 1000} if number % 5 else {}}
            files = {"model.joblib": {"digest": "sha256:" + 64 * "0", "size": number}, f"{number}.txt": {"size": 1}}
            model = {"serializer": "joblib", "files": files if number % 3 else body["model"]["files"]}
            intervals = {"auc": {"low": 0.1, "high": 0.9, "confidence": 0.95, "n": number}} if number == 7 else {}
            more = {"parameters": {"depth": number}, "intervals": intervals} if number > 200 or number == 7 else {}
            origin = {"registry": "f" * 32, "event": "model/a/1", "digest": "sha256:0"} if number == 9 else None
            files[f"{number}.txt"]["digest"] = "sha256:" + 64 * "1"
            log.append(Draft("version", body={**body, **told, **more, "model": model, "origin": origin}, actor="bob"))
        registry.promote(f"{name}:3", to="production", actor="ada", reason="first")
        for number in range(2, versions + 1):
            for kind in ("report", "alarm", "approval", "hold", "erasure", "release")[: 1 + number % 6]:
                verdict = "failed" if number % 2 else "passed"
                log.append(Draft(kind, body={"version": number, "verdict": verdict, "kind": "review"}, actor="eve"))
    return registry.store


def test_a_long_history_is_listed_by_its_tables_as_by_its_events(thousands):
    bare = MemoryStore()
    for key in thousands.list():
        if not key.endswith((".table.json", ".pack.jsonl")):
            bare.put_new(key, thousands.get(key))
    assert [key for key in thousands.list() if key.endswith(".table.json")] == [
        "logs/model/late/000000001000.table.json"
    ]
    by_tables, by_events = Registry(thousands), Registry(bare)
    for call in (
        lambda registry: registry.frame(),
        lambda registry: registry.events(),
        lambda registry: registry.events("late", kinds=["alias", "alarm"]),
    ):
        pd.testing.assert_frame_equal(call(by_tables), call(by_events))
    frame = by_tables.frame("late")
    assert frame["number"].tolist() == list(range(1, 401))
    for row, version in zip(frame.to_dict("records"), by_events.versions("late"), strict=True):
        number, body = version.number, version.event.body
        assert row["size_bytes"] == sum(file["size"] for file in body["model"]["files"].values())
        assert row["gaps"] == version.gaps
        assert pd.isna(row["metric.auc"]) if not version.metrics else row["metric.auc"] == version.metrics["auc"]
        assert row["parameter.depth"] == body["parameters"]["depth"]
        assert row["parameter.how"] == body["parameters"].get("how")
        told = 1 + number % 6 if number > 1 else 0
        assert row["reports"] == min(told, 2)
        assert row["reports_failed"] == (row["reports"] if number % 2 else 0)
        assert (row["held"], row["erased"]) == (told in {4, 5}, told >= 5)
    assert frame.loc[frame["aliases"].map(bool), "number"].tolist() == [3]
    assert frame.loc[frame["origin"].notna(), "number"].tolist() == [9]
    assert frame.loc[frame["low.auc"].notna(), "number"].tolist() == [7]
    events = by_tables.events()
    assert events["number"].tolist()[: len(frame)] == list(range(1, len(frame) + 1))
    assert events["id"].is_unique


def test_a_version_of_a_long_list_is_what_its_event_says(thousands):
    registry = Registry(thousands)
    listed = registry.versions("late")
    assert [version.reference for version in listed] == [f"late:{number}" for number in range(1, 401)]
    for number in (1, 7, 400):
        version = registry[f"late:{number}"]
        assert listed[number - 1] == version
        assert (listed[number - 1].time, listed[number - 1].metrics) == (version.time, version.metrics)


def test_a_registry_that_is_not_there_is_not_listed():
    with pytest.raises(RegistryNotFoundError):
        Registry(MemoryStore()).frame()
