"""Tables make a long history quick to list, and hold nothing that its events do not say."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from maturekit._core.digest import canonical_json, check_of, digest_of
from maturekit.errors import IntegrityError
from maturekit.events import Draft, Event, EventLog, Seal, StoredEvent, Table, cache_faults, lost_ends, mend_caches
from maturekit.events.table import Tables
from maturekit.storage import MemoryStore

KEY, OTHER = b"a key of at least sixteen bytes", b"the key of somebody else"


class Counting(MemoryStore):
    """Counts what it is asked."""

    asked = 0

    def _get(self, key):
        self.asked += 1
        return super()._get(key)

    def _put_new(self, key, data):
        self.asked += 1
        super()._put_new(key, data)

    def _exists(self, key):
        self.asked += 1
        return super()._exists(key)


def opened(store, *keys):
    return EventLog(store, "model/late", seal=Seal(keys))


def grown(store, *keys, to):
    log = opened(store, *keys)
    for number in range(log.head().number + 1, to + 1):
        log.append(Draft("mark" if number % 7 == 0 else "note", body={"number": number, "mac": '"mac":"'}, actor="ada"))
    return log


@pytest.fixture(scope="module")
def items():
    """What a store holds behind a history of 1,013 events."""
    return grown(MemoryStore(), to=1_013).store._items


@pytest.fixture(scope="module")
def signed():
    """The same, signed."""
    return grown(MemoryStore(), KEY, to=1_001).store._items


@pytest.fixture
def log(items):
    return opened(copied(items))


def copied(items, kind=Counting):
    store = kind()
    store._items = dict(items)
    return store


def replace(log, key, data):
    log.store.delete(key)
    log.store.put_new(key, data)


def listed(log):
    """Return what tables say, as events by number."""
    rows = {}
    for table in log.tabled():
        for kind, column in table.kinds.items():
            rows |= {row["number"]: {**row, "kind": kind} for row in column.values()}
    return [rows[number] for number in sorted(rows)]


def said(log):
    """Return the same of the events."""
    left_out = {"check", "format", "log", "mac", "previous"}
    return [event.model_dump(mode="json", exclude=left_out) for event in log.events()]


def used(log):
    return opened(log.store, *log.seal.keys).tables.read(1_000, previous="") is not None


def forged(log, *keys):
    """Return a table that fits its place and says something else."""
    table = opened(log.store).tabled()[0]
    kinds = {**table.kinds, "note": table.kinds["mark"]}
    return Tables(log.store, log.name, seal=Seal(keys)).spelled(1_000, Table(table.digest, kinds), previous="")


def test_every_thousandth_event_leaves_a_table(log):
    names = [name for name in log.store.children("logs/model/late/") if "table" in name]
    assert names == ["000000001000.table.json"]
    assert list(cache_faults(log)) == []


def test_tables_say_what_the_events_say(log):
    assert listed(log) == said(log)
    assert [table.digest for table in log.tabled()] == [log.stored()[999].digest, log.head().digest]
    log.store.delete(log.tables.key(1_000))
    assert listed(opened(log.store)) == said(log)


def test_a_table_is_spelled_as_the_specification_says():
    events = [
        Event(log="model/late", number=number, time=datetime(2013, 5, number, tzinfo=UTC), kind=kind, body={"n": n})
        for number, kind, n in ((1, "note", 0.5), (2, "mark", 1), (3, "note", 1.0))
    ]
    stored = [StoredEvent(event.sealed(Seal()).to_bytes()) for event in events]
    data = Tables(MemoryStore(), "model/late", seal=Seal()).spelled(3, Table.of(stored), previous="")
    shared = (
        '"actor":{"all":null},"actor_kind":{"all":"person"},"body":{"of":{"n":{"each":[0.5,1.0]}}},'
        '"cause":{"all":null},"number":{"each":[1,3]},"reason":{"all":""},"role":{"all":""},"subject":{"all":""},'
        '"time":{"each":["2013-05-01T00:00:00.000000Z","2013-05-03T00:00:00.000000Z"]}'
    )
    one = (
        '"actor":null,"actor_kind":"person","body":{"n":1},"cause":null,"number":2,"reason":"","role":"","subject":"",'
        '"time":"2013-05-02T00:00:00.000000Z"'
    )
    rest = (
        f'","digest":"{stored[-1].digest}","kinds":{{"mark":{{"columns":{{"all":{{{one}}}}},"rows":1}},'
        f'"note":{{"columns":{{"of":{{{shared}}}}},"rows":2}}}},"log":"model/late","mac":"","number":3,"previous":""}}'
    )
    check = digest_of(f'{{"check":"{rest}'.encode())
    assert data.decode() == f'{{"check":"{check}{rest}'


def test_what_an_event_may_nest_a_table_may_nest_too():
    body = {"a": 1}
    for _ in range(254):
        body = {"a": body}
    log = opened(MemoryStore())
    log.append(Draft("note", body=body))
    log = grown(log.store, to=1_000)
    assert used(log)
    assert listed(opened(log.store)) == said(log)
    assert list(cache_faults(opened(log.store))) == []


def test_listing_asks_for_the_table_and_what_is_behind_it(log):
    log.store.asked = 0
    opened(log.store).tabled()
    assert log.store.asked < 40  # a dozen looks for the head, the table, thirteen events


def test_listing_again_asks_only_whether_there_is_more(log):
    log.tabled()
    log.store.asked = 0
    log.tabled()
    assert log.store.asked == 1


def test_the_thousandth_event_costs_a_bounded_number_of_looks():
    store = grown(Counting(), to=1_999).store
    log = opened(store)
    log.head()
    store.asked = 0
    log.append(Draft("note"))
    assert log.tables.read(2_000, previous=log.event(1_000).digest) is not None
    assert store.asked < 140  # a hundred events for the pack, ten packs and one event for the table


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: data.replace(b'"ada"', b'"eve"', 1),
        lambda data: b'{"check":"',
        lambda data: b"[" * 90_000,
        lambda data: resealed(data, number=2_000),
        lambda data: resealed(data, log="model/other"),
        lambda data: resealed(data, previous="sha256:" + 64 * "0"),
        lambda data: resealed(data, kinds=[]),
        lambda data: resealed(data, kinds={"note": {"rows": 1}}),
        lambda data: canonical_json({"check": check_of({})}),
    ],
    ids="empty cut longer edited begun nested number log previous kinds columns bare".split(),
)
def test_a_damaged_table_is_not_used_is_named_and_is_stored_again(log, damage):
    key = log.tables.key(1_000)
    sound, events = log.store.get(key), said(log)
    replace(log, key, damage(sound))
    assert not used(log)
    assert listed(opened(log.store)) == events
    assert [fault for fault, _ in cache_faults(opened(log.store))] == [key]
    assert mend_caches(opened(log.store)) == (1, 1)
    assert log.store.get(key) == sound


def resealed(data, **changes):
    return canonical_json(Seal().sealed({**json.loads(data), **changes}))


def test_every_flipped_bit_of_a_table_is_harmless_and_named(log):
    key = log.tables.key(1_000)
    sound = log.store.get(key)
    for place in range(0, 8 * len(sound), 8 * len(sound) // 200 + 1):
        flipped = bytearray(sound)
        flipped[place // 8] ^= 1 << place % 8
        replace(log, key, bytes(flipped))
        assert not used(log)
        assert log.tables.fault(bytes(flipped), sound)
    assert [fault for fault, _ in cache_faults(opened(log.store))] == [key]


def test_a_forged_table_is_named_by_comparison_and_refused_by_a_key(signed):
    """Without a key a forger can write a table that fits; comparing it with the events shows it."""
    log = opened(copied(signed), KEY)
    key, events = log.tables.key(1_000), said(log)
    replace(log, key, forged(log))
    assert listed(opened(log.store)) != events
    assert said(opened(log.store)) == events  # whoever reads the events is not deceived
    assert dict(cache_faults(opened(log.store))) == {key: f"{key} differs from its events"}
    assert not used(log)
    assert listed(opened(log.store, KEY)) == events
    assert "is not signed, and this registry was given keys" in dict(cache_faults(opened(log.store, KEY)))[key]
    replace(log, key, forged(log, OTHER))
    assert not used(log)
    assert mend_caches(opened(log.store, KEY)) == (1, 1)
    assert used(log)


def test_who_has_no_key_reads_signed_tables_and_stores_none(signed):
    log = opened(copied(signed))
    assert used(log)
    assert list(cache_faults(log)) == []
    log.store.delete(log.tables.key(1_000))
    assert mend_caches(opened(log.store)) == (0, 0)
    assert mend_caches(opened(log.store, OTHER, KEY)) == (0, 1)
    assert used(opened(log.store, OTHER))
    assert list(cache_faults(opened(log.store, OTHER, KEY))) == []


def test_a_table_that_does_not_lead_to_what_is_behind_it_is_an_error(log):
    table = log.tabled()[0]
    lie = Table("sha256:" + 64 * "0", table.kinds)
    replace(log, log.tables.key(1_000), log.tables.spelled(1_000, lie, previous=""))
    with pytest.raises(IntegrityError, match="event 1001 does not follow"):
        opened(log.store).tabled()
    for number in range(1_001, 1_014):
        log.store.delete(log.key(number))
    log.store.delete(log.heads.key(1_010))
    with pytest.raises(IntegrityError, match="event 1000 is not the one that its table or head stands for"):
        opened(log.store).tabled()


def test_an_event_that_was_removed_below_a_table_is_missed(log):
    log.store.delete(log.key(57))
    for call in (lambda log: log.tabled(), lambda log: log.stored()):
        with pytest.raises(IntegrityError, match="event 57 is missing"):
            call(opened(log.store))


def test_a_lost_end_is_seen_by_its_table(log):
    for number in range(1_000, 1_014):
        log.store.delete(log.key(number))
    for last in (1_000, 1_010):
        log.store.delete(log.heads.key(last))
    log.store.delete(log.packs.key(1_000))
    assert lost_ends(opened(log.store)) == [log.tables.key(1_000)]


@pytest.mark.parametrize("stored", [[], ["pack.jsonl"], ["pack.jsonl", "table.json"]], ids=len)
def test_an_interrupted_writer_leaves_what_the_next_one_completes(items, stored):
    """Event 1,000 is there, and not all that ends there: whoever writes event 1,001 has passed it."""
    store, caches = copied(items), ["pack.jsonl", "table.json", "head.json"]
    sound = {key: store.get(key) for key in (f"logs/model/late/000000001000.{name}" for name in caches)}
    for key in store.list():
        place, _, name = key.rpartition("/")[2].partition(".")
        if place > "000000001000" or (place == "000000001000" and name in caches and name not in stored):
            store.delete(key)
    grown(store, to=1_001)
    assert {key: store.get(key) for key in sound} == sound
    assert list(cache_faults(opened(store))) == []


def test_whoever_stores_the_head_replaces_a_damaged_table(items):
    store = copied({key: item for key, item in items.items() if "1000.head" not in key and "1010.head" not in key})
    log = opened(store)
    sound = store.get(log.tables.key(1_000))
    replace(log, log.tables.key(1_000), sound.replace(b'"ada"', b'"eve"', 1))
    for number in range(1_001, 1_014):
        store.delete(log.key(number))
    log.append(Draft("note"))
    assert store.get(log.tables.key(1_000)) == sound


@pytest.mark.parametrize("damaged", [1, 57])
def test_damage_far_behind_keeps_no_head_from_being_stored(items, damaged, caplog):
    log = opened(copied({key: item for key, item in items.items() if key.rpartition("/")[2][:12] < "000000001000"}))
    sound = log.store.get(log.key(damaged))
    replace(log, log.key(damaged), sound.replace(b'"ada"', b'"eve"'))
    log.store.delete(log.packs.key(100))
    log.append(Draft("note"))
    assert opened(log.store).heads.newest().number == 1_000
    assert not log.store.exists(log.tables.key(1_000))
    assert f"no table was stored: model/late: event {damaged} is damaged" in caplog.text
    replace(log, log.key(damaged), sound)
    assert mend_caches(opened(log.store)) == (0, 2)


def test_an_event_that_a_table_told_of_is_read_with_the_whole_history(log):
    fresh = opened(log.store)
    fresh.tabled()
    assert fresh.listed(5).event.number == 5
    log.store.asked = 0
    assert fresh.listed(900).event == log.event(900).event
    assert log.store.asked <= 1  # for the comparison
