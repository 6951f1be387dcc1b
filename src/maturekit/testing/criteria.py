"""What every `Criterion` promises, as checks anyone can run on their own subclass."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from maturekit.events import Draft, EventLog
from maturekit.maturity import STAGES, Criterion, Evidence
from maturekit.storage import MemoryStore

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["CRITERION_CHECKS"]

_KINDS = ("version", "alias", "refusal", "report", "alarm", "something-new")


def _histories() -> Iterator[Evidence]:
    """No history, bare events of every kind, and bodies that nobody would write."""
    yield Evidence("late")
    odd: dict[str, JsonValue] = {
        "number": None, "to": [], "from": {}, "version": [], "kind": 7, "alias": "production", "policy": 1, "verdict": "passed",
    }  # fmt: skip
    for body in ({}, odd):
        log = EventLog(MemoryStore(), "model/late")
        for kind in _KINDS * 2:
            log.append(Draft(kind, body=body))
        yield Evidence("late", log.events())


def check_it_says_what_it_asks_and_what_to_do(criterion: Criterion) -> None:
    assert criterion.stage in {stage.number for stage in STAGES}
    assert criterion.name
    assert criterion.asks
    assert criterion.step
    assert criterion.effort > 0


def check_no_history_proves_nothing(criterion: Criterion) -> None:
    found = criterion.judge(Evidence("late"))
    assert (found.status, found.evidence) == ("missing", ())


def check_a_strange_history_is_survived(criterion: Criterion) -> None:
    for evidence in _histories():
        assert criterion.judge(evidence).status != "could_not_run", criterion.judge(evidence).message


def check_only_events_of_the_history_are_cited(criterion: Criterion) -> None:
    for evidence in _histories():
        assert set(criterion.judge(evidence).evidence) <= {event.id for event in evidence.events}


def check_judging_twice_gives_the_same(criterion: Criterion) -> None:
    for evidence in _histories():
        assert criterion.judge(evidence) == criterion.judge(evidence)


def check_survives_pickling(criterion: Criterion) -> None:
    copy = pickle.loads(pickle.dumps(criterion))
    for evidence in _histories():
        assert copy.judge(evidence) == criterion.judge(evidence)


CRITERION_CHECKS: tuple[Callable[[Criterion], None], ...] = (
    check_it_says_what_it_asks_and_what_to_do,
    check_no_history_proves_nothing,
    check_a_strange_history_is_survived,
    check_only_events_of_the_history_are_cited,
    check_judging_twice_gives_the_same,
    check_survives_pickling,
)
"""Run each on any criterion; beyond them, test one history that proves it and a near miss that does not."""
