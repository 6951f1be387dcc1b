"""What a gate may read is plain data, and a gate or policy is whatever has the right shape."""

from __future__ import annotations

import pickle

from maturekit.reports import Case, Finding, GateLike, PolicyLike, Report, VersionFacts


class AlwaysYes:
    """The smallest gate and policy there is."""

    name = "yes"

    def judge(self, case):
        return Report("policy", [Finding("yes", "passed")]) if case.champion is None else Finding("yes", "skipped")


def test_shapes_are_recognised_without_a_base_class():
    assert isinstance(AlwaysYes(), GateLike)
    assert isinstance(AlwaysYes(), PolicyLike)
    assert not isinstance(object(), GateLike)


def test_a_case_compares_by_value_and_can_be_pickled():
    facts = VersionFacts("late-flights", 2, "sha256:ab", metrics={"roc_auc": 0.77}, has=frozenset({"schema"}))
    case = Case("production", facts, VersionFacts("late-flights", 1, "sha256:cd"), actor="ada")
    assert pickle.loads(pickle.dumps(case)) == case
    assert case != Case("production", facts)


def test_facts_that_were_not_given_are_empty():
    facts = VersionFacts("late-flights", 1, "sha256:ab")
    assert (facts.author, dict(facts.metrics), facts.has, facts.reports) == (None, {}, frozenset(), ())
