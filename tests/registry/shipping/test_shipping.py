"""Export and import: one file for a version, a model or a registry, with every digest kept."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    ForeignFolderError,
    IntegrityError,
    ModelNotFoundError,
    RegistryNotFoundError,
    SourceMissingError,
    StorageError,
    VersionNotFoundError,
)
from maturekit.registry import Registry
from maturekit.reports import Finding, Report
from maturekit.storage import MemoryStore

KEY = b"a secret of sixteen bytes"


def contents(store):
    return {key: store.get(key) for key in store.list()}


def reading():
    return Report("drift-reading", [Finding("alarm", "failed", value=40.0)])


def many(registry, name, count):
    """Let a model have `count` more events, cheaply."""
    version = registry.register(name, "model")
    for number in range(count - 1):
        registry.approve(version, actor="bob", role=f"reader {number}")
    return version


@pytest.fixture
def full(registry):
    """A registry of two models with reports, approvals, moves, heads and a pack."""
    first = registry.register("late", "a", metrics={"roc_auc": 0.7}, notes="the first", evidence=[Report("review", [])])
    second = registry.register("late", "b", tags=["weekly"])
    registry.attach(second, reading())
    registry.attach(second, Report("validation", [Finding("nullable", "failed", count=1)]), actor="bob")
    registry.approve(second, actor="bob", role="reviewer")
    registry.promote(second, to="production", actor="ada", reason="better")
    registry.attach(first, Report("review", [Finding("look", "passed")]))
    many(registry, "cheap", 123)
    return registry


@pytest.fixture
def shipped(full, tmp_path):
    """Return a function that exports from the full registry and gives the path."""
    return lambda what=None: full.export_to(tmp_path / "export.zip", what)


def test_a_registry_arrives_byte_for_byte(full, shipped):
    path, there = shipped(), MemoryStore()
    versions = Registry(there).import_from(path)
    assert contents(there) == contents(full.store)
    assert [version.reference for version in versions] == ["cheap:1", "late:1", "late:2"]
    arrived = Registry(there)
    assert arrived.verify().ok
    assert arrived["late@production"].load() == "b"
    assert arrived.head("cheap") == full.head("cheap")
    assert arrived["late:2"].reports() == full["late:2"].reports()


def test_a_model_arrives_in_a_registry_that_goes_on_with_it(full, shipped):
    there = Registry(MemoryStore(), actor="eve")
    there.register("other", "x")
    path = shipped("cheap")
    there.import_from(path)
    mine = {key: data for key, data in contents(full.store).items() if key.startswith("logs/model/cheap/")}
    assert {key: data for key, data in contents(there.store).items() if "/cheap/" in key} == mine
    assert len(mine) == 123 + 12 + 1 + 2
    assert there.register("cheap", "next").number == 2
    assert there.history("cheap")[123].previous == full.head("cheap")
    assert there.verify().ok


def test_an_export_holds_its_keys_in_order_as_plain_files(full, shipped):
    with zipfile.ZipFile(shipped()) as archive:
        names = archive.namelist()
        assert names[0] == "registry.json"
        assert names[-1] == "export.json"
        assert names[1:-1] == sorted(names[1:-1])
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_equal_content_makes_an_equal_file(full, tmp_path, shipped):
    first = shipped().read_bytes()
    there = Registry(MemoryStore())
    there.import_from(shipped())
    assert there.export_to(tmp_path / "again.zip").read_bytes() == first


@pytest.mark.parametrize("what", ["late", None])
def test_orphans_strays_and_damaged_caches_stay_behind(full, shipped, replace, what):
    clean = shipped(what).read_bytes()
    full.store.put_new("logs/model/late/events/blobs/sha256/ab/" + "ab" * 32, b"orphan")
    full.store.put_new("stray.txt", b"stray")
    assert shipped(what).read_bytes() == clean
    replace(full.store, "logs/model/late/000000000010.head.json", b"{}") if what else None
    there = Registry(MemoryStore())
    there.import_from(shipped(what))
    assert there.verify().ok


def test_a_damaged_head_or_pack_is_not_exported(full, shipped, replace):
    replace(full.store, "logs/model/cheap/000000000050.head.json", b"{}")
    full.store.delete("logs/model/cheap/000000000100.pack.jsonl")
    there = Registry(MemoryStore(), actor="eve")
    there.import_from(shipped("cheap"))
    assert len(there.history("cheap")) == 123
    assert not there.store.exists("logs/model/cheap/000000000050.head.json")
    assert there.verify().ok


def test_a_damaged_registry_is_not_exported_and_no_file_is_left(full, tmp_path, replace):
    blob = next(key for key in full.store.list("logs/model/late/events/blobs/"))
    replace(full.store, blob, b"other")
    with pytest.raises(IntegrityError, match=r"blob sha256:\w+ in .* is damaged"):
        full.export_to(tmp_path / "new" / "export.zip")
    full.store.delete(blob)
    with pytest.raises(IntegrityError, match="missing"):
        full.export_to(tmp_path / "new" / "export.zip", "late")
    assert list((tmp_path / "new").iterdir()) == []
    full.export_to(tmp_path / "new" / "export.zip", "cheap")


def test_what_others_write_meanwhile_is_left_out(full, tmp_path):
    class Slow(MemoryStore):
        """Lets somebody write whenever content is read."""

        def _get(self, key):
            if "/blobs/" in key and "late" in key:
                self.visitor.approve("late:1", actor="bob", role="late")
            return super()._get(key)

    store = Slow()
    store._items = full.store._items
    store.visitor = full
    there = Registry(MemoryStore())
    there.import_from(Registry(store).export_to(tmp_path / "export.zip"))
    assert there.verify().ok
    assert len(there.history("late")) == 8 < len(full.history("late"))


def test_a_history_is_continued_and_never_rewritten(full, shipped, tmp_path):
    there = Registry(MemoryStore(), actor="eve")
    there.import_from(shipped("late"))
    before = contents(there.store)
    there.import_from(shipped("late"))
    assert contents(there.store) == before
    full.approve("late:1", actor="fay")
    there.import_from(shipped("late"))
    assert there.head("late") == full.head("late")
    full_path = shipped("late")
    there.register("late", "mine")
    there.import_from(full_path)
    full.register("late", "other")
    before = contents(there.store)
    with pytest.raises(ArgumentError, match="model/late is here already, with another history: event 10 differs"):
        there.import_from(shipped("late"))
    assert contents(there.store) == before


def test_a_model_that_somebody_registers_meanwhile_is_left_to_them(full, shipped):
    class Beaten(MemoryStore):
        """Lets somebody register a model of the same name just before its first event arrives."""

        def _put_new(self, key, data):
            if key == "logs/model/cheap/events/000000000001.json" and self.other is not None:
                other, self.other = self.other, None
                other.register("cheap", "mine")
            super()._put_new(key, data)

    store = Beaten()
    store.other = Registry(store, actor="bob")
    with pytest.raises(ArgumentError, match=r"somebody else has written .*000000000001.json' meanwhile"):
        Registry(store).import_from(shipped("cheap"))
    assert Registry(store)["cheap:1"].load() == "mine"
    assert Registry(store).verify().ok


def test_a_registry_comes_only_where_nothing_is(full, shipped, tmp_path):
    path = shipped()
    other = Registry(MemoryStore(), actor="eve")
    other.register("other", "x")
    before = contents(other.store)
    with pytest.raises(ArgumentError, match="another registry"):
        other.import_from(path)
    assert contents(other.store) == before
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter.txt").write_text("dear")
    with pytest.raises(ForeignFolderError):
        Registry(tmp_path / "papers").import_from(path)
    assert [entry.name for entry in (tmp_path / "papers").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("what", [None, "cheap", "late:2"])
def test_an_import_that_breaks_off_leaves_a_sound_registry_and_is_finished_by_repeating_it(full, shipped, what):
    path = shipped(what)

    class Failing(MemoryStore):
        """Fails at the n-th write."""

        left = None

        def _put_new(self, key, data):
            if self.left == 0:
                raise StorageError("no space")
            if self.left is not None:
                self.left -= 1
            super()._put_new(key, data)

    whole = Registry(MemoryStore(), actor="eve")
    whole.import_from(path)
    writes = len(contents(whole.store))
    for count in sorted({0, 1, 2, *([3, 4, 5, 6, 7] if what == "late:2" else []), writes // 2, writes - 1}):
        store = Failing()
        store.left = count
        with pytest.raises(StorageError, match="no space"):
            Registry(store, actor="eve").import_from(path)
        store.left = None
        if count:
            assert Registry(store).verify().ok
        versions = Registry(store, actor="eve").import_from(path)
        assert Registry(store).verify().ok
        assert [version.digest for version in versions] == [one.digest for one in whole.import_from(path)]
        if what == "late:2":
            assert len(versions[0].reports()) == 2
        else:
            kept = {key: data for key, data in contents(store).items() if key != "registry.json"}
            assert kept == {key: data for key, data in contents(whole.store).items() if key != "registry.json"}


def test_signed_histories_keep_their_signatures(tmp_path):
    signed = Registry(MemoryStore(), actor="ada", keys=[KEY])
    many(signed, "late", 12)
    there = Registry(MemoryStore(), keys=[KEY])
    there.import_from(signed.export_to(tmp_path / "signed.zip"))
    assert contents(there.store) == contents(signed.store)
    assert len(Registry(there.store, keys=[KEY]).history("late")) == 12
    stranger = Registry(MemoryStore(), actor="eve", keys=[b"another secret of mine"])
    with pytest.raises(IntegrityError, match="not signed by a key of this registry"):
        stranger.import_from(tmp_path / "signed.zip")
    assert contents(stranger.store) == {}
    stranger.import_from(signed.export_to(tmp_path / "version.zip", "late:1"))
    assert stranger.history("late")[0].mac
    Registry(MemoryStore()).import_from(tmp_path / "signed.zip")


def test_erased_content_does_not_travel_but_its_tombstone_does(full, tmp_path):
    version = full["late:1"]
    blob = full.blobs("late").key(version.body.notes)
    before = full.export_to(tmp_path / "before.zip", "late")
    full.erase(version, parts={"notes"}, actor="ada", reason="names a person")
    full.store.put_new(blob, b"the first")  # what an eraser leaves that crashed
    path = full.export_to(tmp_path / "late.zip", "late")
    assert blob not in zipfile.ZipFile(path).namelist()
    there = Registry(MemoryStore())
    there.import_from(path)
    assert list(there["late:1"].erased) == ["notes"]
    assert there["late:1"].load() == "a"
    with pytest.raises(ArgumentError, match="content of late:1 was erased"):
        full.export_to(tmp_path / "version.zip", version)
    full.export_to(tmp_path / "version.zip", "late:2")
    there.import_from(before)
    assert not there.store.exists(blob)
    assert there.verify().ok


def test_an_older_file_is_replaced_in_one_step(full, tmp_path):
    path = tmp_path / "export.zip"
    path.write_bytes(b"precious")
    with pytest.raises(ModelNotFoundError, match="did you mean 'late'"):
        full.export_to(path, "lates")
    with pytest.raises(VersionNotFoundError):
        full.export_to(path, "late:3")
    assert path.read_bytes() == b"precious"
    assert full.export_to(str(path), "late") == path
    assert [entry.name for entry in tmp_path.iterdir()] == ["export.zip"]
    assert zipfile.ZipFile(path).testzip() is None


def test_what_cannot_be_exported_is_said(full, tmp_path):
    with pytest.raises(ArgumentTypeError, match="expected a version or the name of a model, got int"):
        full.export_to(tmp_path / "export.zip", 3)
    with pytest.raises(ArgumentTypeError, match="file must be a path, got NoneType"):
        full.export_to(None)
    other = Registry(MemoryStore(), actor="ada")
    other.register("late", "z")
    with pytest.raises(ArgumentError, match="late:1 is a version of another registry"):
        full.export_to(tmp_path / "export.zip", other["late:1"])
    with pytest.raises(RegistryNotFoundError):
        Registry(MemoryStore()).export_to(tmp_path / "export.zip")
    with pytest.raises(StorageError, match="could not write"):
        full.export_to(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_imported_is_said(tmp_path):
    registry = Registry(MemoryStore(), actor="ada")
    with pytest.raises(SourceMissingError, match=r"there is no file .*nothing.zip"):
        registry.import_from(tmp_path / "nothing.zip")
    with pytest.raises(StorageError, match="could not be read"):
        registry.import_from(tmp_path)
    with pytest.raises(ArgumentError, match="reason must be one printable line"):
        registry.import_from(tmp_path, reason="two\nlines")
    assert contents(registry.store) == {}


def test_an_import_keeps_the_times_of_histories_and_gives_versions_its_own(full, shipped):
    late = datetime(2030, 1, 1, tzinfo=UTC)
    there = Registry(MemoryStore(), actor="eve", clock=lambda: late)
    there.import_from(shipped("cheap"))
    assert there["cheap:1"].time == full["cheap:1"].time
    (version,) = there.import_from(shipped("late:1"))
    assert version.time == late
    assert full["late:1"].time < late - timedelta(days=1)
