"""Gates and policies: what they read, what they answer, and that nothing is ever taken for a yes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from maturekit.errors import ArgumentError, ArgumentTypeError, NameRuleError
from maturekit.governance import BetterThanChampion, Gate, MetricFloor, Policy, SchemaAttached
from maturekit.reports import Case, Certainty, Finding, GateLike, PolicyLike, Report, VersionFacts
from maturekit.testing.gates import GATE_CHECKS

CHAMPION = VersionFacts("late", 1, "sha256:aa", metrics={"roc_auc": 0.74})


def comparison(low, high, *, champion="sha256:aa", challenger="sha256:bb", metric="roc_auc", confidence=0.95):
    gain = Finding(
        f"difference:{metric}",
        "passed",
        value=(low + high) / 2,
        interval=(low, high),
        certainty=Certainty(confidence, "confidence"),
    )
    return Report("comparison", [gain], subjects={"champion": champion, "challenger": challenger})


def candidate(*reports, metrics=None, has=()):
    return VersionFacts("late", 2, "sha256:bb", metrics=metrics or {}, has=frozenset(has), reports=reports)


def judged(gate, *reports, champion=CHAMPION, **facts):
    return gate.judge(Case("production", candidate(*reports, **facts), champion))


class Reviewed(Gate):
    """The smallest extension a user can write: one hook."""

    def _judge(self, case):
        seen = any(report.kind == "review" for report in case.candidate.reports)
        return self.finding("passed" if seen else "failed")


class Raising(Gate):
    def _judge(self, case):
        raise KeyError("typo")


class Wrong(Gate):
    def _judge(self, case):
        return True


@pytest.mark.parametrize("check", GATE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    "gate", [Reviewed(), SchemaAttached(), MetricFloor("roc_auc", 0.7), BetterThanChampion("roc_auc")], ids=repr
)
def test_gate_keeps_the_contract(gate, check):
    check(gate)


def test_schema_gate_asks_for_a_contract():
    assert judged(SchemaAttached(), has=["schema"]).status == "passed"
    assert judged(SchemaAttached(), has=["profile"]).status == "failed"


@pytest.mark.parametrize(("value", "status"), [(0.7, "passed"), (0.71, "passed"), (0.6999, "failed")])
def test_floor_itself_passes(value, status):
    assert judged(MetricFloor("roc_auc", 0.7), metrics={"roc_auc": value}).status == status


def test_a_metric_that_was_not_recorded_could_not_be_judged_and_the_nearest_is_named():
    finding = judged(MetricFloor("roc_auk", 0.7), metrics={"roc_auc": 0.8})
    assert finding.status == "could_not_run"
    assert "did you mean 'roc_auc'" in finding.message


@pytest.mark.parametrize(
    ("low", "high", "margin", "status"),
    [
        (0.01, 0.03, 0.0, "passed"),
        (-0.01, 0.03, 0.0, "not_enough_evidence"),
        (-0.03, -0.01, 0.0, "failed"),
        (0.0, 0.03, 0.0, "not_enough_evidence"),  # at the boundary nothing is shown
        (-0.03, 0.0, 0.0, "failed"),
        (0.01, 0.03, 0.02, "not_enough_evidence"),
        (-0.004, 0.01, -0.005, "passed"),  # not worse by more than half a point
        (-0.006, 0.01, -0.005, "not_enough_evidence"),
    ],
)
def test_verdict_is_where_the_interval_lies_against_the_margin(low, high, margin, status):
    assert judged(BetterThanChampion("roc_auc", margin), comparison(low, high)).status == status


def test_without_a_champion_the_paired_gate_is_skipped_and_does_not_block():
    report = Policy("weekly", [BetterThanChampion("roc_auc")]).judge(Case("production", candidate()))
    assert report.findings[0].status == "skipped"
    assert report.ok


def test_the_champion_itself_needs_no_comparison():
    finding = BetterThanChampion("roc_auc").judge(Case("production", CHAMPION, CHAMPION))
    assert finding.status == "skipped"


@pytest.mark.parametrize(
    "report",
    [
        comparison(0.01, 0.03, champion="sha256:other"),
        comparison(0.01, 0.03, challenger="sha256:other"),
        comparison(0.01, 0.03, champion="sha256:bb", challenger="sha256:aa"),
        comparison(0.01, 0.03, metric="accuracy"),
    ],
    ids=["another champion", "another challenger", "the pair turned round", "another metric"],
)
def test_a_comparison_of_something_else_could_not_be_judged(report):
    finding = judged(BetterThanChampion("roc_auc"), report)
    assert finding.status == "could_not_run"
    assert "what is attached compares another pair or metric" in finding.message
    assert "governance.compare" in finding.message


def test_no_comparison_says_how_to_make_one():
    finding = judged(BetterThanChampion("roc_auc"))
    assert finding.status == "could_not_run"
    assert finding.message.startswith("no comparison of roc_auc with late:1 is attached. Make one")


def test_the_newest_comparison_counts_and_repeated_ones_are_told():
    finding = judged(BetterThanChampion("roc_auc"), comparison(-0.03, -0.01), comparison(0.01, 0.03))
    assert finding.status == "passed"
    assert "2 comparisons of the pair are attached" in finding.message


def test_a_comparison_made_with_less_confidence_does_not_count():
    finding = judged(BetterThanChampion("roc_auc"), comparison(0.01, 0.03, confidence=0.5))
    assert finding.status == "could_not_run"
    assert "confidence 0.5, asked are 0.95" in finding.message
    assert judged(BetterThanChampion("roc_auc"), comparison(0.01, 0.03, confidence=0.99)).status == "passed"


def test_a_comparison_without_evidence_stays_without():
    unsure = Finding("difference:roc_auc", "not_enough_evidence", message="one class only")
    report = Report("comparison", [unsure], subjects={"champion": "sha256:aa", "challenger": "sha256:bb"})
    finding = judged(BetterThanChampion("roc_auc"), report)
    assert (finding.status, finding.message) == ("not_enough_evidence", "one class only")


def test_a_gate_that_raises_or_returns_nonsense_blocks_the_promotion():
    report = Policy("weekly", [Raising(), Wrong(), SchemaAttached()]).judge(
        Case("production", candidate(has=["schema"]))
    )
    assert [finding.status for finding in report.findings] == ["could_not_run", "could_not_run", "passed"]
    assert "KeyError: 'typo'" in report.findings[0].message
    assert "returned bool" in report.findings[1].message
    assert not report.ok


@pytest.mark.parametrize("status", ["failed", "could_not_run", "not_enough_evidence"])
def test_every_other_verdict_than_passed_and_skipped_blocks(status):
    class Fixed(Gate):
        def _judge(self, case):
            return self.finding(status)

    report = Policy("weekly", [SchemaAttached(), Fixed()]).judge(Case("production", candidate(has=["schema"])))
    assert not report.ok
    assert report.verdict == status


def test_a_policy_s_report_is_bound_to_what_it_judged():
    moment = datetime(2013, 5, 3, tzinfo=UTC)
    report = Policy("weekly", [SchemaAttached()], clock=lambda: moment).judge(Case("production", candidate(), CHAMPION))
    assert (report.kind, report.time) == ("promotion", moment)
    assert dict(report.subjects) == {
        "policy": "weekly",
        "alias": "production",
        "candidate": "sha256:bb",
        "champion": "sha256:aa",
    }


def test_gates_and_policies_fit_the_protocols_that_the_registry_knows():
    assert isinstance(SchemaAttached(), GateLike)
    assert isinstance(Policy("weekly", [SchemaAttached()]), PolicyLike)


def test_a_policy_without_gates_or_with_something_else_is_refused():
    with pytest.raises(ArgumentError, match="has no gates"):
        Policy("weekly", [])
    with pytest.raises(ArgumentTypeError, match="has a gate that is none: 'schema'"):
        Policy("weekly", ["schema"])
    with pytest.raises(NameRuleError):
        Policy("../x", [SchemaAttached()])
