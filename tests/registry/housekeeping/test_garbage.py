"""`gc` removes what no event needs, and nothing else, whoever else writes or cleans at the same time."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maturekit._core.digest import digest_of
from maturekit.errors import ArgumentError, StorageError
from maturekit.events import Draft, EventLog
from maturekit.registry import Registry
from maturekit.registry.blobs import Blobs
from maturekit.reports import Finding, Report
from maturekit.storage import LocalStore, MemoryStore

NOW = timedelta(0)
NOTE = digest_of(b"a note")


@pytest.fixture
def full(store, plain):
    return filled(store, plain)


def filled(store, plain):
    registry = Registry(store, actor="ada", serializers=[plain])
    first = registry.register("late", "a", notes="some words", serializer=plain, revision="abc")
    registry.attach(first, Report("review", [Finding("audit", "passed")]))
    registry.promote(first, to="production", actor="ada", reason="first")
    registry.register("fraud", "b", serializer=plain, revision="abc")
    return registry


def orphan(registry, name="late", data=b"a note"):
    return registry.blobs(name).key(registry.blobs(name).delivery().put(data))


def done(report):
    return {f.rule: f.value for f in report.findings if f.value}


class Interrupted(MemoryStore):
    """Lets somebody else act right before or behind one operation on one key."""

    step = ("", "", "")

    def __init__(self):
        super().__init__()
        self.act = None

    def meanwhile(self, when, operation, part, act):
        self.step, self.act = (when, operation, part), act

    def _at(self, when, operation, key):
        if self.act and self.step[:2] == (when, operation) and self.step[2] in key:
            act, self.act = self.act, None
            act()

    def _put_new(self, key, data):
        self._at("before", "put_new", key)
        super()._put_new(key, data)
        self._at("behind", "put_new", key)

    def _get(self, key):
        self._at("before", "get", key)
        data = super()._get(key)
        self._at("behind", "get", key)
        return data

    def _delete(self, key):
        self._at("before", "delete", key)
        super()._delete(key)
        self._at("behind", "delete", key)

    def _renew(self, key):
        self._at("before", "renew", key)
        super()._renew(key)
        self._at("behind", "renew", key)

    def _modified(self, key):
        self._at("before", "modified", key)
        moment = super()._modified(key)
        self._at("behind", "modified", key)
        return moment


def test_orphans_are_information_and_go_after_their_grace_time(full, store):
    key = orphan(full)
    before = list(store.list())
    (found,) = [finding for finding in full.verify().findings if finding.rule == "orphan"]
    assert (found.severity, found.status, found.value) == ("info", "passed", 1)
    assert done(full.gc()) == {"waiting": 1}
    assert list(store.list()) == before
    assert done(full.gc(grace=NOW)) == {"deleted": 1}
    assert set(before) - set(store.list()) == {key}
    assert full.verify().ok


def test_nothing_that_any_event_names_is_removed(full, store):
    before = list(store.list())
    assert full.gc(grace=NOW).ok
    assert list(store.list()) == before
    assert full["late:1"].notes == "some words"


def test_events_of_kinds_we_do_not_know_keep_their_content(full, store):
    blobs = Blobs(store, "pilot/canary")
    digest = blobs.delivery().put(b"a plan")
    EventLog(store, "pilot/canary").append(Draft("plan", body={"inner": [{"plan": digest}]}))
    assert full.gc(grace=NOW).ok
    assert blobs.get(digest) == b"a plan"


def test_content_of_one_model_is_not_kept_by_another(full, store):
    """The model of fraud is also an orphan of late."""
    key = orphan(full, data=b"b")
    assert done(full.gc(grace=NOW)) == {"deleted": 1}
    assert not store.exists(key)
    assert full["fraud:1"].load() == "b"


def test_a_damaged_history_is_left_alone_and_the_others_are_cleaned(full, store, replace):
    mine, other = orphan(full), orphan(full, "fraud")
    store.delete("logs/model/late/events/000000000002.json")
    before = list(store.list())
    report = full.gc(grace=NOW)
    assert not report.ok
    assert [(f.status, f.message) for f in report.failed] == [
        ("could_not_run", "model/late: event 2 is missing; so model/late was left alone")
    ]
    assert done(report) == {"deleted": 1}
    assert set(before) - set(store.list()) == {other}
    assert store.exists(mine)


@pytest.mark.parametrize("body", [{"number": "one"}, {}])
def test_a_history_with_an_event_that_cannot_be_understood_is_left_alone(full, store, body):
    key = orphan(full)
    EventLog(store, "model/late").append(Draft("version", body=body))
    report = full.gc(grace=NOW)
    assert "is malformed" in report.failed[0].message
    assert store.exists(key)


def test_a_history_that_lost_its_end_is_left_alone(full, store):
    """Its last event is gone, and what it named looks like an orphan; but a head stands for it."""
    for _ in range(6):
        full.promote("late:1", to="production", actor="ada", reason="again")
    version = full.register("late", "z", serializer=full.serializers["plain"])
    assert version.event.number == 10
    store.delete("logs/model/late/events/000000000010.json")
    report = Registry(store).gc(grace=NOW)
    assert "000000000010.head.json stands for events that are not there" in report.failed[0].message
    assert store.exists(full.blobs("late").key(version.body.model.files["model.txt"].digest))


def test_a_registration_that_never_reached_its_event_is_cleaned(full, store):
    key = orphan(full, "new-model")
    assert done(full.gc(grace=NOW)) == {"deleted": 1}
    assert not store.exists(key)


def test_a_negative_grace_time_is_refused(full):
    with pytest.raises(ArgumentError, match="the grace time must not be negative"):
        full.gc(grace=timedelta(seconds=-1))


def test_wrong_heads_go_and_missing_ones_come_back(full, store, replace):
    for _ in range(20):
        full.promote("late:1", to="production", actor="ada", reason="again")
    ten, twenty = (f"logs/model/late/{number:012d}.head.json" for number in (10, 20))
    sound = store.get(ten), store.get(twenty)
    replace(store, ten, b"?")
    store.delete(twenty)
    assert done(Registry(store).gc()) == {"caches": 2 + 1}
    assert (store.get(ten), store.get(twenty)) == sound


def test_a_writer_that_uses_an_orphan_again_saves_it(tmp_path, plain):
    store = LocalStore(tmp_path)
    registry = Registry(store, serializers=[plain])
    registry.register("late", "a", serializer=plain)
    key = orphan(registry)
    os.utime(tmp_path / key, (0, 0))
    registry.register("late", "b", notes="a note", serializer=plain)
    assert datetime.now(UTC) - store.modified(key) < timedelta(minutes=1)


@pytest.mark.parametrize("when", ["before", "behind"])
@pytest.mark.parametrize("operation", ["get", "modified", "delete"])
def test_a_writer_may_use_an_orphan_at_any_step_of_the_collector(plain, when, operation):
    """The whole registration happens between two steps of the collector."""
    store = Interrupted()
    registry = filled(store, plain)
    writer = Registry(store, actor="ben", serializers=[plain])
    key = orphan(registry)
    store.meanwhile(
        when, operation, key, lambda: writer.register("late", "c", notes="a note", serializer=plain, revision="abc")
    )
    registry.gc(grace=NOW)
    assert store.act is None
    assert registry["late:2"].notes == "a note"
    assert registry.verify().ok
    assert registry.gc(grace=NOW).ok
    assert registry["late:2"].notes == "a note"


@pytest.mark.parametrize(
    ("when", "operation", "part"),
    [
        ("before", "put_new", f"{digest_of(b'a note')[7:]}"),
        ("before", "renew", digest_of(b"a note")[7:]),
        ("before", "get", digest_of(b"a note")[7:]),
        ("behind", "get", digest_of(b"a note")[7:]),
        ("before", "put_new", "late/events/000000000004.json"),
        ("behind", "put_new", "late/events/000000000004.json"),
    ],
)
def test_the_collector_may_run_at_any_step_of_a_writer_that_uses_an_orphan(plain, when, operation, part):
    """Where the collector judged the orphan before the writer renewed it: simulated by a deletion without any look."""
    store = Interrupted()
    registry = filled(store, plain)
    key = orphan(registry)
    store.meanwhile(when, operation, part, lambda: MemoryStore._delete(store, key))
    version = registry.register("late", "c", notes="a note", serializer=plain, revision="abc")
    assert store.act is None
    assert version.notes == "a note"
    assert registry.verify().ok


@pytest.mark.parametrize("act", ["gc", "erase"])
def test_new_content_may_be_collected_before_its_event_lands(plain, act):
    """A collector without grace time, and an erasure of equal content that is repeated, find content without event."""
    store = Interrupted()
    registry = filled(store, plain)
    registry.register("late", "b", notes="a note", serializer=plain, revision="abc")
    registry.erase("late:2", actor="ada", reason="x")
    collect = {
        "gc": lambda: Registry(store).gc(grace=NOW),
        "erase": lambda: Registry(store).erase("late:2", actor="ada", reason="x"),
    }
    store.meanwhile("before", "put_new", "late/events/000000000006.json", collect[act])
    version = registry.register("late", "b", notes="a note", serializer=plain, revision="abc")
    assert store.act is None
    assert (version.load(), version.notes) == ("b", "a note")
    assert registry.verify().ok


@pytest.mark.parametrize("when", ["before", "behind"])
@pytest.mark.parametrize("operation", ["get", "modified", "delete"])
def test_two_collectors_at_once_remove_the_same_and_nothing_else(plain, when, operation):
    store = Interrupted()
    registry = filled(store, plain)
    kept = set(store.list())
    keys = [orphan(registry, data=data) for data in (b"one", b"two", b"three")]
    store.meanwhile(when, operation, keys[1], lambda: Registry(store).gc(grace=NOW))
    assert registry.gc(grace=NOW).ok
    assert store.act is None
    assert set(store.list()) == kept


def test_two_collectors_and_a_writer_lose_nothing(plain):
    """One collector has deleted, the writer brings it back, and the other collector is just about to delete it too."""
    store = Interrupted()
    registry = filled(store, plain)
    writer = Registry(store, actor="ben", serializers=[plain])
    key = orphan(registry)

    def act():
        Registry(store).gc(grace=NOW)
        writer.register("late", "c", notes="a note", serializer=plain, revision="abc")

    store.meanwhile("before", "delete", key, act)
    registry.gc(grace=NOW)
    assert store.act is None
    assert registry["late:2"].notes == "a note"
    assert registry.verify().ok


def test_what_a_writer_puts_while_two_remove_it_waits_for_its_event(plain):
    """The tombstone is there, a collector has deleted the content, and a writer has put it anew, without event yet."""
    store = Interrupted()
    registry = Registry(store, actor="ada", serializers=[plain])
    registry.register("late", "a", notes="a note", serializer=plain, revision="abc")
    delivery = registry.blobs("late").delivery()

    def act():
        Registry(store).gc(grace=NOW)
        delivery.put(b"a note")

    store.meanwhile("before", "modified", NOTE[7:], act)
    registry.erase("late:1", actor="ada", reason="x", parts={"notes"})
    assert store.act is None
    assert registry.blobs("late").get(NOTE) == b"a note"


def test_what_cannot_be_deleted_is_said_and_the_others_are_cleaned(plain):
    class Stubborn(MemoryStore):
        def _delete(self, key):
            if "/late/" in key:
                raise StorageError(f"could not delete {key!r}: Permission denied")
            super()._delete(key)

        def _sweep(self, before):
            raise StorageError("could not remove: Permission denied")

    store = Stubborn()
    registry = filled(store, plain)
    orphan(registry)
    other = orphan(registry, "fraud")
    report = registry.gc(grace=NOW)
    assert [f.rule for f in report.failed] == ["history", "unfinished"]
    assert all("Permission denied" in f.message for f in report.failed)
    assert not store.exists(other)


def test_a_damaged_blob_is_written_anew_by_whoever_has_its_content(full, store, replace, plain, caplog):
    version = full["late:1"]
    replace(store, full.blobs("late").key(version.body.notes), b"rotten")
    full.register("late", "c", notes="some words", serializer=plain)
    assert version.notes == "some words"
    assert "was damaged and is written anew" in caplog.text
    assert full.verify().ok


def test_what_crashed_writers_left_is_swept(tmp_path, plain):
    registry = Registry(tmp_path, serializers=[plain])
    registry.register("late", "a", serializer=plain)
    left = tmp_path / "logs/model/late/events/.unfinished-00"
    Path(left).write_bytes(b"half")
    os.utime(left, (0, 0))
    assert done(registry.gc()) == {"unfinished": 1}
    assert not left.exists()


def test_with_keys_an_unsigned_event_stops_the_collector(store, plain):
    key = b"a key of at least sixteen bytes"
    Registry(store, serializers=[plain], keys=[key]).register("late", "a", serializer=plain)
    Registry(store, serializers=[plain]).register("late", "b", serializer=plain)
    left = orphan(Registry(store))
    assert not Registry(store, keys=[key]).gc(grace=NOW).ok
    assert store.exists(left)
