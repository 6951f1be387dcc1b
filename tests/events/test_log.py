"""A history keeps every event, in one order, and shows every edit."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit._core.digest import canonical_json, digest_of
from maturekit.errors import ArgumentError, FormatError, IntegrityError, KeyTakenError, StorageError
from maturekit.events import Draft, Event, EventLog, Seal, event_faults
from maturekit.storage import LocalStore, MemoryStore

TEXTS = st.text(max_size=20)
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def log():
    return filled(MemoryStore())


def filled(store, events=4):
    log = EventLog(store, "model/late")
    for number in range(events):
        log.append(Draft("note", body={"number": number}, actor="ada"))
    return log


def fresh(log):
    return EventLog(log.store, log.name)


def forged(event, **changes):
    """Return an event as a forger would write it, who knows how an event vouches for itself."""
    return event.model_copy(update=changes).sealed(Seal())


def replace(store, key, data):
    store.delete(key)
    store.put_new(key, data)


def test_events_are_numbered_chained_and_read_back(log):
    events = fresh(log).events()
    assert [event.number for event in events] == [1, 2, 3, 4]
    assert [event.previous for event in events] == ["", *(event.digest for event in events[:-1])]
    assert fresh(log).head().digest == events[-1].digest
    assert list(event_faults(log)) == []


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(TEXTS, BODIES, max_size=3), TEXTS, TEXTS)
def test_whatever_json_holds_is_read_back_equal(body, reason, actor):
    log = EventLog(MemoryStore(), "model/late")
    event = log.append(Draft("note", body=body, reason=reason, actor=actor))
    assert fresh(log).events() == (event,)
    assert list(event_faults(log)) == []


@pytest.mark.parametrize(
    "draft",
    [
        Draft("note", body={"x": float("nan")}),
        Draft("note", body={"x": object()}),
        Draft("note", actor=7),
        Draft("note", body={"x": "\ud83d\ude00"}),
        Draft("note", reason="\ud83d\ude00"),
    ],
    ids=["nan", "object", "number", "halves", "halves in a text"],
)
def test_what_json_cannot_hold_is_refused_and_nothing_is_written(log, draft):
    with pytest.raises(ArgumentError, match="an event of kind 'note' cannot be stored"):
        log.append(draft)
    assert len(fresh(log).events()) == 4


def test_two_objects_on_one_history_see_each_other(log):
    other = fresh(log)
    other.append(Draft("note"))
    assert log.append(Draft("note")).number == 6
    assert other.events() == log.events()


def test_a_decision_is_judged_again_when_another_event_lands_first(log):
    judged = []

    def decide(head):
        judged.append(head.number)
        if len(judged) == 1:
            fresh(log).append(Draft("intruder"))
        return Draft("decision", body={"judged": head.number})

    event = log.append(decide)
    assert judged == [4, 5]
    assert (event.number, event.body) == (6, {"judged": 5})


def test_an_error_in_a_decision_writes_nothing(log):
    def refuse(_):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        log.append(refuse)
    assert len(log.events()) == 4


def test_time_never_goes_back():
    times = iter([datetime(2013, 5, 3, tzinfo=UTC), datetime(2013, 5, 1, tzinfo=UTC), datetime(2013, 5, 4, tzinfo=UTC)])
    log = EventLog(MemoryStore(), "model/late", clock=lambda: next(times))
    days = [log.append(Draft("note")).time.day for _ in range(3)]
    assert days == [3, 3, 4]


def test_a_clock_without_a_zone_is_refused():
    log = EventLog(MemoryStore(), "model/late", clock=lambda: datetime(2013, 5, 3))
    with pytest.raises(ArgumentError, match=r"the clock's time .* has no time zone"):
        log.append(Draft("note"))
    assert log.events() == ()


def test_eight_processes_append_and_nothing_is_lost(tmp_path):
    code = """
    import os, sys
    from maturekit.events import Draft, EventLog
    from maturekit.storage import LocalStore
    children = []
    for me in range(8):
        child = os.fork()
        if child == 0:
            log = EventLog(LocalStore(sys.argv[1]), "model/late")
            for turn in range(10):
                log.append(lambda head: Draft("note", body={"me": me, "turn": turn, "judged": head.number}))
            os._exit(0)
        children.append(child)
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    log = EventLog(LocalStore(tmp_path), "model/late")
    events = log.events()
    assert [event.number for event in events] == list(range(1, 81))
    assert {(event.body["me"], event.body["turn"]) for event in events} == {(m, t) for m in range(8) for t in range(10)}
    assert all(event.body["judged"] == event.number - 1 for event in events)
    assert list(event_faults(log)) == []


def test_threads_share_one_log_object(log):
    threads = [threading.Thread(target=lambda: [log.append(Draft("note")) for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fresh(log).events()) == 44


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_removed_event_is_named(log, number):
    log.store.delete(log.key(number))
    with pytest.raises(IntegrityError, match=f"event {number} is missing, but later ones are there"):
        fresh(log).events()
    assert list(event_faults(log)) == [f"model/late: event {number} is missing"]


def test_a_cut_off_end_shows_in_the_head(log):
    kept = log.head().digest
    log.store.delete(log.key(4))
    assert len(fresh(log).events()) == 3
    assert fresh(log).head().digest != kept


def test_swapped_events_are_named(log):
    second, third = log.store.get(log.key(2)), log.store.get(log.key(3))
    replace(log.store, log.key(2), third)
    replace(log.store, log.key(3), second)
    with pytest.raises(IntegrityError, match="event 2 belongs to another place: it says model/late/3"):
        fresh(log).events()
    assert {fault.split(":")[1].split()[1] for fault in event_faults(log)} >= {"2", "3"}


def test_an_edited_event_is_named_by_the_next_one(log):
    """Edited cleverly, in its canonical form: only the chain tells, so the newest event is known by the head."""
    replace(log.store, log.key(2), forged(log.events()[1], actor="eve").to_bytes())
    with pytest.raises(IntegrityError, match="event 3 does not follow the event before it"):
        fresh(log).events()
    assert list(event_faults(log)) == ["model/late: event 3 does not follow the event before it"]


def test_a_forged_chain_shows_in_the_head(log):
    kept, events, previous = log.head().digest, log.events(), ""
    for event in events:
        other = forged(event, actor="eve", previous=previous)
        replace(log.store, log.key(event.number), other.to_bytes())
        previous = other.digest
    assert list(event_faults(fresh(log))) == []
    assert fresh(log).head().digest != kept


@pytest.mark.parametrize("number", [1, 2, 4])
def test_every_flipped_bit_is_found(log, number):
    data, head = log.store.get(log.key(number)), log.head().digest
    for place in range(0, len(data) * 8, 7):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        replace(log.store, log.key(number), bytes(flipped))
        with pytest.raises((IntegrityError, FormatError)):
            fresh(log).events()
    replace(log.store, log.key(number), data)
    assert fresh(log).head().digest == head


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[1]",
        b"\xff\xfe",
        b'{"log": "model/late", "log": "model/late"}',
        b"[" * 100_000,
        b'{"number": 1e999}',
        b'{"number": ' + b"9" * 10_000 + b"}",
    ],
    ids=["empty", "bare", "list", "binary", "twins", "deep", "infinite", "long"],
)
def test_what_is_no_event_is_named_with_its_place(log, text):
    replace(log.store, log.key(3), text)
    with pytest.raises(IntegrityError, match="model/late: event 3"):
        fresh(log).events()
    assert any("event 3" in fault for fault in event_faults(log))


def test_an_event_of_a_newer_format_is_not_damaged_but_newer(log):
    text = canonical_json(log.events()[3].model_dump(mode="json") | {"format": 2, "mood": "new"})
    replace(log.store, log.key(4), text)
    with pytest.raises(FormatError, match="event 4: a stored event has format 2; this maturekit reads up to 1"):
        fresh(log).events()
    assert list(event_faults(log)) == ["model/late: event 4: a stored event has format 2; this maturekit reads up to 1"]


def test_an_event_that_says_infinity_is_not_canonical(log):
    event = log.events()[3].model_dump(mode="json")
    text = canonical_json(event | {"body": {"x": 12345}}).replace(b"12345", b"1e999")
    replace(log.store, log.key(4), text)
    with pytest.raises(IntegrityError, match="event 4 is not stored in its canonical form"):
        fresh(log).events()


def test_an_event_of_another_spelling_is_not_canonical(log):
    replace(log.store, log.key(4), log.store.get(log.key(4)).replace(b":", b": ", 1))
    with pytest.raises(IntegrityError, match="event 4 is not stored in its canonical form"):
        fresh(log).events()


def test_an_event_dated_before_its_predecessor_is_named(log):
    last = log.events()[-1]
    replace(log.store, log.key(4), forged(last, time=last.time - timedelta(days=1)).to_bytes())
    assert list(event_faults(log)) == ["model/late: event 4 is earlier than event 3"]


def test_files_that_are_no_events_do_not_disturb(log):
    for name in ("1.json", "000000000009.json.bak", "blobs/000000000001.json", "README"):
        log.store.put_new(log.prefix + name, b"?")
    assert len(fresh(log).events()) == 4
    assert list(event_faults(log)) == []


def test_a_listing_that_misses_a_new_event_is_no_fault():
    """A folder read while others write may show event 4 and not yet event 3."""

    class Blinking(MemoryStore):
        def _list(self, prefix):
            yield from (key for key in super()._list(prefix) if "3.json" not in key)

    assert len(fresh(filled(Blinking())).events()) == 4


def test_something_that_is_no_file_at_the_next_number_is_an_error_not_a_hang(tmp_path, monkeypatch):
    monkeypatch.setattr("maturekit.events.log._PATIENCE", 0.05)
    log = filled(LocalStore(tmp_path))
    (tmp_path / log.key(5)).mkdir()
    with pytest.raises(StorageError, match="event 5 exists but cannot be read"):
        log.append(Draft("note"))


def test_a_share_that_shows_new_events_late_is_waited_for():
    class Late(MemoryStore):
        waits = 0

        def _put_new(self, key, data):
            if key.endswith("5.json") and not self.waits:
                super()._put_new(key, other)
                self.waits = 3
                raise KeyTakenError("taken")
            super()._put_new(key, data)

        def _get(self, key):
            if key.endswith("5.json") and self.waits > 1:
                self.waits -= 1
                return super()._get("nothing")
            return super()._get(key)

    log = filled(Late())
    template = log.events()[-1]
    other = forged(template, number=5, previous=template.digest).to_bytes()
    assert log.append(Draft("note")).number == 6


def test_a_full_disk_loses_nothing(tmp_path, monkeypatch):
    log = filled(LocalStore(tmp_path))

    def fail(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(StorageError, match="No space left on device"):
            log.append(Draft("note"))
    assert log.append(Draft("note")).number == 5
    assert list(event_faults(log)) == []


def test_digest_of_an_event_is_that_of_its_bytes(log):
    event = log.events()[0]
    assert event.digest == digest_of(log.store.get(log.key(1)))
    assert Event.from_bytes(log.store.get(log.key(1))) == event
