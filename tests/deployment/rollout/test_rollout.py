"""A rollout: from the first share to promotion or rollback, in steps that anyone can read afterwards."""

from __future__ import annotations

import contextlib
import pickle
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from maturekit.deployment import Call, Recorded
from maturekit.deployment.rollout.ledger import Ledger
from maturekit.deployment.rollout.plan import RolloutPlan
from maturekit.deployment.rollout.rollout import Rollout
from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError, StorageError
from maturekit.events import Draft
from maturekit.predictions import Log
from maturekit.storage import MemoryStore


def test_the_share_grows_by_steps_of_time_and_keys_and_nobody_leaves(rollout, customers, clock):
    one = rollout()
    first = one.predict(customers(400)) == 2.0
    assert 20 < first.sum() < 60  # a tenth
    assert one.step().share == 0.1  # time is missing
    clock.on(seconds=60)
    assert one.step().share == 0.5
    second = one.predict(customers(400)) == 2.0
    assert 160 < second.sum() < 240
    assert not (first & ~second).any()
    clock.on(days=1)
    assert one.step().share == 0.5  # the last share; only evidence goes on from here
    assert [event.kind for event in one.history()] == ["begun", "counted", "share", "counted"]


def test_the_share_waits_for_keys(rollout, customers, clock):
    one = rollout(plan=RolloutPlan(shares=(0.1, 0.5), step_rows=1000, step_seconds=0))
    one.predict(customers(400))
    clock.on(days=1)
    assert one.step().share == 0.1


def test_better_outcomes_promote_and_worse_ones_roll_back(rollout, customers):
    for losses, share, decision in ((0.0, 1.0, "promoted"), (1.0, 0.0, "rolled back")):
        one = rollout(plan=RolloutPlan(shares=(0.5,)))
        said = one.predict(customers(200))
        assert one.observe(range(200), np.where(said == 2.0, losses, 0.5)) == 200
        standing = one.step()
        assert (standing.decision, standing.share) == (decision, share)
        assert set(one.predict(customers(300))) == {2.0 if share else 1.0}
        assert one.predict_one({"x": 1.0}) == (2.0 if share else 1.0)  # also without a key
        assert one.report().verdict == {"promoted": "passed", "rolled back": "failed"}[decision]
        assert one.observe(range(200, 300), np.ones(100)) == 0  # it is over


def test_equal_outcomes_decide_nothing_without_a_margin_and_promote_with_one(rollout):
    outcomes = np.arange(2000) % 5 == 0
    for margin, decision in ((0.0, ""), (0.2, "promoted")):
        one = rollout(plan=RolloutPlan(shares=(0.5,), margin=margin))
        one.observe(range(2000), outcomes)
        assert one.step().decision == decision
    assert one.report().findings[0].message.startswith("mean loss ")


def test_after_enough_outcomes_without_a_decision_it_is_given_up(rollout):
    one = rollout(plan=RolloutPlan(shares=(0.5,), patience=100))
    one.observe(range(99), np.arange(99) % 2)
    assert one.step().decision == ""
    one.observe(range(99, 100), [1.0])
    assert (one.step().decision, one.share) == ("given up", 0.0)
    assert one.report().verdict == "not_enough_evidence"


def test_a_challenger_that_raises_is_rolled_back_after_few_failures(rollout, says, customers):
    one = rollout(1.0, says(2.0, error=ZeroDivisionError()))
    failures = 0
    for record in customers(1000).to_dict("records"):
        try:
            one.predict_one(record)
        except ZeroDivisionError:
            failures += 1
            one.step()
    assert 2 <= failures <= 8
    standing = one.step()
    assert standing.decision == "rolled back"
    assert standing.why.startswith("failed: ")


@pytest.mark.parametrize("whole", [True, False], ids=["alone", "beside-the-champion"])
def test_failures_in_tables_count_as_well(whole, rollout, says, customers):
    one = rollout(1.0, says(2.0, error=ZeroDivisionError()), plan=RolloutPlan(shares=(0.5,)))
    if whole:
        for number in range(60):
            with contextlib.suppress(ZeroDivisionError):
                one.predict(customers(number, number + 1))
    else:
        answer = one.handle(Call(frame=customers(60)))
        assert set(answer.status) == {"ok", "failed"}
    assert one.step().decision == "rolled back"


def test_what_fails_in_both_rolls_nothing_back(rollout, says, customers):
    one = rollout(
        says(1.0, error=ZeroDivisionError()), says(2.0, error=ZeroDivisionError()), plan=RolloutPlan(shares=(0.5,))
    )
    for record in customers(300).to_dict("records"):
        with pytest.raises(ZeroDivisionError):
            one.predict_one(record)
    assert one.step().decision == ""
    assert one.report().to_frame().set_index("rule").loc["harm:failed", "count"] == 300


def test_rejected_rows_and_slow_answers_are_guard_rails(rollout):
    one = rollout(plan=RolloutPlan(shares=(0.5,), slow_seconds=0.5))
    take = one._watch.notes.take
    for number in range(100):
        place = number.to_bytes(8, "big")
        take((place, number % 2 == 0, 0.5, "ok", 1.0 if number % 2 == 0 else 0.1))
    standing = one.step()
    assert standing.decision == "rolled back" and standing.why == "slow: 50 of 50 against 0 of 50"
    two = rollout(plan=RolloutPlan(shares=(0.5,)))
    for number in range(100):
        two._watch.notes.take(
            (number.to_bytes(8, "big"), number % 2 == 0, 0.5, "rejected" if number % 2 == 0 else "ok", 0.1)
        )
    assert two.step().why == "rejected: 50 of 50 against 0 of 50"


def test_what_waits_to_be_counted_is_bounded(rollout, customers):
    one = rollout(plan=RolloutPlan(shares=(0.5,)))
    take = one._watch.notes.take
    for number in range(25_000):
        take((number.to_bytes(8, "big"), False, 0.5, "ok", 0.1))
    assert sum(one.step().measures["failed"].rows) == 10_000
    for _ in range(200):
        one.predict(customers(3))
    assert len(one._watch.notes.tables) == 100


def test_a_key_counts_once_at_each_share(rollout, customers, clock):
    one = rollout()
    assert one.observe([*range(50), *range(50)], np.zeros(100)) == 50
    assert one.observe(range(60), np.zeros(60)) == 10
    inside = sum(one._place(key) < one._split.limit(0.1) for key in range(100))
    one.predict(customers(100, 400))
    clock.on(minutes=2)
    assert one.step().share == 0.5
    clock.on(minutes=1)
    assert one.observe(range(100), np.zeros(100)) == 100 - sum(
        one._place(key) < one._split.limit(0.1) for key in range(60)
    )  # whom the challenger has already, nobody draws again
    assert inside > 0
    assert one.observe(range(100), np.zeros(100)) == 0


def test_of_a_key_that_was_drawn_before_only_what_is_open_counts(rollout):
    """Not below 0.1 is known: of the other nine tenths, four are below 0.5."""
    ledger = rollout(plan=RolloutPlan(shares=(0.1, 0.5)))._ledger
    keys = np.array([2**63, 2**62, 2**50], dtype=np.uint64)  # places 0.5, 0.25, and nearly 0
    rows, chances = ledger._fresh(np.concatenate([keys, keys]), np.repeat([0.1, 0.5], 3))
    assert rows.tolist() == [0, 1, 2, 3, 4]  # the last has the challenger since 0.1
    assert chances.tolist() == [0.1, 0.1, 0.1, pytest.approx(4 / 9), pytest.approx(4 / 9)]


def test_an_outcome_belongs_to_the_share_of_its_own_time(rollout, customers, clock):
    one = rollout()
    early = clock.now
    one.step()
    one.predict(customers(400))
    clock.on(minutes=1)
    assert one.step().share == 0.5
    assert one.observe(range(1000), np.zeros(1000), times=[early] * 1000) == 1000
    rows = one.step().measures["loss"].rows
    assert 60 < rows[1] < 140  # a tenth of them, not a half
    assert one.observe([5000], [0.0], times=[early - timedelta(seconds=1)]) == 0  # before it began


def test_losses_have_their_own_units(rollout, customers):
    one = rollout(plan=RolloutPlan(shares=(0.5,), losses=(0.0, 60.0), margin=5.0))
    said = one.predict(customers(400))
    one.observe(range(400), np.where(said == 2.0, 12.0, 30.0))
    found = one.report().to_frame().set_index("rule")
    assert found.loc["margin", "value"] == pytest.approx(-18.0, abs=0.2)
    assert one.step().decision == "promoted"


def test_it_learns_from_the_log_of_its_own_answers(customers):
    log = Log(MemoryStore())
    wrong, right = (DummyClassifier(strategy="constant", constant=value).fit([[0], [1]], [0, 1]) for value in (0, 1))
    one = Rollout(
        wrong,
        right,
        key="customer",
        place=MemoryStore(),
        name="new",
        plan=RolloutPlan(shares=(0.5,)),
        look_seconds=float("inf"),
    )
    recorded = Recorded(one, log=log, key="customer")
    recorded.predict(customers(100))
    assert one.learn(log, "accuracy") == 0  # nobody knows yet
    log.label(pd.DataFrame({"customer": range(60), "late": 1}), column="late")
    assert one.learn(log, "accuracy") == 60
    assert one.learn(log, "accuracy") == 0
    log.label(pd.DataFrame({"customer": range(60, 100), "late": 1}), column="late")
    assert one.learn(log, lambda rows: rows["prediction"] != rows["label"]) == 40
    assert one.step().decision == "promoted"
    other = Rollout(wrong, right, key="nobody", place=MemoryStore(), name="new", look_seconds=float("inf"))
    other.step()
    recorded.predict(customers(100))
    with pytest.raises(NotFoundError, match="no column 'nobody'"):
        other.learn(log, "accuracy")


def test_anyone_can_stop_it_by_hand(rollout, customers):
    place = MemoryStore()
    one, other = (rollout(place=place, plan=RolloutPlan(shares=(0.5,))) for _ in range(2))
    assert set(other.predict(customers(100))) == {1.0, 2.0}
    assert one.stop(reason="complaints of customers").decision == "stopped"
    assert one.history()[-1].reason == "complaints of customers"
    assert set(one.predict(customers(100))) == {1.0}
    other.step()
    assert set(other.predict(customers(100))) == {1.0}
    with pytest.raises(ArgumentError, match="reason is empty"):
        rollout().stop(reason=" ")


def test_while_a_guard_rail_is_suspect_nothing_grows_and_nobody_is_promoted(rollout, customers):
    one = rollout(plan=RolloutPlan(shares=(0.5, 0.6), step_rows=0, step_seconds=0, rejected=None))
    for number in range(100):
        one._watch.notes.take(
            (number.to_bytes(8, "big"), number % 2 == 0, 0.5, "failed" if number in range(0, 16, 2) else "ok", 0.1)
        )
    inside = (
        rollout(plan=RolloutPlan(shares=(0.5,))).predict(customers(400)) == 2.0
    )  # of the same name, so the same keys
    one.observe(range(400), np.where(inside, 0.0, 1.0))
    standing = one.step()
    assert 80**0.5 < standing.measures["failed"].worse < 80 and standing.measures["loss"].fit > 40
    assert (standing.decision, standing.share) == ("", 0.5)


def test_a_plan_that_was_stored_before_it_had_all_its_fields_is_the_same_plan(rollout, clock):
    place, plan = MemoryStore(), RolloutPlan(shares=(0.5,))
    rollout(place=place, plan=plan).step()
    ledger = rollout(place=place, plan=plan)._ledger
    begun = dict(ledger.events()[0].body["plan"])
    assert begun.pop("patience") is None
    older = Ledger(MemoryStore(), "new", plan=plan, clock=clock)
    older.append(lambda _: Draft("begun", body=dict(ledger.events()[0].body) | {"plan": begun}))
    assert older.begin().share == 0.5


def test_another_plan_under_the_same_name_is_refused(rollout, customers):
    place = MemoryStore()
    rollout(place=place).step()
    other = rollout(place=place, plan=RolloutPlan(shares=(0.9,)))
    with pytest.raises(ArgumentError, match="begun with another plan"):
        other.step()
    assert set(other.predict(customers(100))) == {1.0}  # a call does not fail, and gets the champion


def test_what_is_no_plan_no_release_and_no_outcome_is_refused(rollout):
    with pytest.raises(ArgumentTypeError, match="plan must be a RolloutPlan"):
        rollout(plan=0.5)
    with pytest.raises(ArgumentTypeError, match="release must be a Release"):
        rollout(release="production")
    with pytest.raises(ArgumentError, match="2 keys need as many losses"):
        rollout().observe(["a", "b"], [0.5])
    with pytest.raises(ArgumentError, match="not a number"):
        rollout().observe(["a"], [float("nan")])
    for wrong in ({"shares": ()}, {"shares": (0.5, 1.0)}, {"margin": 2.0}, {"confidence": 1.0}, {"losses": (1, 0)}):
        with pytest.raises(ArgumentError):
            RolloutPlan(**wrong)


def test_while_the_store_is_away_calls_are_answered_and_the_share_stays(caplog, rollout, customers, shaky):
    one = rollout(place=shaky, plan=RolloutPlan(shares=(0.5,)))
    before = one.predict(customers(100)).tolist()
    shaky.down = True
    assert one.predict(customers(100)).tolist() == before
    with pytest.raises(StorageError):
        one.step()
    fresh = rollout(place=shaky, plan=RolloutPlan(shares=(0.5,)))
    assert set(fresh.predict(customers(100))) == {1.0}
    assert caplog.text.count("the disk is away") == 1
    shaky.down = False
    one.step()
    fresh.step()
    assert one.report().to_frame().set_index("rule").loc["harm:failed", "count"] == 100
    assert fresh.predict(customers(100)).tolist() == before


def test_a_copy_goes_on_where_the_rollout_is(tmp_path, rollout, customers):
    one = rollout(place=tmp_path / "rollout", plan=RolloutPlan(shares=(0.5,)))
    one.observe(range(100), np.where(one.predict(customers(100)) == 2.0, 1.0, 0.0))
    assert one.step().decision == "rolled back"
    copy = pickle.loads(pickle.dumps(one))
    assert set(copy.predict(customers(100))) == {1.0}
