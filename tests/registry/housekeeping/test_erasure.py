"""What is erased is gone for good and says so; what is held, or in use, is not erased."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError, StorageError
from maturekit.events import Draft, EventLog
from maturekit.profile import Profile
from maturekit.registry import Registry
from maturekit.reports import Finding, Report
from maturekit.schema import Schema
from maturekit.storage import MemoryStore

NOW = timedelta(0)
WHO = {"actor": "dpo", "reason": "asked by a person"}


@pytest.fixture
def registry(store, plain):
    return Registry(store, actor="ada", serializers=[plain])


@pytest.fixture
def add(plain):
    def add(registry, model="a", *, notes="a note", **more):
        return registry.register("late", model, notes=notes, serializer=plain, revision="abc", **more)

    return add


def problems(registry):
    return [(finding.rule, finding.severity) for finding in registry.verify().failed]


def told(registry):
    return {finding.rule: finding.value for finding in registry.verify().findings if finding.value}


def blobs_of(registry):
    return [key for key in registry.store.list() if "/blobs/" in key]


def test_erasing_leaves_a_tombstone_and_no_content(registry, add):
    version = add(registry)
    add(registry, "b", notes="")
    before = len(blobs_of(registry))
    event = registry.erase(version, cause=version.event, **WHO)
    assert (event.kind, event.subject, event.actor, event.cause) == ("erasure", version.digest, "dpo", version.event_id)
    assert event.body == {
        "version": 1,
        "erased": {"model/model.txt": version.body.model.files["model.txt"].digest, "notes": version.body.notes},
    }
    assert before - len(blobs_of(registry)) == 2
    assert registry.verify().ok
    assert told(registry) == {"event": 3, "blob": 2, "erased": 2}
    assert registry.gc(grace=NOW).ok
    assert registry.verify().ok


def test_reading_what_was_erased_says_who_did_it_and_why(registry, add):
    version = add(registry)
    event = registry.erase(version, **WHO)
    words = f"of late:1 was erased by dpo at {event.time:%Y-%m-%d}T.*: asked by a person"
    with pytest.raises(NotFoundError, match=f"'model/model.txt' {words}") as error:
        version.load()
    assert "model/late/2" in error.value.hint
    with pytest.raises(NotFoundError, match=f"'notes' {words}"):
        _ = registry["late:1"].notes
    assert {part: one.id for part, one in version.erased.items()} == {
        "model/model.txt": "model/late/2",
        "notes": "model/late/2",
    }
    assert version.metrics == {}
    assert "late:1" in repr(version)


def test_only_what_is_named_is_erased(registry, add):
    version = add(registry)
    registry.erase(version, parts={"notes"}, **WHO)
    assert version.load() == "a"
    assert list(version.erased) == ["notes"]
    registry.erase(version, parts=["model"], **WHO)
    assert list(version.erased) == ["notes", "model/model.txt"]
    assert registry.verify().ok


def test_the_schema_stays_unless_it_is_named(registry, add):
    frame = pd.DataFrame({"hour": [7, 8]})
    version = add(registry, schema=Schema.learn(frame), profile=Profile.of(frame))
    registry.erase(version, **WHO)
    assert set(version.erased) == {"model/model.txt", "profile", "notes"}
    registry.erase(version, parts={"schema"}, **WHO)
    assert "schema" in version.erased
    with pytest.raises(NotFoundError, match="'schema' of late:1 was erased"):
        _ = version.schema
    with pytest.raises(NotFoundError, match="'profile' of late:1 was erased"):
        _ = version.profile


def test_attached_reports_stay(registry, add):
    version = add(registry, evidence=[Report("review", [Finding("audit", "passed")])])
    registry.erase(version, **WHO)
    registry.attach(version, Report("review", [Finding("late", "passed")]))
    assert [report.findings[0].rule for report in version.reports()] == ["audit", "late"]
    assert registry.gc(grace=NOW).ok
    assert len(version.reports()) == 2
    assert registry.verify().ok


def test_content_that_another_version_has_stays(registry, add):
    first, second = add(registry), add(registry, "b")
    registry.erase(first, **WHO)
    assert first.notes == second.notes == "a note"  # the same blob, which version 2 still needs
    assert set(first.erased) == {"model/model.txt", "notes"}
    registry.gc(grace=NOW)
    assert second.notes == "a note"
    assert registry.verify().ok
    registry.erase(second, **WHO)
    with pytest.raises(NotFoundError):
        _ = second.notes
    assert registry.verify().ok


def test_registering_equal_content_again_brings_it_back(registry, add):
    first = add(registry)
    registry.erase(first, **WHO)
    second = add(registry)
    assert second.load() == "a"
    assert set(first.erased) == {"model/model.txt", "notes"}
    assert told(registry) == {"event": 3, "blob": 3}
    assert registry.verify().ok
    registry.gc(grace=NOW)
    assert second.notes == "a note"
    registry.promote(second, to="production", actor="ada", reason="x")
    with pytest.raises(NotFoundError, match="of late:1 was erased by dpo"):
        registry.promote(first, to="production", actor="ada", reason="x")


def test_what_is_held_is_not_erased_until_every_hold_is_released(registry, add):
    version = add(registry)
    for _ in range(2):
        registry.hold(version, actor="ben", reason="an audit")
    assert version.held
    events = len(registry.history("late"))
    for _ in range(2):
        with pytest.raises(ArgumentError, match="nothing of late:1 can be erased: it is held"):
            registry.erase(version, **WHO)
        registry.release(version, actor="ben", reason="it is over")
    assert not version.held
    assert len(registry.history("late")) == events + 2
    with pytest.raises(ArgumentError, match="late:1 is not held"):
        registry.release(version, actor="ben", reason="it is over")
    registry.erase(version, **WHO)
    assert registry.verify().ok


def test_where_an_alias_points_nothing_is_erased(registry, add):
    version = add(registry)
    registry.promote(version, to="production", actor="ada", reason="x")
    with pytest.raises(ArgumentError, match="nothing of late:1 can be erased: the alias 'production' stands there"):
        registry.erase(version, parts={"notes"}, **WHO)
    registry.retire("late", alias="production", actor="ada", reason="x")
    registry.erase(version, **WHO)
    assert problems(registry) == []


def test_no_alias_moves_to_what_was_erased(registry, add):
    first, second, third = add(registry), add(registry, "b"), add(registry, "c")
    registry.promote(first, to="production", actor="ada", reason="x")
    registry.promote(second, to="production", actor="ada", reason="x")
    registry.erase(first, **WHO)
    count = len(registry.history("late"))
    with pytest.raises(NotFoundError, match="of late:1 was erased by dpo"):
        registry.rollback("late", alias="production", actor="ada", reason="x")
    with pytest.raises(NotFoundError, match="of late:1 was erased by dpo"):
        registry.promote(first, to="challenger", actor="ada", reason="x")
    assert len(registry.history("late")) == count
    assert registry.promote(third, to="production", actor="ada", reason="x").number == count + 1
    fourth = add(registry, "d")
    registry.promote(fourth, to="challenger", actor="ada", reason="x")
    registry.swap("late", "production", "challenger", actor="ada", reason="x")
    assert registry.verify().ok


@pytest.mark.parametrize("first", ["erase", "promote"])
def test_an_erasure_and_a_promotion_at_once_cannot_both_succeed(plain, add, first):
    """The other one's event lands right before this one's: it is judged again, and refused."""

    class Racing(MemoryStore):
        act = None

        def _put_new(self, key, data):
            if self.act and "/events/0" in key:
                act, self.act = self.act, None
                act()
            super()._put_new(key, data)

    store = Racing()
    registry, other = (Registry(store, actor="ada", serializers=[plain]) for _ in range(2))
    version = add(registry)
    erase = ("erase", lambda registry: registry.erase("late:1", **WHO))
    promote = ("promote", lambda registry: registry.promote("late:1", to="production", actor="ada", reason="x"))
    winner, loser = (erase, promote) if first == "erase" else (promote, erase)
    store.act = lambda: winner[1](other)
    with pytest.raises((NotFoundError, ArgumentError)):
        loser[1](registry)
    assert [event.kind for event in registry.history("late")] == ["version", "erasure" if first == "erase" else "alias"]
    assert registry.verify().ok
    assert bool(version.erased) is (first == "erase")


@pytest.mark.parametrize("kill", ["first", "second"])
def test_an_interrupted_erasure_is_named_and_finished(plain, add, kill):
    class Killed(MemoryStore):
        left = 1_000

        def _delete(self, key):
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            super()._delete(key)

    store = Killed()
    registry = Registry(store, actor="ada", serializers=[plain])
    version = add(registry)
    store.left = 0 if kill == "first" else 1
    with pytest.raises(KeyboardInterrupt):
        registry.erase(version, **WHO)
    store.left = 1_000
    fresh = Registry(store, serializers=[plain])
    assert fresh.verify().ok
    assert problems(fresh) == [("unfinished", "warning")] * (2 if kill == "first" else 1)
    if kill == "first":
        assert fresh.gc(grace=NOW).ok
    else:
        assert fresh.erase("late:1", **WHO) == fresh.history("late")[-1]  # once more: no second tombstone
        assert [event.kind for event in fresh.history("late")] == ["version", "erasure"]
    assert problems(fresh) == []
    assert told(fresh)["erased"] == 2
    assert len(blobs_of(fresh)) == 1


@pytest.mark.parametrize("when", ["before", "behind"])
@pytest.mark.parametrize("operation", ["modified", "get", "delete", "put_new"])
def test_a_writer_may_bring_equal_content_at_any_step_of_an_erasure(plain, add, when, operation):
    class Racing(MemoryStore):
        act = None

    def racing(name):
        inner = getattr(MemoryStore, name)

        def run(self, key, *data):
            act = self.act if (part in key) else None
            if act and when == "before":
                self.act = None
                act()
            result = inner(self, key, *data)
            if act and when == "behind":
                self.act = None
                act()
            return result

        return run

    part = "/events/0" if operation == "put_new" else "/blobs/"
    setattr(Racing, f"_{operation}", racing(f"_{operation}"))
    store = Racing()
    registry, writer = (Registry(store, actor="ada", serializers=[plain]) for _ in range(2))
    version = add(registry)
    store.act = lambda: add(writer)
    registry.erase(version, **WHO)
    assert store.act is None
    assert registry["late:2"].load() == "a"
    assert registry["late:2"].notes == "a note"
    assert registry.verify().ok
    registry.gc(grace=NOW)
    assert registry["late:2"].notes == "a note"


def test_an_erasure_may_happen_at_any_step_of_a_writer_with_equal_content(plain, add):
    class Racing(MemoryStore):
        act, left = None, 0

        def _step(self):
            self.left -= 1
            if self.left == 0 and self.act:
                act, self.act = self.act, None
                act()

        def _put_new(self, key, data):
            self._step()
            super()._put_new(key, data)

        def _exists(self, key):
            self._step()
            return super()._exists(key)

        def _renew(self, key):
            self._step()
            super()._renew(key)

        def _get(self, key):
            self._step()
            return super()._get(key)

    steps, ran = 0, True
    while ran:
        steps += 1
        store = Racing()
        registry, eraser = (Registry(store, actor="ada", serializers=[plain]) for _ in range(2))
        add(registry)
        store.act, store.left = (lambda eraser=eraser: eraser.erase("late:1", **WHO)), steps
        second = add(registry)
        ran, store.act = store.act is None, None
        assert (second.load(), second.notes) == ("a", "a note"), steps
        assert registry.verify().ok, steps
        registry.gc(grace=NOW)
        assert (second.load(), second.notes) == ("a", "a note"), steps
    assert steps > 10


def test_a_store_that_cannot_delete_says_so_and_the_tombstone_stands(plain, add):
    class Stubborn(MemoryStore):
        def _delete(self, key):
            raise StorageError(f"could not delete {key!r}")

    registry = Registry(Stubborn(), actor="ada", serializers=[plain])
    version = add(registry)
    with pytest.raises(StorageError, match="could not delete"):
        registry.erase(version, **WHO)
    assert set(version.erased) == {"model/model.txt", "notes"}
    assert problems(registry) == [("unfinished", "warning")] * 2


@pytest.mark.parametrize(
    ("parts", "error", "words"),
    [
        ("model", ArgumentTypeError, "parts is a list of texts, got the str"),
        ({"weights"}, ArgumentError, "'weights' cannot be erased of a version"),
        ({"environment"}, ArgumentError, "what can: model, examples, profile, notes, schema"),
        (set(), ArgumentError, "nothing cannot be erased"),
        ({"examples"}, ArgumentError, "late:1 has none of these: examples"),
    ],
)
def test_what_cannot_be_erased_is_refused_and_nothing_is_written(registry, add, parts, error, words):
    add(registry)
    before = list(registry.store.list())
    with pytest.raises(error, match=words):
        registry.erase("late:1", parts=parts, **WHO)
    assert list(registry.store.list()) == before


@pytest.mark.parametrize("call", ["hold", "release", "erase"])
@pytest.mark.parametrize("who", [{"actor": "", "reason": "x"}, {"actor": "ada", "reason": " "}])
def test_who_and_why_must_be_said(registry, add, call, who):
    version = add(registry)
    with pytest.raises(ArgumentError, match="is empty"):
        getattr(registry, call)(version, **who)
    assert len(registry.history("late")) == 1


def test_what_is_missing_but_was_not_erased_is_missing(registry, add):
    version = add(registry)
    registry.erase(version, parts={"notes"}, **WHO)
    digest = version.body.model.files["model.txt"].digest
    registry.store.delete(registry.blobs("late").key(digest))
    with pytest.raises(ValueError, match=f"the blob {digest} is missing"):
        version.load()
    assert problems(registry) == [("blob", "error")]


def test_a_damaged_history_does_not_hide_which_blob_is_missing(registry, add, replace):
    version = add(registry)
    EventLog(registry.store, "model/late").append(Draft("mood"))
    registry.store.delete(registry.blobs("late").key(version.body.notes))
    replace(registry.store, "logs/model/late/events/000000000002.json", b"{")
    fresh = Registry(registry.store)
    with pytest.raises(ValueError, match=f"the blob {version.body.notes} is missing"):
        _ = type(version).of(fresh, version.stored).notes
