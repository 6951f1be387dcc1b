"""Each criterion has one history that proves it and one near miss that does not."""

from __future__ import annotations

import pandas as pd
import pytest

import maturekit.maturity
from maturekit import Column, Profile, Registry, Schema
from maturekit.errors import PromotionRefusedError
from maturekit.events import Draft, EventLog
from maturekit.governance import Gate, Policy
from maturekit.maturity import CRITERIA, Criterion, Evidence
from maturekit.reports import Certainty, Finding, Report
from maturekit.storage import MemoryStore
from maturekit.testing import implementations
from maturekit.testing.criteria import CRITERION_CHECKS

SCHEMA = Schema({"distance": Column("float")})
PROFILE = Profile.of(pd.DataFrame({"distance": [float(i) for i in range(50)]}))
ORIGIN = {"fingerprint": "sha256:data", "revision": "a" * 40}


class Says(Gate):
    """A gate whose answer is known beforehand."""

    def __init__(self, status):
        self.status = status

    def _judge(self, case):
        return self.finding(self.status)


WEEKLY, OTHER, CLOSED = (
    Policy(name, [Says(status)]) for name, status in (("weekly", "passed"), ("other", "passed"), ("closed", "failed"))
)


class House:
    """A registry in memory, and the few things a team does with it."""

    def __init__(self):
        self.registry = Registry(MemoryStore(), actor="ada")

    def version(self, **facts):
        return self.registry.register("late", {"any": "model"}, **facts)

    def promote(self, version, policy=WEEKLY, alias="production"):
        try:
            return self.registry.promote(version, to=alias, policy=policy, actor="ada", reason="weekly retrain")
        except PromotionRefusedError:
            return None

    def attach(self, version, kind, status="passed"):
        return self.registry.attach(version, Report(kind, [Finding("a", status)]))

    def reading(self, version, *, alarm):
        certainty = Certainty(3.0, "years between false alarms")
        finding = Finding("alarm", "failed" if alarm else "passed", value=1000.0, certainty=certainty)
        return self.registry.attach(version, Report("drift-reading", [finding], subjects={"batch": "2013-05-01"}))

    def rollback(self, alias="production"):
        return self.registry.rollback("late", alias=alias, actor="ada", reason="rehearsal")

    @property
    def evidence(self):
        if "late" not in self.registry.names():
            return Evidence("late")
        return Evidence("late", tuple(self.registry.history("late")))


def alarm_of(house):
    return next(event for event in reversed(house.evidence.events) if event.kind == "alarm")


def in_production(house, **facts):
    version = house.version(**facts)
    house.promote(version)
    return version


# ---- histories that prove, and the kinds of the events that must be cited --------------------------------------------


def version_registered(house):
    house.version()


def metric_recorded(house):
    house.version(metrics={"roc_auc": 0.7})


def contract_attached(house):
    house.version(schema=SCHEMA)


def profile_attached(house):
    house.version(profile=PROFILE)


def origin_known(house):
    house.version(**ORIGIN)


def data_checked(house):
    house.version(evidence=[Report("validation", [Finding("nullable", "passed")])])


def actors_named(house):
    in_production(house)
    house.promote(house.version(), CLOSED)


def promoted_by_policy(house):
    in_production(house)


def challenger_compared(house):
    in_production(house)
    challenger = house.version()
    house.attach(challenger, "comparison", "failed")
    house.promote(challenger, CLOSED)


def performance_watched(house):
    house.attach(in_production(house), "performance")


def drift_watched(house):
    house.reading(in_production(house), alarm=False)


def releases_repeated(house):
    in_production(house)
    in_production(house)


def rollback_shown(house):
    in_production(house)
    in_production(house)
    house.rollback()


def alarm_answered(house):
    house.reading(in_production(house), alarm=True)
    house.promote(house.version(cause=alarm_of(house)))


def answer_better(house):
    house.reading(in_production(house), alarm=True)
    answer = house.version(cause=alarm_of(house))
    house.attach(answer, "comparison")
    house.promote(answer)


PROOFS = {
    "VersionRegistered": (version_registered, ["version"]),
    "MetricRecorded": (metric_recorded, ["version"]),
    "ContractAttached": (contract_attached, ["version"]),
    "ProfileAttached": (profile_attached, ["version"]),
    "OriginKnown": (origin_known, ["version"]),
    "DataChecked": (data_checked, ["report"]),
    "ActorsNamed": (actors_named, ["version", "alias", "version", "refusal"]),
    "PromotedByPolicy": (promoted_by_policy, ["alias"]),
    "ChallengerCompared": (challenger_compared, ["report", "refusal"]),
    "PerformanceWatched": (performance_watched, ["report"]),
    "DriftWatched": (drift_watched, ["report"]),
    "ReleasesRepeated": (releases_repeated, ["alias", "alias"]),
    "RollbackShown": (rollback_shown, ["alias"]),
    "AlarmAnswered": (alarm_answered, ["alarm", "version", "alias"]),
    "AnswerBetter": (answer_better, ["alarm", "report", "alias"]),
}


# ---- near misses: all of it but the one thing that matters ------------------------------------------------------------


def a_registration_that_failed(house):
    house.version()
    house.registry = Registry(MemoryStore(), actor="ada")
    with pytest.raises(Exception, match="name"):
        house.registry.register("../late", {"any": "model"})
    house.registry.register("another", {"any": "model"})


def a_metric_of_the_version_before(house):
    house.version(metrics={"roc_auc": 0.7})
    house.version()


def a_contract_of_a_version_that_is_not_in_production(house):
    in_production(house)
    house.version(schema=SCHEMA)


def a_profile_of_a_version_that_was_replaced(house):
    in_production(house, profile=PROFILE)
    in_production(house)


def code_known_and_data_not(house):
    house.version(revision="a" * 40)


def data_checked_for_another_version(house):
    house.version(evidence=[Report("validation", [Finding("nullable", "passed")])])
    house.version(evidence=[Report("review", [Finding("read", "passed")])])


def one_version_by_nobody(house):
    in_production(house)
    house.registry = Registry(house.registry.store)
    house.version()


def promoted_on_somebody_s_word(house):
    house.promote(house.version(), policy=None)


def compared_after_the_promotion(house):
    in_production(house)
    challenger = in_production(house)
    house.attach(challenger, "comparison")


def performance_of_a_version_that_never_served(house):
    in_production(house)
    house.attach(house.version(), "performance")


def a_reading_before_production(house):
    version = house.version()
    house.reading(version, alarm=False)
    house.promote(version)


def released_once_by_each_policy(house):
    in_production(house)
    house.promote(house.version(), OTHER)


def only_forward(house):
    for _ in range(3):
        in_production(house)
    staged = [house.version(), house.version()]
    for version in [*staged, staged[0]]:
        house.promote(version, alias="staging")


def retrained_without_naming_the_alarm(house):
    house.reading(in_production(house), alarm=True)
    in_production(house)


def an_answer_that_was_let_in_without_evidence(house):
    house.reading(in_production(house), alarm=True)
    answer = house.version(cause=alarm_of(house))
    house.attach(answer, "comparison", "not_enough_evidence")
    house.promote(answer)


NEAR_MISSES = {
    "VersionRegistered": a_registration_that_failed,
    "MetricRecorded": a_metric_of_the_version_before,
    "ContractAttached": a_contract_of_a_version_that_is_not_in_production,
    "ProfileAttached": a_profile_of_a_version_that_was_replaced,
    "OriginKnown": code_known_and_data_not,
    "DataChecked": data_checked_for_another_version,
    "ActorsNamed": one_version_by_nobody,
    "PromotedByPolicy": promoted_on_somebody_s_word,
    "ChallengerCompared": compared_after_the_promotion,
    "PerformanceWatched": performance_of_a_version_that_never_served,
    "DriftWatched": a_reading_before_production,
    "ReleasesRepeated": released_once_by_each_policy,
    "RollbackShown": only_forward,
    "AlarmAnswered": retrained_without_naming_the_alarm,
    "AnswerBetter": an_answer_that_was_let_in_without_evidence,
}

KINDS = implementations(maturekit.maturity, of=Criterion)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_history_proves_it_and_the_events_are_cited(kind):
    build, cited = PROOFS[kind.__name__]
    house = House()
    build(house)
    found = kind().judge(house.evidence)
    kinds = {event.id: event.kind for event in house.evidence.events}
    assert found.status == "proven"
    assert [kinds[event] for event in found.evidence] == cited
    assert found.evidence[0].startswith("model/late/")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_near_miss_does_not_prove_it(kind):
    house = House()
    NEAR_MISSES[kind.__name__](house)
    assert kind().judge(house.evidence).status in {"missing", "declared"}


def test_every_criterion_is_in_the_rubric_and_no_table_names_another():
    names = {kind.__name__ for kind in KINDS}
    assert {type(criterion).__name__ for criterion in CRITERIA} == names == set(PROOFS) == set(NEAR_MISSES)


@pytest.mark.parametrize("check", CRITERION_CHECKS, ids=lambda check: check.__name__)
def test_a_user_s_criterion_keeps_the_contract(check):
    check(NotesKept())


class NotesKept(Criterion):
    """The smallest extension a user can write: one hook."""

    stage, effort = 2, 0.5
    asks, step = "the version carries notes", "register with notes="

    def _look(self, evidence):
        return maturekit.maturity.Proof(tuple(event for event in evidence.of("version") if event.body.get("notes")))


# ---- what else each of them must and must not take ----------------------------------------------------------------------


def status(kind, *builds):
    house = House()
    for build in builds:
        build(house)
    return kind().judge(house.evidence).status


def test_a_promotion_on_somebody_s_word_is_declared_and_names_its_event():
    house = House()
    promoted_on_somebody_s_word(house)
    found = maturekit.maturity.PromotedByPolicy().judge(house.evidence)
    assert (found.status, found.evidence) == ("declared", ("model/late/2",))


def test_code_with_changes_that_were_not_committed_is_only_declared():
    log = EventLog(MemoryStore(), "model/late")
    for dirty in (True, False, None):  # None: nobody looked
        revision = {"commit": "a" * 40, "dirty": dirty}
        log.append(Draft("version", body={"number": 1, "fingerprint": "sha256:d", "revision": revision}))
        found = maturekit.maturity.OriginKnown().judge(Evidence("late", log.events()[-1:]))
        assert found.status == ("declared" if dirty else "proven")


def test_a_rollback_to_a_version_that_once_passed_is_still_by_policy():
    assert status(maturekit.maturity.PromotedByPolicy, rollback_shown) == "proven"


def test_performance_may_arrive_after_the_version_was_replaced_but_not_long_after():
    house = House()
    old = in_production(house)
    in_production(house)
    house.attach(old, "performance")  # labels are late
    judge = maturekit.maturity.PerformanceWatched()
    assert judge.judge(house.evidence).status == "proven"
    in_production(house)
    assert judge.judge(house.evidence).status == "missing"  # two releases later the practice must be shown again


def test_an_alarm_counts_as_a_reading():
    house = House()
    house.reading(in_production(house), alarm=True)
    found = maturekit.maturity.DriftWatched().judge(house.evidence)
    assert found.evidence == (alarm_of(house).id,)


def test_a_quiet_reading_is_no_alarm_that_could_be_answered():
    house = House()
    house.reading(in_production(house), alarm=False)
    quiet = house.evidence.events[-1]
    house.promote(house.version(cause=quiet))
    assert maturekit.maturity.AlarmAnswered().judge(house.evidence).status == "missing"


def test_an_answer_that_was_promoted_on_somebody_s_word_does_not_close_the_loop():
    house = House()
    house.reading(in_production(house), alarm=True)
    house.promote(house.version(cause=alarm_of(house)), policy=None)
    assert maturekit.maturity.AlarmAnswered().judge(house.evidence).status == "missing"


def test_evidence_of_one_model_proves_nothing_about_another():
    house = House()
    answer_better(house)
    house.registry.register("other", {"any": "model"})
    evidence = Evidence("other", tuple(house.registry.history("other")))
    proven = {criterion.name for criterion in CRITERIA if criterion.judge(evidence).proven}
    assert proven == {"version-registered", "actors-named"}


def test_a_criterion_that_raises_could_not_run_and_hides_nothing():
    class Broken(Criterion):
        stage, asks, step, effort = 2, "a", "b", 1.0

        def _look(self, evidence):
            raise KeyError("typo")

    found = Broken().judge(Evidence("late"))
    assert (found.status, found.message) == ("could_not_run", "KeyError: 'typo'")
