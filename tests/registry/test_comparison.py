"""Comparing two versions shows what differs, and nothing else."""

from __future__ import annotations

import pandas as pd
import pytest

from maturekit.errors import ArgumentError
from maturekit.registry import Registry
from maturekit.statistics import Interval
from maturekit.storage import MemoryStore

SAME = {"revision": "abc", "metrics": {"rows": 100}, "parameters": {"depth": 3}, "tags": ["weekly"]}


def told(registry, first, second):
    report = registry.compare(first, second)
    assert report.ok
    return {(f.rule, f.columns): (f.message, f.value) for f in report.findings}


def test_versions_of_equal_content_do_not_differ(registry):
    registry.register("late", "a", **SAME)
    registry.register("late", "a", actor="ben", **SAME)
    assert told(registry, "late:1", "late:2") == {}


def test_every_difference_is_named_with_both_sides(registry, plain, monkeypatch):
    reads = Registry(registry.store, actor="ada", serializers=[plain])
    reads.register("late", "a", **SAME)
    monkeypatch.setattr("maturekit.registry.recording.installed_packages", lambda: {"numpy": "9.9"})
    reads.register(
        "late",
        "b",
        serializer=plain,
        examples=pd.DataFrame({"hour": [7]}),
        metrics={"rows": 150, "auc": Interval(0.75, 0.5, 0.875, confidence=0.95, n=40)},
        parameters={"depth": 4, "leaves": [1, 2]},
        fingerprint="sha256:ab",
        revision="abd",
        tags=["daily"],
        notes="A note.",
    )
    found = told(reads, "late:1", "late:2")
    assert found.pop(("package", ("numpy",)))[0].endswith(" -> 9.9")
    assert {rule for rule, _ in found if rule == "package"} == {"package"}
    assert {key: change for key, change in found.items() if key[0] != "package"} == {
        ("model", ()): ("other files: model.joblib, model.txt", None),
        ("serializer", ()): ("joblib -> plain", None),
        ("examples", ()): ("added", None),
        ("notes", ()): ("added", None),
        ("metric", ("auc",)): ("none -> 0.75", None),
        ("metric", ("rows",)): ("100 -> 150", 50.0),
        ("interval", ("auc",)): ("none -> 0.5 to 0.875 (0.95, 40 rows)", None),
        ("fingerprint", ()): ("None -> sha256:ab", None),
        ("revision", ()): ("abc -> abd", None),
        ("tags", ()): ("weekly -> daily", None),
        ("parameter", ("depth",)): ("3 -> 4", None),
        ("parameter", ("leaves",)): ("none -> [1, 2]", None),
    }
    assert told(reads, "late:2", "late:1")["examples", ()] == ("removed", None)


def test_a_version_of_another_registry_is_not_compared(registry):
    version = registry.register("late", "a", **SAME)
    other = Registry(MemoryStore()).register("late", "b", **SAME)
    with pytest.raises(ArgumentError, match="late:1 is a version of another registry"):
        registry.compare(version, other)
