"""Whatever is changed, removed, inserted or exchanged in a registry, `verify` finds it."""

from __future__ import annotations

import itertools

import pytest

from maturekit.errors import FormatError, IntegrityError
from maturekit.registry import Registry
from maturekit.reports import Finding, Report
from maturekit.storage import MemoryStore


@pytest.fixture
def small(store, plain):
    registry = Registry(store, actor="ada", serializers=[plain])
    first = registry.register("late", "a model", notes="a note", serializer=plain, revision="abc")
    registry.attach(first, Report("review", [Finding("audit", "passed")]))
    second = registry.register("late", "b model", metrics={"auc": 0.7}, serializer=plain, revision="abc")
    registry.promote(second, to="production", actor="ada", reason="better")
    registry.erase(first, actor="ada", reason="asked for")
    return registry


@pytest.fixture
def grown(small):
    """A registry with a head and a pack."""
    while len(small.history("late")) < 101:
        small.promote("late:2", to="production", actor="ada", reason="again")
    return small


def flips(data, step):
    """Yield the data with single bits flipped, one every `step` bits, and which."""
    for place in range(0, 8 * len(data), step):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        yield place, bytes(flipped)


def is_found(store):
    try:
        return not Registry(store).verify().ok
    except FormatError as error:  # one bit makes format 1 another
        return "this maturekit reads up to 1" in str(error)


def flip_all(store, key, replace, *, step):
    sound = store.get(key)
    for place, flipped in flips(sound, step):
        replace(store, key, flipped)
        assert is_found(store), (key, place)
    replace(store, key, sound)


def test_flipped_bits_in_every_file_are_found(small, store, replace):
    for key in list(store.list()):
        flip_all(store, key, replace, step=max(1, 8 * len(store.get(key)) // 23) | 1)
    assert small.verify().ok


@pytest.mark.long
def test_every_flipped_bit_in_every_file_is_found(small, store, replace):
    for key in list(store.list()):
        flip_all(store, key, replace, step=1)
    assert small.verify().ok


def test_flipped_bits_in_heads_and_packs_are_found_and_harm_nobody(grown, store, replace):
    history, place = grown.history("late"), grown["late@production"].number
    for key in [key for key in store.list() if key.endswith(("100.head.json", "100.pack.jsonl"))]:
        sound = store.get(key)
        for _, flipped in flips(sound, 8 * len(sound) // 5 | 1):
            replace(store, key, flipped)
            assert is_found(store)
            fresh = Registry(store)
            assert (fresh["late@production"].number, fresh.history("late")) == (place, history)
        replace(store, key, sound)
    assert grown.verify().ok


@pytest.mark.long
def test_every_flipped_bit_in_a_head_is_found_and_harms_nobody(grown, store, replace):
    key = "logs/model/late/000000000100.head.json"
    history, sound = grown.history("late"), store.get(key)
    for place, flipped in flips(sound, 1):
        replace(store, key, flipped)
        fresh = Registry(store)
        assert (fresh["late@production"].number, fresh.history("late")) == (2, history), place
        if place % 8 == place // 8 % 8:  # verifying reads a hundred events: one bit of every byte
            assert is_found(store), place


def test_flipped_bits_are_found_on_reading_too(small, store, replace):
    """Whoever only reads gets the right answer or an error, never another model."""
    for key in list(store.list()):
        sound = store.get(key)
        for place, flipped in flips(sound, max(1, 8 * len(sound) // 23) | 1):
            replace(store, key, flipped)
            fresh = Registry(store, serializers=small.serializers.values())
            try:
                version = fresh["late@production"]
                assert (version.number, version.load(), version.metrics) == (2, "b model", {"auc": 0.7}), (key, place)
            except (IntegrityError, FormatError, OSError, LookupError) as error:
                assert str(error)
        replace(store, key, sound)


def test_every_file_that_is_removed_is_missed(small, store, replace):
    anchor = small.anchor()
    for key in list(store.list()):
        sound = store.get(key)
        store.delete(key)
        assert not Registry(store).verify(anchor=anchor).ok, key
        replace(store, key, sound)
    assert small.verify(anchor=anchor).ok


def test_any_two_events_that_are_exchanged_are_found(small, store, replace):
    for one, other in itertools.combinations(range(1, 6), 2):
        keys = [f"logs/model/late/events/{number:012d}.json" for number in (one, other)]
        texts = [store.get(key) for key in keys]
        for key, text in zip(keys, reversed(texts), strict=True):
            replace(store, key, text)
        assert is_found(store), (one, other)
        for key, text in zip(keys, texts, strict=True):
            replace(store, key, text)
    assert small.verify().ok


@pytest.mark.parametrize("number", range(1, 7))
def test_an_event_that_is_inserted_or_appended_is_found(small, store, replace, number, plain):
    """Another history's event, or a second copy of its own, with all later ones moved by one."""
    other = Registry(MemoryStore(), actor="eve", serializers=[plain])
    other.register("late", "c model", serializer=plain, revision="abc")
    keys = [f"logs/model/late/events/{place:012d}.json" for place in range(1, 7)]
    texts = [store.get(key) for key in keys[:5]]
    for inserted in (other.store.get(keys[0]), texts[number - 2]):
        moved = [*texts[: number - 1], inserted, *texts[number - 1 :]]
        for key, text in zip(keys, moved, strict=True):
            replace(store, key, text)
        assert is_found(store)


def test_any_two_blobs_that_are_exchanged_are_found(small, store, replace):
    keys = [key for key in store.list() if "/blobs/" in key]
    for one, other in itertools.combinations(keys, 2):
        texts = store.get(one), store.get(other)
        replace(store, one, texts[1])
        replace(store, other, texts[0])
        assert is_found(store)
        replace(store, one, texts[0])
        replace(store, other, texts[1])
    assert small.verify().ok


def test_a_history_under_the_name_of_another_is_found(small, store):
    for key in list(store.list("logs/model/late/")):
        store.put_new(key.replace("/late/", "/fraud/"), store.get(key))
    found = [finding.message for finding in Registry(store).verify().failed]
    assert found[0] == "model/fraud: event 1 belongs to another place: it says model/late/1"
