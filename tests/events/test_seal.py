"""An event vouches for itself, and by a key for its writer; a key is needed to sign and to check, never to read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit._core.digest import canonical_json, digest_of, parse_json
from maturekit.errors import ArgumentError, ArgumentTypeError, IntegrityError
from maturekit.events import Draft, EventLog, Seal, cache_faults, event_faults
from maturekit.storage import MemoryStore

OLD, NEW, OTHER = b"the first key of ours", b"the second key of ours", b"the key of somebody else"


def filled(*keys, events=4, store=None):
    log = EventLog(MemoryStore() if store is None else store, "model/late", seal=Seal(keys))
    for number in range(events):
        log.append(Draft("note", body={"number": number}, actor="ada"))
    return log


def opened(log, *keys):
    return EventLog(log.store, log.name, seal=Seal(keys))


def replace(log, number, event):
    log.store.delete(log.key(number))
    log.store.put_new(log.key(number), event.to_bytes())


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4))
def test_what_is_sealed_has_no_fault_and_any_change_is_one(content):
    content = {name: value for name, value in content.items() if name not in {"check", "mac"}}
    for seal in (Seal(), Seal([OLD])):
        sealed = parse_json(canonical_json(seal.sealed(content)), what="it")
        assert seal.fault(sealed) == ""
        assert "is damaged" in seal.fault(sealed | {"one": "more"})


@pytest.mark.parametrize("keys", [b"sixteen bytes or more", "sixteen bytes or more", ["a text of 16 letters"], [7]])
def test_keys_are_a_list_of_bytes(keys):
    with pytest.raises(ArgumentTypeError):
        Seal(keys)


def test_a_key_that_can_be_guessed_is_refused():
    with pytest.raises(ArgumentError, match="a key has 5 bytes; at least 16 are needed"):
        Seal([b"short"])


def test_keys_are_never_shown():
    assert repr(Seal([OLD, NEW])) == "Seal(2 keys)"


def test_a_signed_history_is_read_without_its_key():
    log = filled(OLD, events=25)
    assert [event.mac[:12] for event in opened(log).events()] == ["hmac-sha256:"] * 25
    assert opened(log).head() == log.head()
    assert list(event_faults(opened(log))) == list(cache_faults(opened(log))) == []


def test_without_a_key_nothing_is_signed():
    assert {event.mac for event in filled().events()} == {""}


def test_an_unsigned_history_is_refused_where_a_key_was_given():
    log = filled()
    with pytest.raises(IntegrityError, match="event 1 is not signed, and this registry was given keys"):
        opened(log, OLD).events()
    assert len(list(event_faults(opened(log, OLD)))) == 4


def test_an_event_signed_by_another_key_is_named():
    log = filled(OLD)
    filled(OTHER, OLD, events=1, store=log.store)
    with pytest.raises(IntegrityError, match="event 5 is not signed by a key of this registry"):
        opened(log, OLD).events()
    assert list(event_faults(opened(log, OLD))) == ["model/late: event 5 is not signed by a key of this registry"]


def test_a_forger_without_the_key_is_found_although_the_chain_fits():
    log, previous = filled(OLD), ""
    for event in log.events():
        forged = event.model_copy(update={"actor": "eve", "previous": previous}).sealed(Seal())
        replace(log, event.number, forged)
        previous = forged.digest
    assert list(event_faults(opened(log))) == []
    assert len(list(event_faults(opened(log, OLD)))) == 4


def with_mac(event, mac):
    """Return the event as a forger writes it who has no key: the check fits."""
    content = event.model_copy(update={"mac": mac, "check": ""}).model_dump(mode="json")
    return event.model_copy(update={"mac": mac, "check": digest_of(canonical_json(content))})


@pytest.mark.parametrize("mac", ["", "hmac-sha256:00", "hmac-sha256:\u00e9", "the old one"])
def test_no_mac_but_the_right_one_covers_another_content(mac):
    log = filled(OLD)
    last = log.events()[3]
    forged = with_mac(last.model_copy(update={"actor": "eve"}), last.mac if mac == "the old one" else mac)
    replace(log, 4, forged)
    assert list(event_faults(opened(log))) == []
    (fault,) = event_faults(opened(log, OLD))
    assert "event 4 is not signed" in fault
    with pytest.raises(IntegrityError, match="event 4 is not signed"):
        opened(log, OLD).events()


def test_a_key_can_be_replaced_while_old_events_stay_valid():
    log = filled(OLD, events=15)
    both = opened(log, NEW, OLD)
    both.append(Draft("note"))
    assert len(opened(log, NEW, OLD).events()) == 16
    assert list(event_faults(opened(log, NEW, OLD))) == list(cache_faults(opened(log, NEW, OLD))) == []
    with pytest.raises(IntegrityError, match="event 1 is not signed by a key"):
        opened(log, NEW).events()
    with pytest.raises(IntegrityError, match="event 16 is not signed by a key"):
        opened(log, OLD).events()
