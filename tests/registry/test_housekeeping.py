"""`verify` names every fault with its place; `gc` removes what no event names, and nothing else."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maturekit._core.digest import digest_of
from maturekit.errors import ArgumentError, IntegrityError
from maturekit.registry import Registry
from maturekit.registry.blobs import Blobs
from maturekit.reports import Finding, Report
from maturekit.storage import LocalStore, MemoryStore

NOW = timedelta(0)


@pytest.fixture
def full(registry):
    first = registry.register("late", "a", notes="a note", metrics={"auc": 0.7})
    registry.attach(first, Report("review", [Finding("audit", "passed")]))
    registry.promote(first, to="production", actor="ada", reason="first")
    registry.register("fraud", "b")
    return registry


def faults(registry):
    return [finding for finding in registry.verify().findings if not finding.ok]


def only_fault(registry):
    (finding,) = faults(registry)
    assert finding.status == "failed"
    return finding.rule, finding.message


def test_a_sound_registry_says_how_much_was_read(full):
    report = full.verify()
    assert report.ok
    assert {(f.rule, f.value) for f in report.findings if f.value is not None} == {("event", 4), ("blob", 5)}


def test_every_blob_that_is_removed_or_changed_is_named(full, store, replace):
    for key in list((key for key in store.list() if "/blobs/" in key)):
        data = store.get(key)
        store.delete(key)
        rule, message = only_fault(full)
        assert rule == "blob"
        assert key.rpartition("/")[2] in message
        assert "missing" in message
        assert "names it" in message
        replace(store, key, data + b" ")
        assert "damaged" in only_fault(full)[1]
        replace(store, key, data)
    assert full.verify().ok


def test_every_event_that_is_removed_is_named(full, store, replace):
    for key in list(store.list("logs/")):
        data = store.get(key)
        store.delete(key)
        last = key.endswith("late/000000000003.json") or "fraud" in key
        assert bool(faults(full)) is not last  # only a head that was kept elsewhere shows a cut end
        replace(store, key, data)


def test_flipped_bits_in_any_file_are_found(full, store, replace):
    head = {name: full.head(name) for name in full.names()}
    for key in list(store.list()):
        data = store.get(key)
        for place in range(3, len(data) * 8, max(1, len(data) * 8 // 12)):
            flipped = bytearray(data)
            flipped[place // 8] ^= 1 << place % 8
            replace(store, key, bytes(flipped))
            fresh = Registry(store)
            try:
                found = not fresh.verify().ok or {name: fresh.head(name) for name in fresh.names()} != head
            except (ValueError, OSError):
                found = True
            assert found, (key, place)
        replace(store, key, data)
    assert full.verify().ok


def test_a_version_whose_record_was_edited_with_its_chain_is_named(full, store, replace):
    event = full.history("fraud")[0]
    forged = event.model_copy(update={"body": {**event.body, "metrics": {"auc": 0.99}}})
    replace(store, "logs/model/fraud/000000000001.json", forged.to_bytes())
    rule, message = only_fault(Registry(store))
    assert rule == "record"
    assert message == "model/fraud/1: has a digest that is not that of its record"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((1, {"number": 5}), "registers version 5, but 1 is next"),
        ((2, {"version": 7}), "speaks of version 7, which is not there"),
        ((3, {"to": 9}), "speaks of version 9, which is not there"),
        ((3, {"judged": -1}), "event model/late/3 of kind 'alias' is malformed: judged"),
    ],
)
def test_events_that_contradict_the_others_are_named(full, store, replace, change, words):
    number, change = change
    key = f"logs/model/late/{number:012d}.json"
    event = full.history("late")[number - 1]
    replace(store, key, event.model_copy(update={"body": {**event.body, **change}}).to_bytes())
    assert any(words in finding.message for finding in faults(Registry(store)))


def test_files_of_another_kind_are_information(full, store):
    store.put_new("README.txt", b"hello")
    report = full.verify()
    assert report.ok
    assert [f.message for f in report.findings if f.rule == "stray"] == ["'README.txt' is not of the registry"]


def test_reading_a_damaged_or_missing_blob_says_which(full, store, replace):
    version = full["late:1"]
    digest = version.body.model.files["model.joblib"].digest
    replace(store, Blobs.key(digest), b"other")
    with pytest.raises(IntegrityError, match=f"the blob {digest} .* is damaged"):
        version.load()
    store.delete(Blobs.key(digest))
    with pytest.raises(IntegrityError, match=f"the blob {digest} is missing"):
        version.load()


def test_a_damaged_root_file_is_a_fault_like_others(full, store, replace):
    text = store.get("registry.json")
    at = text.index(b'"id":"') + 8
    replace(store, "registry.json", text[:at] + (b"0" if text[at : at + 1] != b"0" else b"1") + text[at + 1 :])
    rule, message = only_fault(Registry(store))
    assert rule == "root"
    assert message.startswith("'registry.json' in MemoryStore")
    with pytest.raises(IntegrityError, match="is damaged"):
        Registry(store).names()


def test_orphans_are_information_and_go_after_their_grace_time(full, store):
    store.put_new(Blobs.key(digest_of(b"orphan")), b"orphan")
    before = list(store.list())
    (orphan,) = [finding for finding in full.verify().findings if finding.rule == "orphan"]
    assert (orphan.severity, orphan.value) == ("info", 1)
    assert {f.rule: f.value for f in full.gc().findings} == {"deleted": 0, "waiting": 1, "unfinished": 0}
    assert list(store.list()) == before
    assert {f.rule: f.value for f in full.gc(grace=NOW).findings} == {"deleted": 1, "waiting": 0, "unfinished": 0}
    assert set(before) - set(store.list()) == {Blobs.key(digest_of(b"orphan"))}
    assert full.verify().ok


def test_nothing_that_any_event_names_is_removed(full, store):
    before = list(store.list())
    assert full.gc(grace=NOW).ok
    assert list(store.list()) == before
    assert full["late:1"].notes == "a note"


def test_events_of_kinds_we_do_not_know_keep_their_content(full, store):
    from maturekit.events import Draft, EventLog

    digest = full.blobs.delivery().put(b"a plan")
    EventLog(store, "pilot/canary").append(Draft("plan", body={"inner": [{"plan": digest}]}))
    assert full.gc(grace=NOW).ok
    assert full.blobs.get(digest) == b"a plan"


def test_a_damaged_history_stops_the_collector(full, store, replace):
    full.blobs.delivery().put(b"orphan")
    store.delete("logs/model/late/000000000002.json")
    before = list(store.list())
    report = full.gc(grace=NOW)
    assert not report.ok
    assert [(f.status, f.message) for f in report.findings] == [("could_not_run", "model/late: event 2 is missing")]
    assert list(store.list()) == before


def test_a_negative_grace_time_is_refused(full):
    with pytest.raises(ArgumentError, match="the grace time must not be negative"):
        full.gc(grace=timedelta(seconds=-1))


def test_a_writer_that_uses_an_orphan_again_saves_it(tmp_path):
    store = LocalStore(tmp_path)
    registry = Registry(store)
    registry.register("late", "a")
    key = Blobs.key(registry.blobs.delivery().put(b"a note"))
    os.utime(tmp_path / key, (0, 0))
    registry.register("late", "b", notes="a note")
    assert datetime.now(UTC) - store.modified(key) < timedelta(minutes=1)


def test_what_the_collector_removes_while_a_writer_uses_it_comes_back():
    """The collector has judged an orphan old just before the writer renewed it, and deletes it a moment later."""

    class Racing(MemoryStore):
        def _put_new(self, key, data):
            super()._put_new(key, data)
            if key.startswith("logs/") and orphan:
                self._delete(orphan.pop())

    store, orphan = Racing(), []
    registry = Registry(store)
    registry.register("late", "a")
    key = Blobs.key(registry.blobs.delivery().put(b"a note"))
    orphan.append(key)
    version = registry.register("late", "b", notes="a note")
    assert version.notes == "a note"
    assert registry.verify().ok


def test_a_damaged_blob_is_written_anew_by_whoever_has_its_content(full, store, replace, caplog):
    version = full["late:1"]
    key = Blobs.key(version.body.notes)
    replace(store, key, b"rotten")
    full.register("late", "c", notes="a note")
    assert version.notes == "a note"
    assert "was damaged and is written anew" in caplog.text
    assert full.verify().ok


def test_what_crashed_writers_left_is_swept(tmp_path):
    registry = Registry(tmp_path)
    registry.register("late", "a")
    left = tmp_path / "logs/model/late/.unfinished-00"
    Path(left).write_bytes(b"half")
    os.utime(left, (0, 0))
    assert {f.rule: f.value for f in registry.gc().findings}["unfinished"] == 1
    assert not left.exists()


def test_every_damaged_history_is_listed_beside_the_sound_ones(full, store, replace):
    replace(store, "logs/model/fraud/000000000001.json", b"{")
    report = Registry(store).verify()
    assert not report.ok
    messages = [finding.message for finding in report.findings if not finding.ok]
    assert len(messages) == 1
    assert messages[0].startswith("model/fraud: event 1: ")
