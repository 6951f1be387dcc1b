"""`verify` names every fault and where it is, and a fault in one history never hides those of another."""

from __future__ import annotations

import pytest

from maturekit._core.digest import digest_of
from maturekit.errors import ForeignFolderError, FormatError, IntegrityError, RegistryNotFoundError, StorageError
from maturekit.events import Draft, EventLog, Seal
from maturekit.registry import Registry
from maturekit.registry.recording import version_digest
from maturekit.reports import Finding, Report
from maturekit.storage import MemoryStore

KEY = b"a key of at least sixteen bytes"
HALF = {"alias": "challenger", "from": 2, "to": 2, "event": 4, "judged": 5}
"""Of a swap in which one alias stays where it was."""


@pytest.fixture
def full(registry, plain):
    registry = Registry(registry.store, actor="ada", serializers=[plain])
    parameters = {"looks": digest_of(b"like a digest")}
    first = registry.register("late", "a", notes="a note", parameters=parameters, serializer=plain, revision="abc")
    registry.attach(first, Report("review", [Finding("audit", "passed")]))
    registry.promote(first, to="production", actor="ada", reason="first")
    second = registry.register("late", "b", serializer=plain, revision="abc")
    registry.promote(second, to="challenger", actor="ada", reason="second")
    registry.swap("late", "production", "challenger", actor="ada", reason="it won")
    registry.approve(second, actor="ben")
    registry.hold(first, actor="ben", reason="an audit")
    registry.release(first, actor="ben", reason="the audit is over")
    registry.retire("late", alias="challenger", actor="ada", reason="not needed")
    registry.erase(first, actor="ada", reason="asked for", parts={"notes"})
    registry.register("fraud", "c", serializer=plain, revision="abc")
    return registry


def faults(registry):
    return [finding for finding in registry.verify().findings if not finding.ok]


def only_fault(registry):
    (finding,) = faults(registry)
    assert finding.status == "failed"
    return finding.rule, finding.message


def counts(registry):
    return {f.rule: f.value for f in registry.verify().findings if f.value is not None}


def forge(registry, number, *, name="late", replace, **changes):
    """Write an event anew, and all behind it, as one who can write and knows the format: every seal and link fits."""
    log, previous = registry.log(name), ""
    for event in log.events():
        extra = changes if event.number == number else {}
        if "body" in extra:
            extra = {**extra, "body": {**event.body, **extra["body"]}}
        forged = event.model_copy(update={**extra, "previous": previous}).sealed(Seal())
        replace(registry.store, log.key(event.number), forged.to_bytes())
        previous = forged.digest
    for key in registry.store.list(f"logs/model/{name}/"):
        if key.endswith("head.json"):
            registry.store.delete(key)


def test_a_sound_registry_says_how_much_was_read(full):
    report = full.verify()
    assert report.ok, report.summary()
    assert report.failed == ()
    assert counts(full) == {"event": 12, "blob": 6, "cache": 1, "erased": 1}  # 3 models, 2 lists of packages, a report


def test_every_blob_that_is_removed_or_changed_is_named(full, store, replace):
    for key in [key for key in store.list() if "/blobs/" in key]:
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
    for key in [key for key in store.list("logs/") if key[-6].isdigit() and "events/0" in key]:
        data = store.get(key)
        store.delete(key)
        last = "fraud" in key  # only an anchor shows a cut end; but what a lost tombstone erased is missed
        assert bool(faults(full)) is not last
        replace(store, key, data)


def test_a_fault_in_one_history_hides_none_in_another(full, store, replace):
    replace(store, "logs/model/fraud/events/000000000001.json", b"{")
    store.delete("logs/model/late/events/000000000002.json")
    blob = full.blobs("late").key(full["late:2"].body.model.files["model.txt"].digest)
    store.delete(blob)
    found = [(f.rule, f.columns, f.message[:28]) for f in faults(Registry(store))]
    assert found == [
        ("event", ("model/fraud",), "model/fraud: event 1: a stor"),
        ("event", ("model/late",), "model/late: event 2 is missi"),
        ("blob", ("model/late",), "the blob sha256:" + blob.rpartition("/")[2][:12]),
    ]


def test_a_text_that_looks_like_a_digest_is_no_content(full):
    full.register("fraud", "d", parameters={"data": digest_of(b"elsewhere")}, fingerprint=digest_of(b"data"))
    assert full.verify().ok


@pytest.mark.parametrize(
    ("number", "changes", "words"),
    [
        (1, {"subject": "sha256:00"}, "has a digest that is not that of its record"),
        (1, {"body": {"metrics": {"auc": 0.99}}}, "has a digest that is not that of its record"),
        (4, {"body": {"number": 5}}, "registers version 5, but 2 is next"),
        (4, {"body": {"parent": 2}}, "names version 2 as its parent, which was not there"),
        (2, {"body": {"version": 7}}, "speaks of version 7, which is not there"),
        (2, {"subject": "sha256:00"}, "says version 1, but has the digest of another"),
        (3, {"body": {"to": 9}}, "speaks of version 9, which is not there"),
        (3, {"body": {"from": 1}}, "moves 'production' from version 1, but it stood at nowhere"),
        (3, {"body": {"event": 2}}, "names event 2, which did not register version 1"),
        (3, {"body": {"judged": 3}}, "was judged at event 3, which came later"),
        (3, {"body": {"judged": -1}}, "of kind 'alias' is malformed: judged"),
        (6, {"body": {"to": 1, "from": 1, "event": 1, "swap": None}}, "says version 1, but has the digest of another"),
        (6, {"body": {"swap": HALF}}, "swaps two aliases that do not change places"),
        (7, {"actor": "ada"}, "approves version 2 in the name of its author"),
        (8, {"kind": "release"}, "releases version 1, which nobody held"),
        (9, {"kind": "hold"}, "erases content of version 1, which was held"),
        (10, {"body": {"from": 2}}, "moves 'challenger' from version 2, but it stood at version 1"),
        (11, {"body": {"version": 2}}, "says version 2, but has the digest of another"),
        (11, {"body": {"erased": {"notes": digest_of(b"x")}}}, "erases 'notes', which version 1 did not have"),
        (11, {"body": {"extra": 1}}, "of kind 'erasure' is malformed: extra"),
        (9, {"body": {"version": "1st"}}, "of kind 'release' is malformed: version"),
        (7, {"body": {"version": 7}}, "speaks of version 7, which is not there"),
    ],
)
def test_events_that_contradict_the_others_are_named(full, store, replace, number, changes, words):
    forge(full, number, replace=replace, **changes)
    messages = [finding.message for finding in faults(Registry(store)) if finding.rule == "record"]
    assert any(words in message for message in messages), messages


def test_a_tombstone_at_an_alias_is_named(full, store, replace):
    second = full["late:2"]
    forge(full, 11, replace=replace, subject=second.digest, body={"version": 2, "erased": {}})
    messages = [finding.message for finding in faults(Registry(store)) if finding.rule == "record"]
    assert messages == ["model/late/11: erases content of version 2, where the alias 'production' stood"]


def test_an_alias_that_points_to_an_erased_version_is_named(full, store):
    first = full["late:1"]
    move = {"alias": "production", "from": 2, "to": 1, "event": 1, "judged": 11}
    EventLog(store, "model/late").append(Draft("alias", body=move, subject=first.digest, actor="eve", reason="x"))
    rule, message = only_fault(Registry(store))
    assert rule == "record"
    assert message == "model/late/12: moves 'production' to version 1, of which content was erased"


def test_a_history_that_was_forged_as_a_whole_differs_from_its_anchor(full, store, replace):
    """Whoever can write, and knows how, writes another history that is sound: an anchor or a key shows it."""
    body = {**full["fraud:1"].event.body, "metrics": {"auc": 0.99}}
    anchor = full.anchor()
    forge(full, 1, name="fraud", replace=replace, body=body, subject=version_digest(body))
    assert Registry(store).verify().ok
    assert not Registry(store).verify(anchor=anchor).ok


def test_events_of_kinds_we_do_not_know_are_information(full, store):
    EventLog(store, "model/fraud").append(Draft("mood", body={"text": digest_of(b"x")}))
    EventLog(store, "pilot/canary").append(Draft("plan"))
    found = faults(Registry(store))
    assert [finding.rule for finding in found] == ["blob"]  # what an unknown event names is content
    unknown = [f for f in full.verify().findings if f.rule == "unknown"]
    assert [(f.status, f.severity, f.value) for f in unknown] == [("passed", "info", 1)]


def test_heads_that_disagree_with_the_events_are_named(full, store, replace):
    key = "logs/model/late/000000000010.head.json"
    replace(store, key, store.get(key).replace(b'"versions":2', b'"versions":3'))
    rule, message = only_fault(Registry(store))
    assert rule == "cache"
    assert message.startswith(key)


def test_unsigned_and_forged_events_are_named_where_keys_are_given(store, plain):
    signed = Registry(store, actor="ada", serializers=[plain], keys=[KEY])
    signed.register("late", "a", serializer=plain)
    signed.register("fraud", "a", serializer=plain)
    assert signed.verify().ok
    assert Registry(store).verify().ok
    Registry(store, actor="eve", serializers=[plain]).register("late", "b", serializer=plain)
    assert Registry(store).verify().ok
    assert [f.message for f in faults(signed)] == [
        "model/late: event 2 is not signed, and this registry was given keys"
    ]
    assert [f.columns for f in faults(Registry(store, keys=[b"the key of somebody else"]))] == [
        ("model/fraud",),
        ("model/late",),
        ("model/late",),
    ]


def test_files_of_another_kind_are_information(full, store):
    strange = [
        "README.txt",
        "logs/README",
        "logs/model/My-Model/events/000000000001.json",
        "logs/model/late/000000000010.head.json.bak",
        "logs/model/late/events/1.json",
        f"logs/model/late/events/blobs/sha256/00/{64 * '1'}",
    ]
    for key in strange:
        store.put_new(key, b"hello")
    report = full.verify()
    assert report.ok
    assert [f.message for f in report.findings if f.rule == "stray"] == [
        f"{key!r} is not of the registry" for key in sorted(strange)
    ]
    assert full.gc().ok
    assert all(store.exists(key) for key in strange)


def test_reading_a_damaged_or_missing_blob_says_which(full, store, replace):
    version = full["late:2"]
    digest = version.body.model.files["model.txt"].digest
    key = full.blobs("late").key(digest)
    replace(store, key, b"other")
    with pytest.raises(IntegrityError, match=f"the blob {digest} .* is damaged"):
        version.load()
    store.delete(key)
    with pytest.raises(IntegrityError, match=f"the blob {digest} is missing"):
        version.load()


def test_what_cannot_be_read_is_not_called_damaged(plain):
    class Unreadable(MemoryStore):
        closed = "nothing"

        def _get(self, key):
            if self.closed in key:
                raise StorageError(f"could not read {key!r}: Input/output error")
            return super()._get(key)

    store = Unreadable()
    registry = Registry(store, serializers=[plain])
    registry.register("late", "a", serializer=plain)
    for closed in ("registry.json", "events/0", "/blobs/"):
        store.closed = closed
        found = faults(registry)
        assert found
        assert {f.status for f in found} == {"could_not_run"}
        assert all("Input/output error" in f.message for f in found)


def test_a_folder_that_cannot_be_listed_hides_nothing_else(plain):
    class Unlistable(MemoryStore):
        closed = "nothing"

        def _list(self, prefix):
            if prefix.startswith(self.closed):
                raise StorageError("could not list: Permission denied")
            yield from super()._list(prefix)

    store = Unlistable()
    registry = Registry(store, serializers=[plain])
    registry.register("late", "a", serializer=plain)
    registry.register("fraud", "b", serializer=plain)
    store.delete(registry.blobs("late").key(registry["late:1"].body.model.files["model.txt"].digest))
    store.closed = "logs/model/fraud/"
    found = [(f.rule, f.status, f.columns) for f in faults(registry)]
    assert ("blob", "failed", ("model/late",)) in found
    assert ("event", "could_not_run", ("model/fraud",)) in found


def test_a_damaged_root_file_is_a_fault_like_others(full, store, replace):
    text = store.get("registry.json")
    at = text.index(b'"id":"') + 8
    other = text[:at] + (b"0" if text[at : at + 1] != b"0" else b"1") + text[at + 1 :]
    endless = text.replace(b'"format":1', b'"format":1,"more":1e999')
    for damage in (other, b"{", text + b"\n", endless):
        replace(store, "registry.json", damage)
        rule, message = only_fault(Registry(store))
        assert rule == "root"
        assert "registry.json" in message
        with pytest.raises((IntegrityError, ForeignFolderError)):
            Registry(store).names()
    store.delete("registry.json")
    assert only_fault(Registry(store))[1].startswith("there is no registry in")


def test_a_newer_registry_is_not_judged_by_old_rules(full, store, replace):
    replace(store, "registry.json", store.get("registry.json").replace(b'"format":1', b'"format":2'))
    with pytest.raises(FormatError, match="says format 2; this maturekit reads up to 1"):
        Registry(store).verify()


def test_where_no_registry_is_nothing_is_verified(store):
    with pytest.raises(RegistryNotFoundError):
        Registry(store).verify()
    store.put_new("registry.json", b"{}")
    with pytest.raises(ForeignFolderError):
        Registry(store).verify()


def test_content_that_is_erased_while_verify_reads_is_no_fault(plain):
    class Racing(MemoryStore):
        other = None

        def _get(self, key):
            if "/blobs/" in key and self.other:
                other, self.other = self.other, None
                other.erase("late:1", actor="ada", reason="asked for")
            return super()._get(key)

    store = Racing()
    registry = Registry(store, serializers=[plain])
    registry.register("late", "a", notes="a note", serializer=plain)
    store.other = Registry(store, serializers=[plain])
    report = registry.verify()
    assert store.other is None
    assert report.ok, report.summary()
