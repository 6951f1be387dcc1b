"""The life of a model in the registry: registered, promoted, refused, rolled back, compared, looked up."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import (
    AliasNotFoundError,
    ArgumentError,
    ArgumentTypeError,
    ForeignFolderError,
    FormatError,
    IntegrityError,
    ModelNotFoundError,
    NameRuleError,
    NotFoundError,
    PromotionRefusedError,
    RegistryNotFoundError,
    StorageError,
    VersionNotFoundError,
)
from maturekit.registry import Registry
from maturekit.reports import Certainty, Finding, Report
from maturekit.storage import LocalStore, MemoryStore

KILLED = Path(__file__).parents[1] / "storage" / "killed.py"


class Says:
    """A policy that says what it is told, and remembers its cases."""

    name = "says"

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.cases = []

    def judge(self, case):
        self.cases.append(case)
        status = self.statuses[min(len(self.cases), len(self.statuses)) - 1]
        return Report("policy", [Finding("gate", status)])


def reading(*, alarm, evidence=40.0, years=2.0):
    """Return a report as a drift monitor makes it."""
    status = "failed" if alarm else "passed"
    return Report(
        "drift-reading",
        [
            Finding("alarm", status, value=evidence, certainty=Certainty(years, "years between false alarms")),
            Finding("since", "passed", severity="info", value="2013-06-03"),
            Finding("drift:location", "passed", severity="info", columns=("hour",), value=0.4, unit="rank"),
        ],
        subjects={"batch": "2013-06-09"},
    )


# Registering


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


def test_examples_of_personal_columns_are_made_up(registry):
    from maturekit.schema import Column, Schema

    schema = Schema({"name": Column("string", tags=["personal"]), "hour": Column("int")})
    rows = pd.DataFrame({"name": ["Ada", "Bob"], "hour": [7, 8]})
    version = registry.register("late", "a model", schema=schema, examples=rows)
    assert version.examples["hour"].tolist() == [7, 8]
    assert not {"Ada", "Bob"} & set(version.examples["name"])


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


def test_equal_content_is_stored_once(registry, store):
    for _ in range(3):
        registry.register("late", "the same", notes="the same")
    blobs = list(store.list("logs/model/late/events/blobs/"))
    assert len(blobs) == 3  # model, notes, list of packages


def test_a_cause_is_an_event_that_exists(registry):
    first = registry.register("late", "a")
    alarm = registry.attach(first, reading(alarm=True))
    assert registry.register("late", "b", cause=alarm).cause == alarm.id == "model/late/2"
    assert registry.register("late", "c", cause="model/late/1").cause == "model/late/1"
    with pytest.raises(NotFoundError, match="there is no event 'model/late/99'"):
        registry.register("late", "d", cause="model/late/99")
    with pytest.raises(ArgumentError, match="'an alarm' is no event"):
        registry.register("late", "d", cause="an alarm")
    assert len(registry.versions("late")) == 3


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"metrics": {"auc": float("nan")}}, ArgumentError, "the metric 'auc' is nan"),
        ({"metrics": {"auc": float("inf")}}, ArgumentError, "the metric 'auc' is inf"),
        ({"metrics": {"auc": "0.7"}}, ArgumentError, "the metric 'auc' is 0.7"),
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
        ({"model": lambda: None}, ArgumentError, "the serializer 'joblib' cannot write this function"),
        ({"serializer": "joblib"}, ArgumentTypeError, "expected a Serializer, got str"),
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


# Places


def test_opening_writes_nothing_and_reading_what_is_not_there_says_so(tmp_path):
    registry = Registry(tmp_path / "models")
    for call in (
        registry.names,
        registry.verify,
        registry.gc,
        lambda: registry["late:1"],
        lambda: registry.history("late"),
        lambda: registry.promote("late:1", to="production", actor="ada", reason="x"),
    ):
        with pytest.raises(RegistryNotFoundError, match="there is no registry in LocalStore"):
            call()
    assert list(tmp_path.iterdir()) == []


def test_the_first_write_creates_the_root_file(tmp_path):
    Registry(tmp_path).register("late", "a")
    root = json.loads((tmp_path / "registry.json").read_text())
    assert root["format"] == 1
    assert len(root["id"]) == 32
    assert (tmp_path / "logs/model/late/events/000000000001.json").is_file()
    assert {path.parts[-3] for path in tmp_path.glob("logs/model/*/events/blobs/*/*/*")} == {"sha256"}


@pytest.mark.parametrize(
    ("file", "text"),
    [("letter.txt", "Dear"), ("registry.json", "{}"), ("registry.json", "Dear"), ("registry.json", '{"format": 1}')],
)
def test_a_foreign_folder_is_refused_and_left_alone(tmp_path, file, text):
    (tmp_path / file).write_text(text)
    with pytest.raises(ForeignFolderError):
        Registry(tmp_path).register("late", "a")
    assert [path.name for path in tmp_path.iterdir()] == [file]
    with pytest.raises((RegistryNotFoundError, ForeignFolderError)):
        Registry(tmp_path).names()


def test_an_empty_folder_and_one_with_hidden_files_are_taken(tmp_path):
    (tmp_path / ".gitkeep").write_text("")
    assert Registry(tmp_path).register("late", "a").number == 1


def test_a_newer_format_is_refused_for_reading_and_writing(registry, store, replace):
    registry.register("late", "a")
    root = json.loads(store.get("registry.json"))
    replace(store, "registry.json", json.dumps(root | {"format": 2}).encode())
    before = list(store.list())
    newer = Registry(store)
    for call in (newer.names, newer.verify, newer.gc, lambda: newer.register("late", "b"), lambda: newer["late:1"]):
        with pytest.raises(FormatError, match="says format 2; this maturekit reads up to 1"):
            call()
    assert list(store.list()) == before


def test_an_unwritable_place_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        Registry(tmp_path / "file").register("late", "a")


# Promotion


def test_an_alias_moves_and_its_moves_are_events(registry):
    first, second = registry.register("late", "a"), registry.register("late", "b")
    registry.promote(first, to="production", actor="ada", reason="first")
    event = registry.promote(second, to="production", actor="bob", reason="better", cause=second.event_id)
    assert registry["late@production"] == second
    assert registry.aliases("late") == {"production": second}
    assert (event.kind, event.actor, event.reason, event.cause) == ("alias", "bob", "better", "model/late/2")
    assert event.subject == second.digest
    assert event.body == {
        "alias": "production", "from": 1, "to": 2, "policy": None, "verdict": None, "report": None, "judged": 3,
        "rollback": False, "event": 2, "swap": None,
    }  # fmt: skip


def test_a_reference_serves_as_a_version(registry):
    registry.register("late", "a")
    registry.promote("late:1", to="staging", actor="ada", reason="try")
    registry.promote("late@staging", to="production", actor="ada", reason="fine")
    assert registry["late@production"].number == 1


def test_a_policy_judges_a_case_with_all_the_evidence(registry):
    policy = Says("passed")
    first = registry.register("late", "a", metrics={"auc": 0.7}, evidence=[Report("review", [])])
    registry.promote(first, to="production", policy=policy, actor="ada", reason="first")
    second = registry.register("late", "b", metrics={"auc": 0.8}, actor="bob")
    event = registry.promote(second, to="production", policy=policy, actor="ada", reason="better")
    one, two = policy.cases
    assert one.champion is None
    assert (two.champion.number, two.champion.metrics["auc"], two.champion.digest) == (1, 0.7, first.digest)
    assert [report.kind for report in two.champion.reports] == ["review"]
    assert (two.alias, two.actor, two.candidate.number, two.candidate.author) == ("production", "ada", 2, "bob")
    assert (event.body["policy"], event.body["verdict"], event.body["from"]) == ("says", "passed", 1)
    assert Report.from_json(registry.blobs("late").get(event.body["report"])).kind == "policy"


@pytest.mark.parametrize("status", ["failed", "not_enough_evidence", "could_not_run"])
def test_a_refusal_moves_nothing_and_stands_in_the_history(registry, status):
    first, second = registry.register("late", "a"), registry.register("late", "b")
    registry.promote(first, to="production", actor="ada", reason="first")
    with pytest.raises(
        PromotionRefusedError, match=r"late:2 was not promoted to 'production': policy 'says'"
    ) as refused:
        registry.promote(second, to="production", policy=Says(status), actor="ada", reason="hope")
    assert refused.value.report.verdict == status
    assert registry["late@production"] == first
    event = registry.history("late")[-1]
    assert (event.kind, event.body["verdict"], event.body["from"], event.body["to"]) == ("refusal", status, 1, 2)
    assert event.body["report"] == refused.value.report.digest


def test_a_skipped_gate_does_not_block(registry):
    registry.register("late", "a")
    assert registry.promote("late:1", to="production", policy=Says("skipped"), actor="ada", reason="x").kind == "alias"


def test_a_promotion_is_judged_again_when_another_lands_first(registry, store):
    first, second = registry.register("late", "a"), registry.register("late", "b")
    registry.register("late", "c")

    class Slow(Says):
        def judge(self, case):
            if not self.cases:
                Registry(store).promote(first, to="production", actor="eve", reason="faster")
            return super().judge(case)

    policy = Slow("passed")
    event = registry.promote(second, to="production", policy=policy, actor="ada", reason="x")
    assert [case.champion and case.champion.number for case in policy.cases] == [None, 1]
    assert (event.body["from"], event.body["judged"]) == (1, 4)


def test_a_promotion_that_looked_good_is_refused_when_the_facts_have_changed(registry, store):
    registry.register("late", "a")

    class Slow(Says):
        def judge(self, case):
            report = super().judge(case)
            if len(self.cases) == 1:
                Registry(store).attach("late:1", Report("review", [Finding("audit", "failed")]))
            return report

    with pytest.raises(PromotionRefusedError):
        registry.promote("late:1", to="production", policy=Slow("passed", "failed"), actor="ada", reason="x")
    assert registry.aliases("late") == {}


def test_bad_promotions_write_nothing(registry, store):
    version = registry.register("late", "a")
    before = list(store.list())
    for call, error in [
        (lambda: registry.promote(version, to="production", policy=object(), actor="ada", reason="x"), TypeError),
        (lambda: registry.promote(version, to="production", actor="", reason="x"), ArgumentError),
        (lambda: registry.promote(version, to="production", actor="ada", reason=" "), ArgumentError),
        (lambda: registry.promote(1, to="production", actor="ada", reason="x"), ArgumentTypeError),
        (lambda: registry.promote("late:2", to="production", actor="ada", reason="x"), VersionNotFoundError),
        (lambda: registry.attach(version, "a report"), ArgumentTypeError),
    ]:
        with pytest.raises(error):
            call()
    assert list(store.list()) == before


def test_a_version_of_another_registry_is_refused(registry):
    other = Registry(MemoryStore()).register("late", "other")
    registry.register("late", "a")
    with pytest.raises(ArgumentError, match="late:1 is a version of another registry"):
        registry.promote(other, to="production", actor="ada", reason="x")


# Rollback


def test_rollback_goes_to_the_version_before_and_twice_goes_two_back(registry):
    for text in "abc":
        registry.promote(registry.register("late", text), to="production", actor="ada", reason="new")
    numbers = []
    for _ in range(2):
        event = registry.rollback("late", alias="production", actor="ada", reason="bad")
        numbers.append(registry["late@production"].number)
    assert numbers == [2, 1]
    assert (event.kind, event.body["from"], event.body["to"], event.body["rollback"]) == ("alias", 2, 1, True)
    with pytest.raises(AliasNotFoundError, match="stands at version 1, where it began"):
        registry.rollback("late", alias="production", actor="ada", reason="bad")
    with pytest.raises(
        AliasNotFoundError, match="no alias of 'late' named 'productoin'; known: 'production'"
    ) as missing:
        registry.rollback("late", alias="productoin", actor="ada", reason="bad")
    assert "did you mean 'production'?" in str(missing.value)


def test_a_promotion_after_a_rollback_goes_on_from_there(registry):
    for text in "abc":
        registry.register("late", text)
    for number in (1, 2):
        registry.promote(f"late:{number}", to="production", actor="ada", reason="new")
    registry.rollback("late", alias="production", actor="ada", reason="bad")
    registry.promote("late:3", to="production", actor="ada", reason="new")
    registry.promote("late:3", to="production", actor="ada", reason="said twice")
    registry.rollback("late", alias="production", actor="ada", reason="bad")
    assert registry["late@production"].number == 1  # version 2 was rolled back: it is not where production stood


# Evidence


def test_an_attached_report_is_an_event_and_reads_back(registry):
    version = registry.register("late", "a")
    report = Report("validation", [Finding("nullable", "failed", count=2, positions=[0, 3]), Finding("type", "passed")])
    event = registry.attach(version, report, actor="bob")
    assert (event.kind, event.actor, event.subject) == ("report", "bob", version.digest)
    assert event.body == {
        "version": 1, "kind": "validation", "verdict": "failed", "report": report.digest,
        "findings": {"failed": 1, "passed": 1},
    }  # fmt: skip
    assert version.reports() == (report,)


def test_a_reading_that_alarms_becomes_an_alarm(registry):
    version = registry.register("late", "a")
    calm, alarmed = reading(alarm=False), reading(alarm=True)
    assert registry.attach(version, calm).kind == "report"
    event = registry.attach(version, alarmed)
    assert (event.kind, event.body["since"], event.body["verdict"]) == ("alarm", "2013-06-03", "failed")
    assert event.body["certainty"] == {"value": 2.0, "meaning": "years between false alarms"}
    assert event.body["causes"] == [{"rule": "drift:location", "columns": ["hour"], "value": 0.4, "unit": "rank"}]
    assert version.reports() == (calm, alarmed)


def test_an_endless_certainty_is_stored_as_unknown(registry):
    version = registry.register("late", "a")
    event = registry.attach(version, reading(alarm=True, years=float("inf")))
    assert event.body["certainty"]["value"] is None
    assert registry.verify().ok


def test_reports_belong_to_their_version(registry):
    first, second = registry.register("late", "a"), registry.register("late", "b")
    registry.attach(first, Report("review", []))
    assert [report.kind for report in first.reports()] == ["review"]
    assert second.reports() == ()


# Looking up


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


# Many writers and dead ones


def test_eight_processes_register_at_once_and_nothing_is_lost(tmp_path):
    """All of them also make the first write of the registry."""
    code = """
    import os, sys
    from maturekit.registry import Registry
    from maturekit.reports import Report
    import joblib
    children = []
    for me in range(8):
        child = os.fork()
        if child == 0:
            registry = Registry(sys.argv[1], actor=f"writer-{me}")
            for turn in range(5):
                version = registry.register("late", {"me": me, "turn": turn}, evidence=[Report("review", [])])
                assert version.load() == {"me": me, "turn": turn}
                registry.promote(version, to=f"alias-{me}", actor="ada", reason="x")
            os._exit(0)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0] * 8, codes
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "models")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    registry = Registry(tmp_path / "models")
    history = registry.history("late")
    assert [event.number for event in history] == list(range(1, 121))
    versions = registry.versions("late")
    assert [version.number for version in versions] == list(range(1, 41))
    models = [version.load() for version in versions]
    assert sorted((model["me"], model["turn"]) for model in models) == [(m, t) for m in range(8) for t in range(5)]
    assert all(len(version.reports()) == 1 for version in versions)
    aliases = registry.aliases("late")
    assert {name: version.load()["turn"] for name, version in aliases.items()} == {f"alias-{me}": 4 for me in range(8)}
    report = registry.verify()
    assert report.ok, report.summary()


def test_a_killed_registration_leaves_all_earlier_versions_and_no_half_one(tmp_path):
    script = [sys.executable, "-W", "ignore", KILLED, tmp_path, "registry", "23"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


@pytest.mark.long
def test_a_registration_may_be_killed_at_every_line(tmp_path):
    script = [sys.executable, "-W", "ignore", KILLED, tmp_path, "registry", "1"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200


def test_a_full_disk_leaves_nothing_half_registered(tmp_path):
    code = """
    import resource, sys
    from maturekit.errors import StorageError
    from maturekit.registry import Registry
    registry = Registry(sys.argv[1])
    registry.register("late", "small")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        registry.register("late", "x" * 1_000_000)
    except StorageError as error:
        print(error)
    print(registry.register("late", "after").number)
    """
    script = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert "File too large" in done.stdout, done.stderr
    assert done.stdout.endswith("2\n")
    registry = Registry(tmp_path)
    assert [version.load() for version in registry.versions("late")] == ["small", "after"]
    assert registry.verify().ok


def test_each_store_operation_may_fail_and_the_next_registration_succeeds(plain):
    class Failing(MemoryStore):
        left = 0

        def _count(self):
            self.left -= 1
            if self.left == 0:
                raise StorageError("the network is down")

        def _put_new(self, key, data):
            self._count()
            super()._put_new(key, data)

        def _get(self, key):
            self._count()
            return super()._get(key)

        def _list(self, prefix):
            self._count()
            return super()._list(prefix)

        def _exists(self, key):
            self._count()
            return super()._exists(key)

        def _renew(self, key):
            self._count()
            super()._renew(key)

    failures = 0
    for nth in range(1, 60):
        store = Failing()
        registry = Registry(store, serializers=[plain])
        registry.register("late", "first", serializer=plain)
        store.left = nth
        fresh = Registry(store, serializers=[plain])
        try:
            fresh.register("late", "second", serializer=plain, notes="x", evidence=[Report("review", [])])
        except StorageError:
            failures += 1
        store.left = 0
        fresh.register("late", "third", serializer=plain)
        models = [version.load() for version in Registry(store, serializers=[plain]).versions("late")]
        assert models[0] == "first"
        assert models[-1] == "third"
        assert set(models) <= {"first", "second", "third"}
        assert fresh.verify().ok
    assert 10 < failures < 59


# What is loaded


def test_nothing_heavy_is_loaded_until_a_model_is_read_or_written(tmp_path):
    Registry(tmp_path).register("late", "a", metrics={"auc": 0.7})
    code = """
    import json, sys
    from maturekit.registry import Registry
    from maturekit.reports import Finding, Report
    registry = Registry(sys.argv[1], actor="ada")
    registry.names(), registry.versions("late"), registry.history("late"), registry.head("late")
    version = registry["late:1"]
    repr(version), version._repr_html_(), version.facts(), version.environment
    registry.attach(version, Report("review", [Finding("audit", "passed")]))
    registry.promote(version, to="production", actor="ada", reason="x")
    registry.promote(version, to="staging", actor="ada", reason="x")
    registry.aliases("late"), registry["late@production"], registry.compare(version, version), registry.verify()
    print(json.dumps(sorted({"numpy", "pandas", "scipy", "sklearn", "joblib"} & sys.modules.keys())))
    """
    script = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_a_place_is_a_text_a_path_or_a_store(tmp_path):
    registry = Registry(LocalStore(tmp_path))
    assert registry.register("late", "a").number == 1
    assert Registry(str(tmp_path)).register("late", "b").number == 2
    assert registry.gc(grace=timedelta(0)).ok
