"""Heads make a long history quick to open, and nobody has to believe them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit._core.digest import canonical_json, parse_json
from maturekit.errors import ArgumentError
from maturekit.events import Draft, EventLog, Seal, cache_faults, mend_caches
from maturekit.storage import MemoryStore

KEY, OTHER = b"a key of at least sixteen bytes", b"the key of somebody else"


def count(state, event, digest):
    """Return a state that counts the events and the marks among them."""
    marks = state.get("marks", 0) + (event.kind == "mark")
    return {"events": state.get("events", 0) + 1, "marks": marks}


class Counting(MemoryStore):
    """Counts what it is asked."""

    asked = 0

    def _get(self, key):
        self.asked += 1
        return super()._get(key)

    def _exists(self, key):
        self.asked += 1
        return super()._exists(key)


def opened(store, *keys):
    return EventLog(store, "model/late", step=count, seal=Seal(keys))


def filled(events, *keys, store=None, marks=()):
    log = opened(MemoryStore() if store is None else store, *keys)
    for number in range(1, events + 1):
        log.append(Draft("mark" if number in marks else "note"))
    return log


@pytest.fixture(scope="module")
def items():
    """What a store holds behind a history of 95 events."""
    return filled(95).store._items


@pytest.fixture
def log(items):
    store = MemoryStore()
    store._items = dict(items)
    return opened(store)


def replace(log, number, data):
    log.store.delete(log.heads.key(number))
    log.store.put_new(log.heads.key(number), data)


def test_every_tenth_event_leaves_a_head(log):
    names = [name for name in log.store.children("logs/model/late/") if name != "events"]
    assert names == [f"{number:012d}.head.json" for number in range(10, 91, 10)]
    assert log.heads.newest().state == {"events": 90, "marks": 0}
    assert log.head().state == {"events": 95, "marks": 0}
    assert list(cache_faults(log)) == []


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(range(10, 91, 10))))
def test_whichever_heads_are_missing_the_history_is_the_same(items, missing):
    store = MemoryStore()
    store._items = dict(items)
    for number in missing:
        store.delete(f"logs/model/late/{number:012d}.head.json")
    log = opened(store)
    assert log.head().state["events"] == 95
    log.append(Draft("note"))
    assert opened(store).head().number == 96
    mend_caches(opened(store))
    assert len([name for name in store.children("logs/model/late/") if "head" in name]) == 9
    assert opened(store).heads.newest().number == 90


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", b"\xff", b"{" * 9000, b"[" * 90_000], ids=range(6))
@pytest.mark.parametrize("number", [10, 90])
def test_a_head_that_is_none_is_not_used_and_written_anew(log, number, damage, caplog):
    sound = log.store.get(log.heads.key(number))
    replace(log, number, damage)
    assert log.head().state["events"] == 95
    assert [key for key, _ in cache_faults(log)] == [log.heads.key(number)]
    if number == 90:
        assert "is not used" in caplog.text
        log.append(Draft("note"))  # whoever writes next has passed it
    else:
        assert mend_caches(log) == (1, 1)
    assert log.store.get(log.heads.key(number)) == sound


def test_a_head_of_another_place_is_not_used(log):
    replace(log, 90, log.store.get(log.heads.key(80)))
    assert log.heads.read(90) is None
    assert log.head().state["events"] == 95


def test_a_head_of_another_history_is_not_used(log):
    other = EventLog(log.store, "model/other", step=count)
    for _ in range(10):
        other.append(Draft("note"))
    replace(log, 90, log.store.get(other.heads.key(10)))
    assert log.heads.read(90) is None


def test_every_flipped_bit_of_a_head_is_harmless_and_named(log):
    sound = log.store.get(log.heads.key(90))
    for place in range(0, 8 * len(sound), 5):
        flipped = bytearray(sound)
        flipped[place // 8] ^= 1 << place % 8
        replace(log, 90, bytes(flipped))
        fresh = opened(log.store)
        assert fresh.heads.read(90) is None
        assert fresh.head().state["events"] == 95
    assert [key for key, _ in cache_faults(opened(log.store))] == [log.heads.key(90)]


@pytest.mark.parametrize("number", [10, 90])
def test_a_head_of_a_newer_format_is_passed_over_and_left_alone(log, number):
    content = parse_json(log.store.get(log.heads.key(number)), what="it")
    newer = canonical_json(Seal().sealed({**content, "format": 2, "state": ["other"]}))
    replace(log, number, newer)
    assert log.heads.read(number) is None
    log.append(Draft("note"))
    assert opened(log.store).head().state["events"] == 96
    assert list(cache_faults(opened(log.store))) == []
    assert mend_caches(opened(log.store)) == (0, 0)
    assert log.store.get(log.heads.key(number)) == newer
    replace(log, number, newer.replace(b"other", b"0ther"))
    assert [key for key, _ in cache_faults(opened(log.store))] == [log.heads.key(number)]


def test_a_forged_head_is_named_by_comparison_and_refused_by_a_key():
    """Without a key a forger can write a head that fits; comparing it with the events shows it."""
    log = filled(12, KEY)
    forged = opened(log.store).heads.newest()
    lie = type(forged)(10, forged.digest, forged.time, {"events": 1000, "marks": 0})
    replace(log, 10, opened(log.store).heads.spelled(lie))
    assert opened(log.store).head().state["events"] == 1002
    assert [fault for _, fault in cache_faults(opened(log.store))] == [f"{log.heads.key(10)} differs from its events"]
    assert opened(log.store, KEY).head().state["events"] == 12
    ((_, fault),) = cache_faults(opened(log.store, KEY))
    assert fault.endswith("it is not signed, and this registry was given keys")
    assert mend_caches(opened(log.store, KEY)) == (1, 1)
    assert opened(log.store).head().state["events"] == 12


def test_a_head_signed_by_another_key_is_not_used():
    log = filled(12, KEY)
    replace(log, 10, opened(log.store, OTHER).heads.spelled(log.heads.newest()))
    assert opened(log.store, KEY).heads.read(10) is None
    assert opened(log.store, KEY).head().state["events"] == 12


def test_who_has_no_key_stores_no_heads_of_a_signed_history():
    log = filled(12, KEY)
    log.store.delete(log.heads.key(10))
    assert mend_caches(opened(log.store)) == (0, 0)
    assert mend_caches(opened(log.store, KEY)) == (0, 1)


def test_a_head_whose_event_was_edited_shows_the_edit():
    log = filled(10)
    event = log.events()[-1].model_copy(update={"actor": "eve"}).sealed(Seal())
    log.store.delete(log.key(10))
    log.store.put_new(log.key(10), event.to_bytes())
    assert [fault for _, fault in cache_faults(opened(log.store))] == [f"{log.heads.key(10)} differs from its events"]


def test_opening_costs_the_same_however_long_the_history_is():
    asked = {}
    for events in (15, 1_005):
        store = Counting()
        filled(events, store=store)
        store.asked = 0
        assert opened(store).head().number == events
        asked[events] = store.asked
    assert asked[15] <= 12
    assert asked[1_005] <= asked[15] + 14  # doubling and halving among a hundred heads


def test_reading_a_history_of_250_events_takes_two_packs_and_fifty_events():
    store = Counting()
    filled(250, store=store)
    log, store.asked = opened(store), 0
    assert len(log.events()) == 250
    assert store.asked < 80
    store.asked = 0
    assert len(log.events()) == 250
    assert store.asked == 1  # whether the next event is there


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 95), st.sets(st.sampled_from(range(10, 91, 10))), st.sets(st.sampled_from(range(10, 91, 10))))
def test_halving_finds_what_a_linear_search_finds(items, wanted, missing, damaged):
    store = MemoryStore()
    store._items = dict(items)
    for number in missing | damaged:
        store.delete(f"logs/model/late/{number:012d}.head.json")
    for number in damaged:
        store.put_new(f"logs/model/late/{number:012d}.head.json", b"{}")
    assert opened(store).first(lambda state: state["events"] >= wanted).event.number == wanted


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(1, 60), min_size=1), st.integers(1, 60))
def test_halving_finds_the_first_of_any_growing_count(marks, wanted):
    log = filled(60, marks=marks)
    if wanted > len(marks):
        with pytest.raises(ArgumentError, match="the condition does not hold"):
            opened(log.store).first(lambda state: state["marks"] >= wanted)
        return
    found = opened(log.store).first(lambda state: state["marks"] >= wanted)
    assert found.event.number == sorted(marks)[wanted - 1]


def test_a_condition_that_holds_from_the_start_is_reached_by_the_first_event(log):
    assert log.first(lambda state: True).event.number == 1
