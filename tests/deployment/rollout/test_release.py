"""A rollout and a registry: every step is an event there, and the last one moves the alias."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from sklearn.dummy import DummyRegressor

from maturekit.deployment import Call, Live
from maturekit.deployment.rollout.plan import RolloutPlan
from maturekit.deployment.rollout.release import Release
from maturekit.events import Draft
from maturekit.governance import MetricFloor, Policy
from maturekit.registry import Registry
from maturekit.storage import MemoryStore


def test_every_step_is_an_event_of_the_registry_and_promotion_moves_the_alias(rollout, customers, clock):
    registry = Registry(MemoryStore(), actor="ada")
    versions = [registry.register("late", {"number": number}) for number in (1, 2)]
    registry.promote(versions[0], to="production", actor="ada", reason="first")
    one = rollout(release=Release(registry, "late:2"))
    one.predict(customers(400))
    clock.on(minutes=1)
    one.step()
    said = one.predict(customers(400, 800))
    one.observe(range(400, 800), np.where(said == 2.0, 0.0, 1.0))
    assert one.step().decision == "promoted"
    history = registry.history("late")
    assert [event.kind for event in history] == ["version", "version", "alias", "report", "report", "alias"]
    assert registry["late@production"].number == 2
    assert history[-1].cause == history[-2].id
    assert (history[-1].actor, history[-1].reason) == ("rollout", one.step().why)
    assert [report.verdict for report in registry["late:2"].reports()] == ["not_enough_evidence", "passed"]
    assert registry["late:2"].reports()[0].subjects["challenger"] == versions[1].digest
    one.step()
    assert len(registry.history("late")) == len(history)


def test_a_policy_that_refuses_keeps_the_champion(rollout, customers):
    registry = Registry(MemoryStore(), actor="ada")
    for number in (1, 2):
        registry.register("late", {"number": number})
    registry.promote("late:1", to="production", actor="ada", reason="first")
    policy = Policy("strict", [MetricFloor("roc_auc", 0.9)])
    one = rollout(plan=RolloutPlan(shares=(0.5,)), release=Release(registry, "late:2", policy=policy))
    one.observe(range(400), np.where(one.predict(customers(400)) == 2.0, 0.0, 1.0))
    assert (one.step().decision, one.share) == ("refused", 0.0)
    assert registry["late@production"].number == 1
    assert one.report().verdict == "failed"


def test_a_rollback_leaves_the_alias_where_it_is(rollout, customers):
    registry = Registry(MemoryStore(), actor="ada")
    for number in (1, 2):
        registry.register("late", {"number": number})
    registry.promote("late:1", to="production", actor="ada", reason="first")
    one = rollout(plan=RolloutPlan(shares=(0.5,)), release=Release(registry, "late:2"))
    one.observe(range(400), np.where(one.predict(customers(400)) == 2.0, 1.0, 0.0))
    assert one.step().decision == "rolled back"
    assert registry["late@production"].number == 1
    assert registry["late:2"].reports()[0].verdict == "failed"


def test_a_promotion_that_another_process_has_begun_is_waited_for_and_taken_over(rollout, customers, clock):
    registry, place = Registry(MemoryStore(), actor="ada"), MemoryStore()
    registry.register("late", {"number": 1})
    one = rollout(place=place, plan=RolloutPlan(shares=(0.5,)), release=Release(registry, "late:1"))
    one.observe(range(400), np.where(one.predict(customers(400)) == 2.0, 0.0, 1.0))
    one._ledger.append(lambda _: Draft("claimed"))
    assert one.step().decision == "" and one.stop(reason="now").decision == ""
    assert registry.aliases("late") == {}
    clock.on(seconds=60)
    assert one.step().decision == "promoted"
    assert registry["late@production"].number == 1


def test_it_may_live_in_the_folder_of_the_registry(rollout, customers):
    registry = Registry(MemoryStore(), actor="ada")
    registry.register("late", {"number": 1})
    one = rollout(place=registry.store, release=Release(registry, "late:1"))
    one.predict(customers(400))
    one.step()
    registry.gc(grace=timedelta(0))
    assert registry.verify().ok
    assert one.step().share == 0.1


def test_a_champion_that_follows_the_alias_is_the_new_version_after_the_promotion(rollout, customers):
    registry = Registry(MemoryStore(), actor="ada")
    for value in (1.0, 2.0):
        registry.register("late", DummyRegressor(strategy="constant", constant=value).fit([[0.0]], [value]))
    registry.promote("late:1", to="production", actor="ada", reason="first")
    champion = Live(registry, "late@production", refresh_seconds=0)
    one = rollout(
        champion, Live(registry, "late:2"), plan=RolloutPlan(shares=(0.5,)), release=Release(registry, "late:2")
    ).warm()
    said = [one.predict_one(record) for record in customers(200).to_dict("records")]
    assert set(said) == {1.0, 2.0}
    assert one.handle(Call(record={"x": 1.0, "customer": 0})).version == f"late:{said[0]:.0f}"
    one.observe(range(200), np.array(said) == 1.0)
    assert one.step().decision == "promoted"
    assert champion.predict_one({"x": 1.0}) == 2.0
    assert {one.predict_one(record) for record in customers(200).to_dict("records")} == {2.0}
    one.close()
