"""An anchor kept elsewhere shows what was cut off, rewritten, removed or exchanged."""

from __future__ import annotations

import json

import pytest

from maturekit.errors import FormatError, IntegrityError
from maturekit.events import Seal
from maturekit.registry import Registry
from maturekit.storage import MemoryStore


@pytest.fixture
def full(store, plain):
    registry = Registry(store, actor="ada", serializers=[plain])
    for name, versions in (("late", 12), ("fraud", 1)):
        for number in range(versions):
            registry.register(name, f"model {number}", serializer=plain, revision="abc")
    return registry


def anchored(registry, anchor):
    """Return the messages of what contradicts the anchor, and whether the registry is sound without it."""
    fresh = Registry(registry.store)
    failed = [finding.message for finding in fresh.verify(anchor=anchor).failed if finding.rule == "anchor"]
    return failed, fresh.verify().ok


def cut(store, name, number, *, caches=True):
    for key in list(store.list(f"logs/model/{name}/")):
        event, cache = f"events/{number:012d}.json", ".head.json"
        if key.endswith(event) or (caches and key.endswith(cache)):
            store.delete(key)


def test_an_anchor_is_canonical_json(full, store):
    anchor = json.loads(full.anchor())
    assert anchor == {
        "format": 1,
        "registry": json.loads(store.get("registry.json"))["id"],
        "heads": {
            "model/fraud": {"number": 1, "digest": full.head("fraud")},
            "model/late": {"number": 12, "digest": full.head("late")},
        },
    }
    assert full.anchor() == json.dumps(anchor, sort_keys=True, separators=(",", ":"))
    assert Registry(store).anchor() == full.anchor()


def test_a_registry_that_grew_continues_its_anchor(full, plain):
    anchor = full.anchor()
    full.register("late", "more", serializer=plain)
    full.register("other", "more", serializer=plain)
    full.erase("late:1", actor="ada", reason="asked for")
    report = full.verify(anchor=anchor)
    assert report.ok
    assert [f.value for f in report.findings if f.rule == "anchor"] == [2]
    assert full.verify(anchor=anchor.encode()).ok


def test_a_cut_end_is_named(full, store):
    anchor = full.anchor()
    cut(store, "late", 12)
    assert anchored(full, anchor) == (["model/late ends with event 11; the anchor names its event 12"], True)


def test_a_history_that_vanished_is_named(full, store):
    anchor = full.anchor()
    for key in list(store.list("logs/model/fraud/")):
        store.delete(key)
    assert anchored(full, anchor) == (["model/fraud is gone; the anchor names its event 1"], True)


def test_a_rewritten_history_is_named(full, store, replace):
    anchor, log = full.anchor(), full.log("fraud")
    forged = log.event(1).event.model_copy(update={"actor": "eve"}).sealed(Seal())
    replace(store, log.key(1), forged.to_bytes())
    assert anchored(full, anchor) == (["model/fraud has another event 1; the anchor names its event 1"], True)


def test_an_anchored_event_that_is_missing_in_the_middle_is_named(full, store, plain):
    anchor = full.anchor()
    full.register("late", "more", serializer=plain)
    store.delete("logs/model/late/events/000000000012.json")
    assert anchored(full, anchor) == (["model/late has no event 12; the anchor names its event 12"], False)


def test_the_anchor_of_another_registry_says_nothing(full, plain):
    other = Registry(MemoryStore(), serializers=[plain])
    other.register("late", "a", serializer=plain)
    failed, sound = anchored(full, other.anchor())
    assert len(failed) == 1
    assert failed[0].startswith("the anchor is of the registry ")
    assert sound


def test_a_registry_that_was_begun_anew_is_named(full, plain):
    """Somebody removed everything and wrote a new registry with the same models."""
    anchor = full.anchor()
    for key in list(full.store.list()):
        full.store.delete(key)
    Registry(full.store, actor="eve", serializers=[plain]).register("late", "model 0", serializer=plain)
    assert len(anchored(full, anchor)[0]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"format":1}',
        '{"format":1,"heads":[],"registry":"x"}',
        '{"format":1,"heads":{"model/late":7},"registry":"x"}',
        '{"format":1,"heads":{"model/late":{"number":0,"digest":"x"}},"registry":"x"}',
        '{"format":1,"heads":{"model/late":{"number":1,"digest":"x"}},"registry":"x"}',
        '{"format":1,"heads":{},"registry":7}',
    ],
)
def test_a_text_that_is_no_anchor_is_refused(full, text):
    with pytest.raises(FormatError, match="the anchor"):
        full.verify(anchor=text)


def test_a_newer_anchor_is_refused(full):
    with pytest.raises(FormatError, match="the anchor has format 2"):
        full.verify(anchor=full.anchor().replace('"format":1', '"format":2'))


def test_a_strange_name_in_an_anchor_is_a_history_that_is_gone(full):
    content = json.loads(full.anchor())
    content["heads"] = {"../../etc": content["heads"]["model/late"]}
    assert anchored(full, json.dumps(content))[0] == ["../../etc is gone; the anchor names its event 12"]


def test_what_is_damaged_is_not_vouched_for(full, store, replace):
    replace(store, "logs/model/fraud/events/000000000001.json", b"{")
    with pytest.raises(IntegrityError, match="model/fraud: event 1"):
        Registry(store).anchor()


def test_an_anchor_of_a_registry_without_its_root_file_contradicts(full, store):
    anchor = full.anchor()
    store.delete("registry.json")
    failed, sound = anchored(full, anchor)
    assert failed[0].endswith("and this is unknown")
    assert not sound
