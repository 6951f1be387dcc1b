"""Old versions expire unless somebody needs them, and the report says why others stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from maturekit.errors import ArgumentError, ArgumentTypeError, ModelNotFoundError
from maturekit.registry import Registry
from maturekit.storage import MemoryStore

WHO = {"actor": "job", "reason": "retention of 90 days"}


class Days:
    """A clock that somebody else moves."""

    day = 0

    def __call__(self):
        return datetime(2013, 1, 1, tzinfo=UTC) + timedelta(days=self.day)


@pytest.fixture
def clock():
    return Days()


@pytest.fixture
def registry(store, plain, clock):
    return filled(store, plain, clock, 6)


def filled(store, plain, clock, versions):
    """Return a registry with a version every ten days, the newest of today."""
    registry = Registry(store, actor="ada", serializers=[plain], clock=clock)
    for number in range(1, versions + 1):
        clock.day = 10 * number
        registry.register("late", f"model {number}", serializer=plain, revision="abc")
    return registry


def erased(registry):
    return [version.number for version in registry.versions("late") if version.erased]


def said(report):
    return [(finding.rule, finding.message) for finding in report.findings]


def test_the_newest_versions_stay(registry):
    report = registry.expire("late", keep=2, **WHO)
    assert report.ok
    assert said(report) == [
        *[("erased", f"late:{number}") for number in (1, 2, 3, 4)],
        *[("kept", f"late:{number} stays: it is among the newest") for number in (5, 6)],
    ]
    assert erased(registry) == [1, 2, 3, 4]
    assert {event.reason for event in registry.history("late") if event.kind == "erasure"} == {"retention of 90 days"}
    assert registry.verify().ok
    assert registry["late:6"].load() == "model 6"


def test_young_versions_stay(registry):
    report = registry.expire("late", keep=0, older_than=timedelta(days=20), **WHO)
    assert erased(registry) == [1, 2, 3]
    assert said(report)[3] == ("kept", "late:4 stays: it is not old enough")


def test_versions_that_are_used_or_held_stay_with_the_reason(registry):
    for number in (1, 2):
        registry.promote(f"late:{number}", to="production", actor="ada", reason="x")
    registry.hold("late:3", actor="ben", reason="an audit")
    report = registry.expire("late", keep=1, **WHO)
    assert said(report) == [
        ("kept", "late:1 stays: the alias 'production' may be rolled back to it"),
        ("kept", "late:2 stays: the alias 'production' stands there"),
        ("kept", "late:3 stays: it is held"),
        ("erased", "late:4"),
        ("erased", "late:5"),
        ("kept", "late:6 stays: it is among the newest"),
    ]
    registry.rollback("late", alias="production", actor="ada", reason="x")
    assert registry["late@production"].load() == "model 1"
    assert registry.verify().ok


def test_a_dry_run_writes_nothing(registry, store):
    before = list(store.list())
    report = registry.expire("late", keep=4, dry_run=True, **WHO)
    assert list(store.list()) == before
    assert said(report)[:3] == [
        ("would erase", "late:1"),
        ("would erase", "late:2"),
        ("kept", "late:3 stays: it is among the newest"),
    ]


def test_what_has_expired_is_not_erased_again(registry):
    registry.expire("late", keep=2, **WHO)
    events = len(registry.history("late"))
    assert said(registry.expire("late", keep=2, **WHO)) == [
        ("kept", "late:5 stays: it is among the newest"),
        ("kept", "late:6 stays: it is among the newest"),
    ]
    assert len(registry.history("late")) == events


def test_a_hold_that_lands_meanwhile_is_respected(plain, clock):
    class Racing(MemoryStore):
        act = None

        def _put_new(self, key, data):
            if self.act and b'"kind":"erasure"' in data:
                act, self.act = self.act, None
                act()
            super()._put_new(key, data)

    store = Racing()
    registry = filled(store, plain, clock, 3)
    other = Registry(store, serializers=[plain])
    store.act = lambda: other.hold("late:1", actor="ben", reason="an audit")
    report = registry.expire("late", keep=1, **WHO)
    assert said(report)[:2] == [
        ("kept", "late:1 stays: nothing of late:1 can be erased: it is held"),
        ("erased", "late:2"),
    ]
    assert registry.verify().ok


def test_many_versions_expire_and_the_history_stays_whole(store, plain, clock):
    registry = filled(store, plain, clock, 120)
    registry.expire("late", keep=5, **WHO)
    assert len(erased(registry)) == 115
    report = Registry(store).verify()
    assert report.ok, report.summary()
    assert [key for key in store.list() if key.endswith("pack.jsonl")] != []
    registry.promote("late:118", to="production", actor="ada", reason="x")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"keep": -1}, ArgumentError, "keep must not be negative, got -1"),
        ({"keep": 1.5}, ArgumentTypeError, "keep is a number of versions, got float"),
        ({"keep": True}, ArgumentTypeError, "keep is a number of versions, got bool"),
        ({"keep": 1, "older_than": 90}, ArgumentTypeError, "older_than is a timedelta, got int"),
        ({"keep": 1, "actor": ""}, ArgumentError, "the actor is empty"),
    ],
)
def test_bad_arguments_are_refused_and_nothing_is_written(registry, store, arguments, error, words):
    before = list(store.list())
    with pytest.raises(error, match=words):
        registry.expire("late", **(WHO | arguments))
    assert list(store.list()) == before


def test_an_unknown_model_has_no_versions_to_expire(registry):
    with pytest.raises(ModelNotFoundError):
        registry.expire("early", keep=1, **WHO)
