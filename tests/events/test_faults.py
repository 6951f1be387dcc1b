"""Every fault of a history is named, and what nobody could read is told apart from what is damaged."""

from __future__ import annotations

import pytest

from maturekit.errors import StorageError
from maturekit.events import Draft, EventLog, cache_faults, event_faults, judged_events, lost_ends, mend_caches
from maturekit.storage import LocalStore, MemoryStore


def filled(events, store=None):
    log = EventLog(MemoryStore() if store is None else store, "model/late")
    for number in range(events):
        log.append(Draft("note", body={"number": number}))
    return log


def opened(log):
    return EventLog(log.store, log.name)


def replace(log, key, data):
    log.store.delete(key)
    log.store.put_new(key, data)


def test_missing_events_in_a_row_are_one_fault():
    log = filled(9)
    for number in (2, 4, 5, 6):
        log.store.delete(log.key(number))
    assert list(event_faults(log)) == ["model/late: event 2 is missing", "model/late: events 4 to 6 are missing"]


def test_an_event_far_behind_the_end_does_not_take_for_ever():
    log = filled(3)
    log.store.put_new(log.key(999_999_999_999), log.store.get(log.key(3)))
    first, second = event_faults(log)
    assert first == "model/late: events 4 to 999999999998 are missing"
    assert second == "model/late: event 999999999999 belongs to another place: it says model/late/3"


def test_an_inserted_event_is_named():
    log = filled(5)
    texts = [log.store.get(log.key(number)) for number in range(3, 6)]
    for number, text in enumerate([texts[0], *texts], 3):
        if log.store.exists(log.key(number)):
            log.store.delete(log.key(number))
        log.store.put_new(log.key(number), text)
    assert [fault.split(" ")[2] for fault in event_faults(log)] == ["4", "5", "6"]


def test_what_cannot_be_read_is_not_called_damaged():
    class Unreadable(MemoryStore):
        closed = ""

        def _get(self, key):
            if self.closed and key.endswith(self.closed):
                raise StorageError("Permission denied")
            return super()._get(key)

    log = filled(4, Unreadable())
    log.store.closed = "2.json"
    judged = list(judged_events(log))
    assert [(one.number, one.unread, one.stored is None) for one in judged] == [
        (1, False, False),
        (2, True, True),
        (3, False, False),
        (4, False, False),
    ]
    assert judged[1].faults == ("model/late: event 2: Permission denied",)
    assert judged[2].faults == ()  # nobody knows what stood before it


def test_an_event_of_a_newer_format_is_not_called_damaged():
    log = filled(2)
    replace(log, log.key(2), b'{"format":2}')
    newest = list(judged_events(log))[-1]
    assert newest.unread
    assert "upgrade" not in newest.faults[0]
    assert "reads up to 1" in newest.faults[0]


def test_a_listing_that_lags_behind_is_no_fault():
    class Lagging(MemoryStore):
        def _list(self, prefix):
            yield from (key for key in super()._list(prefix) if "3.json" not in key)

    assert list(event_faults(filled(5, Lagging()))) == []


def test_the_end_of_a_history_that_a_head_stands_for_is_missed():
    log = filled(12)
    for number in (10, 11, 12):
        log.store.delete(log.key(number))
    assert list(event_faults(opened(log))) == []
    assert lost_ends(opened(log)) == [log.heads.key(10)]
    assert list(cache_faults(opened(log))) == [
        (log.heads.key(10), f"{log.heads.key(10)} stands for events that are not there")
    ]


def test_a_head_at_a_number_where_none_belongs_is_named():
    log = filled(12)
    log.store.put_new(log.heads.key(3), b"{}")
    ((key, fault),) = cache_faults(opened(log))
    assert (key, fault) == (log.heads.key(3), f"{log.heads.key(3)} is not where a head, pack or table belongs")
    assert mend_caches(opened(log)) == (1, 0)


@pytest.mark.parametrize("name", ["README.txt", "x.head.json", "000000000010.head.json.bak"])
def test_files_of_another_kind_are_neither_named_nor_removed(name):
    log = filled(12)
    key = f"logs/model/late/{name}"
    log.store.put_new(key, b"?")
    assert list(cache_faults(opened(log))) == []
    assert mend_caches(opened(log)) == (0, 0)
    assert log.store.exists(key)


def test_a_cache_that_cannot_be_read_is_named(tmp_path):
    class Unreadable(LocalStore):
        def _get(self, key):
            if "head" in key:
                raise StorageError("Input/output error")
            return super()._get(key)

    filled(12, LocalStore(tmp_path))
    log = EventLog(Unreadable(tmp_path), "model/late")
    assert [fault for _, fault in cache_faults(log)] == ["Input/output error"]


def test_a_cache_that_is_removed_meanwhile_is_no_fault():
    class Vanishing(MemoryStore):
        def _get(self, key):
            if "head" in key:
                self._delete(key)
            return super()._get(key)

    assert list(cache_faults(opened(filled(12, Vanishing())))) == []


def test_states_are_not_compared_where_nobody_knows_how_they_follow():
    def count(state, event, digest):
        return {"events": state.get("events", 0) + 1}

    store = MemoryStore()
    log = EventLog(store, "pilot/canary", step=count)
    for _ in range(10):
        log.append(Draft("plan"))
    stranger = EventLog(store, "pilot/canary")
    assert len(list(cache_faults(stranger))) == 1
    assert list(cache_faults(stranger, states=False)) == []
