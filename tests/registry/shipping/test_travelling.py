"""A version that travels alone: the next one where it arrives, with its reports, its origin and its digest."""

from __future__ import annotations

import pytest

from maturekit.registry import Registry
from maturekit.reports import Finding, Report
from maturekit.storage import MemoryStore


def contents(store):
    return {key: store.get(key) for key in store.list()}


@pytest.fixture
def full(registry):
    """A registry with two versions, reports, an alarm, an approval and an alias."""
    registry.register("late", "a", evidence=[Report("review", [])])
    second = registry.register("late", "b", tags=["weekly"])
    registry.attach(second, Report("drift-reading", [Finding("alarm", "failed", value=40.0)]))
    registry.attach(second, Report("validation", [Finding("nullable", "failed", count=1)]), actor="bob")
    registry.approve(second, actor="bob", role="reviewer")
    registry.promote(second, to="production", actor="ada", reason="better")
    return registry


@pytest.fixture
def shipped(full, tmp_path):
    """Return a function that exports from the full registry and gives the path."""
    return lambda what=None: full.export_to(tmp_path / "export.zip", what)


def test_a_version_becomes_the_next_one_with_its_reports_and_its_origin(full, shipped):
    there = Registry(MemoryStore(), actor="eve", actor_kind="job")
    there.register("late", "x")
    version = full["late:2"]
    (arrived,) = there.import_from(shipped("late@production"), reason="from the laboratory")
    assert (arrived.reference, arrived.actor, arrived.event.reason) == ("late:2", "eve", "from the laboratory")
    assert (arrived.digest, arrived.load(), arrived.tags) == (version.digest, "b", ("weekly",))
    assert arrived.parent is None
    assert arrived.event.actor_kind == "job"
    root = full.store.get("registry.json").decode()
    assert arrived.body.origin.registry in root
    assert (arrived.body.origin.event, arrived.body.origin.digest) == ("model/late/3", version.stored.digest)
    assert arrived.reports() == version.reports()
    assert [event.kind for event in there.history("late")] == ["version", "version", "report", "report"]
    assert there.history("late")[2].cause == arrived.event_id
    assert arrived.approvals() == ()
    assert there.verify().ok


def test_a_version_that_was_imported_is_recognised(full, shipped):
    there = Registry(MemoryStore(), actor="eve")
    (first,) = there.import_from(shipped("late:2"))
    before = contents(there.store)
    assert there.import_from(shipped(full["late:2"])) == [first]
    assert Registry(there.store).import_from(shipped("late:2"), actor="fay") == [first]
    assert contents(there.store) == before
    full.attach("late:2", Report("review", []))
    assert there.import_from(shipped("late:2")) == [first]
    assert [report.kind for report in first.reports()] == ["drift-reading", "validation", "review"]


def test_a_version_is_recognised_at_home_and_on_its_way_back(full, shipped, tmp_path):
    home = full["late:2"]
    before = contents(full.store)
    assert full.import_from(shipped("late:2")) == [home]
    there = Registry(MemoryStore(), actor="eve")
    (away,) = there.import_from(shipped("late:2"))
    assert full.import_from(there.export_to(tmp_path / "back.zip", away)) == [home]
    assert contents(full.store) == before
    third = Registry(MemoryStore(), actor="fay")
    (far,) = third.import_from(there.export_to(tmp_path / "on.zip", away))
    assert far.body.origin == away.body.origin
    assert third.import_from(shipped("late:2")) == [far]


def test_two_imports_at_once_make_one_version(full, shipped):
    path = shipped("late:2")

    class Beaten(MemoryStore):
        """Lets another import finish just before the event of the first."""

        def _put_new(self, key, data):
            if key.endswith("events/000000000001.json") and self.other is not None:
                other, self.other = self.other, None
                other.import_from(path)
            super()._put_new(key, data)

    store = Beaten()
    store.other = None
    other = Registry(store, actor="bob")
    registry = Registry(store, actor="eve")
    store.other = other
    (version,) = registry.import_from(path)
    assert (version.number, version.actor) == (1, "bob")
    assert len(registry.versions("late")) == 1
    assert len(version.reports()) == 2


def test_a_version_that_was_erased_here_comes_back_as_a_new_one(full, shipped):
    path = shipped("late:1")
    there = Registry(MemoryStore(), actor="eve")
    (first,) = there.import_from(path)
    there.erase(first, actor="eve", reason="an accident")
    (second,) = there.import_from(path)
    assert (second.number, second.load(), second.digest) == (2, "a", first.digest)
    assert there.import_from(path) == [second]
    assert there.verify().ok
