"""Housekeeping may be struck at any step of it: nothing that is needed is lost, and the next run finishes it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from maturekit.errors import StorageError
from maturekit.registry import Registry
from maturekit.storage import MemoryStore

WHO = {"actor": "ada", "reason": "x"}
OLD, NEW = b"the first key of ours", b"the second key of ours"


class Struck(MemoryStore):
    """Fails, or dies, at the n-th operation from now."""

    left = 0
    error = StorageError

    def _step(self):
        self.left -= 1
        if self.left == 0:
            raise self.error("struck")

    def _put_new(self, key, data):
        self._step()
        super()._put_new(key, data)

    def _get(self, key):
        self._step()
        return super()._get(key)

    def _exists(self, key):
        self._step()
        return super()._exists(key)

    def _delete(self, key):
        self._step()
        super()._delete(key)

    def _modified(self, key):
        self._step()
        return super()._modified(key)


@pytest.fixture
def filled(plain):
    """Return a function that fills a store: 2 erasable versions, 1 in use, an orphan, a wrong head."""

    def filled(store, keys=()):
        registry = Registry(store, actor="ada", serializers=[plain], keys=keys)
        for number in range(1, 4):
            registry.register("late", f"model {number}", notes="a note", serializer=plain, revision="abc")
        registry.promote("late:3", to="production", **WHO)
        for _ in range(8):
            registry.promote("late:3", to="production", **WHO)
        registry.blobs("late").delivery().put(b"orphan")
        store.delete("logs/model/late/000000000010.head.json")
        store.put_new("logs/model/late/000000000010.head.json", b"?")
        return registry

    return filled


def run(registry, call):
    if call == "gc":
        registry.gc(grace=timedelta(0))
    elif call == "expire":
        registry.expire("late", keep=1, **WHO)
    else:
        registry.erase("late:1", **WHO)


@pytest.mark.parametrize("call", ["gc", "erase", "expire"])
@pytest.mark.parametrize("error", [StorageError, KeyboardInterrupt], ids=["fails", "dies"])
def test_any_step_may_be_the_last(filled, plain, call, error):
    steps, struck = 0, True
    while struck:
        steps += 1 if call == "erase" else 3
        store = Struck()
        registry = filled(store)
        store.left, store.error, struck = steps, error, False
        try:
            run(registry, call)
        except (StorageError, KeyboardInterrupt):
            struck = True
        struck = struck or store.left <= 0
        store.left = 0
        fresh = Registry(store, actor="ada", serializers=[plain])
        assert fresh["late@production"].load() == "model 3"
        assert not [f for f in fresh.verify().failed if f.rule not in {"cache", "unfinished"}], steps
        assert fresh.gc(grace=timedelta(0)).ok
        run(fresh, call)
        report = fresh.verify()
        assert (report.ok, report.failed) == (True, ()), (steps, report.summary())
        left = {version.number for version in fresh.versions("late") if not version.erased}
        assert left == {"gc": {1, 2, 3}, "erase": {2, 3}, "expire": {3}}[call]
        assert fresh["late:3"].notes == "a note"
    assert steps > 15


def test_a_signed_registry_lives_its_whole_life_signed(filled, plain):
    store = MemoryStore()
    signed = filled(store, keys=[OLD])
    assert signed.gc(grace=timedelta(0)).ok
    anchor = signed.anchor()
    rotated = Registry(store, actor="ada", serializers=[plain], keys=[NEW, OLD])
    rotated.hold("late:1", **WHO)
    rotated.release("late:1", **WHO)
    rotated.expire("late", keep=1, **WHO)
    assert rotated.gc(grace=timedelta(0)).ok
    for keys in ([NEW, OLD], [OLD, NEW], []):
        report = Registry(store, keys=keys).verify(anchor=anchor)
        assert report.ok, report.summary()
        assert report.failed == ()
    assert {f.rule for f in Registry(store, keys=[NEW]).verify().failed} == {"event"}
    assert not Registry(store, keys=[NEW]).gc(grace=timedelta(0)).ok
    assert Registry(store, serializers=[plain])["late@production"].load() == "model 3"


def test_who_may_only_read_can_verify_and_anchor(filled):
    class ReadOnly(MemoryStore):
        closed = False

        def _put_new(self, key, data):
            if self.closed:
                raise StorageError("Read-only file system")
            super()._put_new(key, data)

        def _delete(self, key):
            if self.closed:
                raise StorageError("Read-only file system")
            super()._delete(key)

    store = ReadOnly()
    filled(store).gc(grace=timedelta(0))
    store.closed = True
    reader = Registry(store)
    assert reader.verify(anchor=reader.anchor()).ok
    assert reader.gc(grace=timedelta(0)).ok  # there is nothing to delete
