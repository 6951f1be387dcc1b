"""Packs make a long history quick to read, and hold nothing that its events do not say."""

from __future__ import annotations

import pytest

from maturekit.errors import FormatError, IntegrityError
from maturekit.events import Draft, EventLog, Seal, cache_faults, mend_caches
from maturekit.storage import MemoryStore

KEY = b"a key of at least sixteen bytes"


@pytest.fixture(scope="module")
def items():
    """What a store holds behind a history of 215 events."""
    log = opened(MemoryStore())
    for number in range(215):
        log.append(Draft("note", body={"number": number, "log": "model/other", "previous": ""}))
    return log.store._items


@pytest.fixture
def log(items):
    store = MemoryStore()
    store._items = dict(items)
    return opened(store)


def opened(store, *keys):
    return EventLog(store, "model/late", seal=Seal(keys))


def replace(log, key, data):
    log.store.delete(key)
    log.store.put_new(key, data)


def from_files(store):
    """Return the events, read one by one."""
    log = opened(store)
    return tuple(log.event(number).event for number in range(1, log.head().number + 1))


def used(log, last=100):
    return opened(log.store).packs.read(last, previous="") is not None


def test_every_hundredth_event_leaves_a_pack_of_the_very_bytes(log):
    names = [name for name in log.store.children("logs/model/late/") if "pack" in name]
    assert names == ["000000000100.pack.jsonl", "000000000200.pack.jsonl"]
    lines = log.store.get(log.packs.key(200)).split(b"\n")
    assert lines[:-1] == [log.store.get(log.key(number)) for number in range(101, 201)]
    assert lines[-1] == b""


def test_packs_give_the_same_events_as_files(log):
    events = log.events()
    assert events == from_files(log.store)
    for last in (100, 200):
        log.store.delete(log.packs.key(last))
    assert opened(log.store).events() == events


@pytest.mark.parametrize("last", [100, 200])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"\n".join(reversed(data.split(b"\n"))),
        lambda data: b"\n".join([*data.split(b"\n")[1:-1], data.split(b"\n")[0], b""]),
        lambda data: b"\n".join([*data.split(b"\n")[:-2], b"{}", b""]),
        lambda data: data.replace(b'"note"', b'"mote"', 1),
        lambda data: 100 * (data.split(b"\n")[0] + b"\n"),
    ],
    ids=["empty", "cut", "longer", "other ends", "turned", "rotated", "no event", "edited", "repeated"],
)
def test_a_damaged_pack_is_not_used_is_named_and_is_stored_again(log, last, damage):
    sound, events = log.store.get(log.packs.key(last)), from_files(log.store)
    replace(log, log.packs.key(last), damage(sound))
    assert opened(log.store).events() == events
    assert [key for key, _ in cache_faults(opened(log.store))] == [log.packs.key(last)]
    assert mend_caches(opened(log.store)) == (1, 1)
    assert log.store.get(log.packs.key(last)) == sound


def test_every_flipped_bit_of_a_pack_is_harmless_and_named(log):
    key = log.packs.key(100)
    sound, events = log.store.get(key), from_files(log.store)
    for place in range(0, 8 * len(sound), 8 * len(sound) // 60 + 1):
        flipped = bytearray(sound)
        flipped[place // 8] ^= 1 << place % 8
        replace(log, key, bytes(flipped))
        assert not used(log)
    assert opened(log.store).events() == events
    assert [key for key, _ in cache_faults(opened(log.store))] == [key]


def test_an_edit_of_the_events_behind_a_pack_is_named(log):
    """The pack still says what the event said: it is evidence."""
    event = log.event(50).event.model_copy(update={"actor": "eve"}).sealed(Seal())
    replace(log, log.key(50), event.to_bytes())
    assert log.packs.key(100) in dict(cache_faults(opened(log.store)))


def test_a_forged_pack_does_not_fit_the_event_behind_it(log):
    """Its chain fits and its seals hold, but event 101 names another one before it."""
    lines, previous = [], ""
    for number in range(1, 101):
        forged = log.event(number).event.model_copy(update={"actor": "eve", "previous": previous}).sealed(Seal())
        lines.append(forged.to_bytes())
        previous = forged.digest
    replace(log, log.packs.key(100), b"".join(line + b"\n" for line in lines))
    assert used(log)
    with pytest.raises(IntegrityError, match="event 101 does not follow the event before it"):
        opened(log.store).events()
    assert log.packs.key(100) in dict(cache_faults(opened(log.store)))


def test_with_keys_every_event_of_a_pack_must_be_signed():
    log = opened(MemoryStore(), KEY)
    for _ in range(101):
        log.append(Draft("note"))
    assert used(log)
    assert opened(log.store, KEY).packs.read(100, previous="") is not None
    other = opened(MemoryStore())
    for _ in range(100):
        other.append(Draft("note"))
    replace(log, log.packs.key(100), other.store.get(other.packs.key(100)))
    assert opened(log.store, KEY).packs.read(100, previous="") is None
    assert opened(log.store, KEY).events() == log.events()


def test_an_interrupted_writer_leaves_what_the_next_one_completes():
    """Event 100 is there, its pack and head are not: whoever writes event 101 has passed them."""

    class Killed(MemoryStore):
        alive = True

        def _put_new(self, key, data):
            if not self.alive or ("events" not in key and key.endswith((".pack.jsonl", "100.head.json"))):
                self.alive = False
                raise KeyboardInterrupt
            super()._put_new(key, data)

    store = Killed()
    log = opened(store)
    for _ in range(99):
        log.append(Draft("note"))
    with pytest.raises(KeyboardInterrupt):
        log.append(Draft("note"))
    survivor = MemoryStore()
    survivor._items = store._items
    opened(survivor).append(Draft("note"))
    assert opened(survivor).heads.newest().number == 100
    assert used(opened(survivor))
    assert list(cache_faults(opened(survivor))) == []


def test_whoever_stores_the_head_replaces_a_damaged_pack(items):
    """The writer of event 101 has passed event 100 and finds neither a sound head nor a sound pack."""
    store = MemoryStore()
    store._items = {key: item for key, item in items.items() if "head" not in key and "200.pack" not in key}
    log = opened(store)
    sound = store.get(log.packs.key(100))
    replace(log, log.packs.key(100), sound.replace(b"note", b"mote", 1))
    for number in range(101, 216):
        store.delete(log.key(number))
    log.append(Draft("note"))
    assert store.get(log.packs.key(100)) == sound


def test_a_line_that_is_read_late_is_checked_by_its_chain(log):
    stored = log.packs.read(100, previous="")
    assert stored is not None
    assert [one.event.number for one in stored] == list(range(1, 101))
    with pytest.raises(FormatError):
        type(stored[0])(b"{}").event  # noqa: B018  # reading is what fails
