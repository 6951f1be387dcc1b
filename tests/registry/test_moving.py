"""Aliases move by events, and only where the policy lets them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from maturekit.errors import (
    AliasNotFoundError,
    ArgumentError,
    ArgumentTypeError,
    ModelNotFoundError,
    PromotionRefusedError,
    VersionNotFoundError,
)
from maturekit.registry import Registry
from maturekit.reports import Finding, Report
from maturekit.storage import MemoryStore


class Says:
    """A policy that says what it is told, and remembers its cases."""

    name = "says"

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.cases = []

    def judge(self, case):
        self.cases.append(case)
        status = self.statuses[min(len(self.cases), len(self.statuses)) - 1]
        return Report("policy", [Finding("gate", status)])


def test_an_alias_moves_and_its_moves_are_events(registry):
    first, second = registry.register("late", "a"), registry.register("late", "b")
    registry.promote(first, to="production", actor="ada", reason="first")
    event = registry.promote(second, to="production", actor="bob", reason="better", cause=second.event_id)
    assert registry["late@production"] == second
    assert registry.aliases("late") == {"production": second}
    assert (event.kind, event.actor, event.reason, event.cause) == ("alias", "bob", "better", "model/late/2")
    assert event.subject == second.digest
    assert event.body == {
        "alias": "production", "from": 1, "to": 2, "policy": None, "verdict": None, "report": None, "judged": 3,
        "rollback": False, "event": 2, "swap": None,
    }  # fmt: skip


def test_a_reference_serves_as_a_version(registry):
    registry.register("late", "a")
    registry.promote("late:1", to="staging", actor="ada", reason="try")
    registry.promote("late@staging", to="production", actor="ada", reason="fine")
    assert registry["late@production"].number == 1


def test_a_policy_judges_a_case_with_all_the_evidence(registry):
    policy = Says("passed")
    first = registry.register("late", "a", metrics={"auc": 0.7}, evidence=[Report("review", [])])
    registry.promote(first, to="production", policy=policy, actor="ada", reason="first")
    second = registry.register("late", "b", metrics={"auc": 0.8}, actor="bob")
    event = registry.promote(second, to="production", policy=policy, actor="ada", reason="better")
    one, two = policy.cases
    assert one.champion is None
    assert (two.champion.number, two.champion.metrics["auc"], two.champion.digest) == (1, 0.7, first.digest)
    assert [report.kind for report in two.champion.reports] == ["review"]
    assert (two.alias, two.actor, two.candidate.number, two.candidate.author) == ("production", "ada", 2, "bob")
    assert (event.body["policy"], event.body["verdict"], event.body["from"]) == ("says", "passed", 1)
    assert Report.from_json(registry.blobs("late").get(event.body["report"])).kind == "policy"


@pytest.mark.parametrize("status", ["failed", "not_enough_evidence", "could_not_run"])
def test_a_refusal_moves_nothing_and_stands_in_the_history(registry, status):
    first, second = registry.register("late", "a"), registry.register("late", "b")
    registry.promote(first, to="production", actor="ada", reason="first")
    with pytest.raises(
        PromotionRefusedError, match=r"late:2 was not promoted to 'production': policy 'says'"
    ) as refused:
        registry.promote(second, to="production", policy=Says(status), actor="ada", reason="hope")
    assert refused.value.report.verdict == status
    assert registry["late@production"] == first
    event = registry.history("late")[-1]
    assert (event.kind, event.body["verdict"], event.body["from"], event.body["to"]) == ("refusal", status, 1, 2)
    assert event.body["report"] == refused.value.report.digest


def test_a_skipped_gate_does_not_block(registry):
    registry.register("late", "a")
    assert registry.promote("late:1", to="production", policy=Says("skipped"), actor="ada", reason="x").kind == "alias"


def test_a_promotion_is_judged_again_when_another_lands_first(registry, store):
    first, second = registry.register("late", "a"), registry.register("late", "b")
    registry.register("late", "c")

    class Slow(Says):
        def judge(self, case):
            if not self.cases:
                Registry(store).promote(first, to="production", actor="eve", reason="faster")
            return super().judge(case)

    policy = Slow("passed")
    event = registry.promote(second, to="production", policy=policy, actor="ada", reason="x")
    assert [case.champion and case.champion.number for case in policy.cases] == [None, 1]
    assert (event.body["from"], event.body["judged"]) == (1, 4)


def test_a_promotion_that_looked_good_is_refused_when_the_facts_have_changed(registry, store):
    registry.register("late", "a")

    class Slow(Says):
        def judge(self, case):
            report = super().judge(case)
            if len(self.cases) == 1:
                Registry(store).attach("late:1", Report("review", [Finding("audit", "failed")]))
            return report

    with pytest.raises(PromotionRefusedError):
        registry.promote("late:1", to="production", policy=Slow("passed", "failed"), actor="ada", reason="x")
    assert registry.aliases("late") == {}


def test_bad_promotions_write_nothing(registry, store):
    version = registry.register("late", "a")
    before = list(store.list())
    for call, error in [
        (lambda: registry.promote(version, to="production", policy=object(), actor="ada", reason="x"), TypeError),
        (lambda: registry.promote(version, to="production", actor="", reason="x"), ArgumentError),
        (lambda: registry.promote(version, to="production", actor="ada", reason=" "), ArgumentError),
        (lambda: registry.promote(1, to="production", actor="ada", reason="x"), ArgumentTypeError),
        (lambda: registry.promote("late:2", to="production", actor="ada", reason="x"), VersionNotFoundError),
        (lambda: registry.attach(version, "a report"), ArgumentTypeError),
    ]:
        with pytest.raises(error):
            call()
    assert list(store.list()) == before


def test_a_version_of_another_registry_is_refused(registry):
    other = Registry(MemoryStore()).register("late", "other")
    registry.register("late", "a")
    with pytest.raises(ArgumentError, match="late:1 is a version of another registry"):
        registry.promote(other, to="production", actor="ada", reason="x")


def test_rollback_goes_to_the_version_before_and_twice_goes_two_back(registry):
    for text in "abc":
        registry.promote(registry.register("late", text), to="production", actor="ada", reason="new")
    numbers = []
    for _ in range(2):
        event = registry.rollback("late", alias="production", actor="ada", reason="bad")
        numbers.append(registry["late@production"].number)
    assert numbers == [2, 1]
    assert (event.kind, event.body["from"], event.body["to"], event.body["rollback"]) == ("alias", 2, 1, True)
    with pytest.raises(AliasNotFoundError, match="stands at version 1, where it began"):
        registry.rollback("late", alias="production", actor="ada", reason="bad")
    with pytest.raises(
        AliasNotFoundError, match="no alias of 'late' named 'productoin'; known: 'production'"
    ) as missing:
        registry.rollback("late", alias="productoin", actor="ada", reason="bad")
    assert "did you mean 'production'?" in str(missing.value)


def test_a_promotion_after_a_rollback_goes_on_from_there(registry):
    for text in "abc":
        registry.register("late", text)
    for number in (1, 2):
        registry.promote(f"late:{number}", to="production", actor="ada", reason="new")
    registry.rollback("late", alias="production", actor="ada", reason="bad")
    registry.promote("late:3", to="production", actor="ada", reason="new")
    registry.promote("late:3", to="production", actor="ada", reason="said twice")
    registry.rollback("late", alias="production", actor="ada", reason="bad")
    assert registry["late@production"].number == 1  # version 2 was rolled back: it is not where production stood


# Two aliases at once


@pytest.fixture
def pair(registry):
    for number, alias in enumerate(["production", "challenger"], 1):
        registry.promote(registry.register("late", f"model {number}"), to=alias, actor="ada", reason="first")
    return registry


def standing(registry):
    return {alias: version.number for alias, version in registry.aliases("late").items()}


def test_two_aliases_change_places_in_one_event(pair):
    before = len(pair.history("late"))
    event = pair.swap("late", "production", "challenger", actor="bob", reason="it won", cause="model/late/3")
    assert standing(pair) == standing(Registry(pair.store)) == {"production": 2, "challenger": 1}
    assert len(pair.history("late")) == before + 1
    assert (event.kind, event.subject, event.cause) == ("alias", pair["late:2"].digest, "model/late/3")
    assert (event.body["alias"], event.body["from"], event.body["to"]) == ("production", 1, 2)
    assert (event.body["swap"]["alias"], event.body["swap"]["from"], event.body["swap"]["to"]) == ("challenger", 2, 1)


def test_each_alias_of_a_swap_rolls_back_by_itself(pair):
    pair.swap("late", "production", "challenger", actor="ada", reason="x")
    pair.rollback("late", alias="challenger", actor="ada", reason="x")
    assert standing(pair) == {"production": 2, "challenger": 2}
    pair.rollback("late", alias="production", actor="ada", reason="x")
    assert standing(pair) == {"production": 1, "challenger": 2}


@pytest.mark.parametrize(("statuses", "refused"), [(["failed"], "late:2"), (["passed", "failed"], "late:1")])
def test_a_swap_is_made_whole_or_not_at_all(pair, statuses, refused):
    with pytest.raises(PromotionRefusedError, match=f"{refused} was not promoted"):
        pair.swap("late", "production", "challenger", policy=Says(*statuses), actor="ada", reason="x")
    assert standing(pair) == {"production": 1, "challenger": 2}
    assert pair.history("late")[-1].kind == "refusal"


def test_the_policy_judges_both_moves_of_a_swap(pair):
    policy = Says("passed")
    pair.swap("late", "production", "challenger", policy=policy, actor="ada", reason="x")
    assert [(case.alias, case.candidate.number, case.champion.number) for case in policy.cases] == [
        ("production", 2, 1),
        ("challenger", 1, 2),
    ]


def test_a_swap_needs_two_aliases_that_are_there(pair):
    with pytest.raises(ArgumentError, match="cannot change places with itself"):
        pair.swap("late", "production", "production", actor="ada", reason="x")
    with pytest.raises(AliasNotFoundError, match="no alias of 'late' named 'chalenger'"):
        pair.swap("late", "production", "chalenger", actor="ada", reason="x")
    assert len(pair.history("late")) == 4


def test_a_retired_alias_is_gone_and_cannot_be_rolled_back(pair):
    event = pair.retire("late", alias="challenger", actor="ada", reason="the trial is over")
    assert (event.body["from"], event.body["to"], event.subject) == (2, None, pair["late:2"].digest)
    assert standing(pair) == standing(Registry(pair.store)) == {"production": 1}
    for call in (pair.rollback, pair.retire):
        with pytest.raises(AliasNotFoundError):
            call("late", alias="challenger", actor="ada", reason="x")
    pair.promote("late:1", to="challenger", actor="ada", reason="x")
    assert standing(pair) == {"production": 1, "challenger": 1}


# Yesterday


def test_where_an_alias_stood_at_a_moment(store):
    days = (datetime(2013, 5, day, tzinfo=UTC) for day in range(1, 9))
    registry = Registry(store, actor="ada", clock=lambda: next(days))
    registry.register("late", "a")  # 1 May
    registry.register("late", "b")  # 2 May
    registry.promote("late:1", to="production", actor="ada", reason="x")  # 3 May
    registry.promote("late:2", to="production", actor="ada", reason="x")  # 4 May
    registry.rollback("late", alias="production", actor="ada", reason="x")  # 5 May
    registry.retire("late", alias="production", actor="ada", reason="x")  # 6 May

    def at(day, hour=0):
        return datetime(2013, 5, day, hour, tzinfo=UTC)

    found = {day: registry.resolve("late@production", at=at(day, 12)).number for day in (3, 4, 5)}
    assert found == {3: 1, 4: 2, 5: 1}
    assert registry.resolve("late@production", at=at(4)).number == 2  # events of that very moment count
    assert registry.resolve("late@production", at=at(4).astimezone(timezone(timedelta(hours=9)))).number == 2
    assert registry.aliases("late", at=at(6)) == {}
    assert len(registry.history("late", at=at(4, 1))) == 4
    for reference, day, error in (
        ("late@production", 2, AliasNotFoundError),
        ("late@production", 6, AliasNotFoundError),
        ("late:2", 1, VersionNotFoundError),
    ):
        with pytest.raises(error):
            registry.resolve(reference, at=at(day, 12))
    with pytest.raises(ModelNotFoundError, match=r"'late' was not there at 2013-04-30T00:00:00\+00:00"):
        registry.resolve("late:1", at=datetime(2013, 4, 30, tzinfo=UTC))
    with pytest.raises(ArgumentError, match="no time zone"):
        registry.resolve("late:1", at=datetime(2013, 5, 3))


# Approvals


def test_an_approval_says_who_vouched_for_which_content(registry):
    version = registry.register("late", "a")
    registry.register("late", "b")
    event = registry.approve(version, actor="bob", role="risk", reason="looked at the slices")
    assert (event.kind, event.actor, event.role, event.subject) == ("approval", "bob", "risk", version.digest)
    assert version.approvals() == (event,)
    assert registry["late:2"].approvals() == ()


def test_nobody_approves_their_own_work(registry):
    version = registry.register("late", "a")
    with pytest.raises(ArgumentError, match="'ada' registered late:1 and cannot approve it"):
        registry.approve(version, actor="ada")
    assert version.approvals() == ()


# Costs


class Counting(MemoryStore):
    """Counts what is asked of it."""

    asked = 0

    def _get(self, key):
        self.asked += 1
        return super()._get(key)

    def _exists(self, key):
        self.asked += 1
        return super()._exists(key)

    def _list(self, prefix):
        self.asked += 1
        return super()._list(prefix)


def test_naming_and_promoting_a_version_costs_the_same_however_long_the_history_is(plain):
    asked, probes = {}, 2 * math.log2(1_289 / 10)  # the newest head is found by doubling and halving
    for events in (19, 1_289):
        store = Counting()
        registry = Registry(store, actor="ada", serializers=[plain])
        registry.register("late", "a", serializer=plain, revision="abc")
        while len(registry.history("late")) < events:
            registry.promote("late:1", to="production", actor="ada", reason="x")
        store.asked = 0
        fresh = Registry(store, serializers=[plain])
        assert fresh["late@production"].number == 1
        first, store.asked = store.asked, 0
        assert fresh["late@production"].number == 1
        again, store.asked = store.asked, 0
        Registry(store, serializers=[plain]).register("late", "b", serializer=plain, revision="abc")
        asked[events] = first, again, store.asked
    assert asked[1_289][0] <= asked[19][0] + probes
    assert asked[1_289][1] == asked[19][1] == 1  # whether the next event is there
    assert asked[1_289][2] <= asked[19][2] + probes
