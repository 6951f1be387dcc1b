"""A damaged model never blocks reading or writing another one."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from maturekit.errors import MaturekitError
from maturekit.registry import Registry
from maturekit.reports import Finding, Report
from maturekit.storage import LocalStore

EVENTS = "logs/model/fraud/events"


def remove(folder):
    (folder / EVENTS / "000000000001.json").unlink()


def garble(folder):
    for path in (folder / EVENTS).glob("*.json"):
        path.write_bytes(os.urandom(200))


def truncate(folder):
    for path in (folder / "logs/model/fraud").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")


def nest(folder):
    (folder / EVENTS / "000000000012.json").mkdir()
    (folder / EVENTS / "000000000001.json").write_bytes(b"[" * 100_000)


def jump(folder):
    (folder / EVENTS / "999999999999.json").write_bytes((folder / EVENTS / "000000000001.json").read_bytes())


def flatten(folder):
    """A file stands where the folder of events should be."""
    for path in sorted((folder / EVENTS).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (folder / EVENTS).rmdir()
    (folder / EVENTS).write_bytes(b"")


def forge_head(folder):
    for path in (folder / "logs/model/fraud").glob("*.head.json"):
        path.write_bytes(b'{"format":9}')


def scatter(folder):
    for name in ("logs/model/README.txt", "logs/model/Fraud Copy/note.txt", "logs/my files/x", "logs/model/fraud/a b"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"?")


DAMAGES = [remove, garble, truncate, nest, jump, flatten, forge_head, scatter]
LOUD = [remove, garble, truncate, nest, jump, flatten, forge_head]


@pytest.fixture(scope="module")
def template(tmp_path_factory, plain):
    """A registry of two models, to be copied."""
    folder = tmp_path_factory.mktemp("template") / "models"
    registry = Registry(folder, actor="ada", serializers=[plain])
    for name in ("fraud", "late"):
        for number in range(2):
            registry.register(name, f"model {number}", notes="a note", serializer=plain, revision="abc")
        for _ in range(9):
            registry.promote(f"{name}:1", to="production", actor="ada", reason="x")
    return folder


@pytest.fixture
def place(template, tmp_path):
    return shutil.copytree(template, tmp_path / "models")


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_every_call_on_a_model_works_beside_a_damaged_one(place, plain, damage):
    damage(place)
    registry = Registry(LocalStore(place), actor="ada", serializers=[plain])
    assert set(registry.names()) == ({"late"} if damage is flatten else {"fraud", "late"})
    version = registry.register(
        "late", "new", serializer=plain, evidence=[Report("review", [Finding("audit", "passed")])]
    )
    registry.promote(version, to="challenger", actor="ada", reason="x")
    registry.swap("late", "production", "challenger", actor="ada", reason="x")
    registry.rollback("late", alias="production", actor="ada", reason="x")
    registry.retire("late", alias="challenger", actor="ada", reason="x")
    registry.approve(version, actor="ben")
    registry.hold("late:2", actor="ben", reason="x")
    registry.release("late:2", actor="ben", reason="x")
    registry.erase("late:2", actor="ben", reason="x")
    registry.expire("late", keep=1, actor="ben", reason="x")
    assert registry["late:3"].load() == registry.resolve("late:3", at=datetime.now(UTC)).load() == "new"
    assert [found.number for found in registry.versions("late")] == [1, 2, 3]
    assert registry.aliases("late")["production"].number == 1
    assert registry.compare("late:1", "late:3").ok
    assert registry.head("late") == registry.history("late")[-1].digest
    assert len(version.reports()) == 1
    assert registry.register("new-model", "x", serializer=plain).number == 1
    report = registry.gc(grace=timedelta(0))
    assert {finding.columns for finding in report.failed} <= {("model/fraud",)}
    report = registry.verify()
    assert {finding.columns for finding in report.failed} <= {("model/fraud",)}
    assert Registry(place, serializers=[plain])["late:3"].load() == "new"


@pytest.mark.parametrize("damage", LOUD, ids=lambda damage: damage.__name__)
def test_the_damaged_one_is_named(place, damage):
    damage(place)
    assert {finding.columns for finding in Registry(place).verify().failed} == {("model/fraud",)}


@pytest.mark.parametrize("damage", LOUD[:5], ids=lambda damage: damage.__name__)
def test_calls_on_the_damaged_one_fail_with_an_error_that_says_so(place, plain, damage):
    damage(place)
    registry = Registry(place, actor="ada", serializers=[plain])
    for call in (
        lambda: registry.history("fraud"),
        lambda: registry.versions("fraud"),
        lambda: registry.rollback("fraud", alias="production", actor="ada", reason="x"),
        lambda: registry.erase("fraud:2", actor="ada", reason="x"),
        lambda: registry.expire("fraud", keep=0, actor="ada", reason="x"),
    ):
        with pytest.raises(MaturekitError, match="fraud"):
            call()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not hold this user back")
def test_a_folder_that_may_not_be_read_blocks_nobody_else(place, plain):
    (place / EVENTS).chmod(0)
    try:
        registry = Registry(place, actor="ada", serializers=[plain])
        assert registry.register("late", "new", serializer=plain).number == 3
        found = registry.verify().failed
        assert {(f.status, f.columns) for f in found} >= {("could_not_run", ("model/fraud",))}
    finally:
        (place / EVENTS).chmod(0o755)
