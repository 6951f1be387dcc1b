"""What every `Gate` promises, as checks anyone can run on their own subclass."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator

from maturekit.governance import Gate
from maturekit.reports import Case, Certainty, Finding, Report, VersionFacts

__all__ = ["GATE_CHECKS"]

_CHAMPION = VersionFacts("late-flights", 1, "sha256:aa", author="ada", metrics={"roc_auc": 0.75})


def _comparison(low: float, high: float) -> Report:
    gain = Finding(
        "difference:roc_auc",
        "passed",
        value=(low + high) / 2,
        interval=(low, high),
        certainty=Certainty(0.95, "confidence"),
    )
    return Report("comparison", [gain], subjects={"champion": "sha256:aa", "challenger": "sha256:bb"})


def _cases() -> Iterator[Case]:
    """Cases with and without a champion, with much and with nothing known of the candidate."""
    bare = VersionFacts("late-flights", 2, "sha256:bb")
    for champion in (None, _CHAMPION):
        yield Case("production", bare, champion)
        for low, high in ((0.01, 0.03), (-0.01, 0.01), (-0.03, -0.02)):
            candidate = VersionFacts(
                "late-flights",
                2,
                "sha256:bb",
                author="bob",
                metrics={"roc_auc": 0.72 + low},
                has=frozenset({"schema", "profile", "examples"}),
                reports=(Report("review", []), _comparison(low, high)),
            )
            yield Case("production", candidate, champion, actor="cleo")


def check_every_case_gets_a_finding(gate: Gate) -> None:
    for case in _cases():
        assert isinstance(gate.judge(case), Finding)


def check_the_finding_carries_the_name_of_the_gate(gate: Gate) -> None:
    assert gate.name
    for case in _cases():
        assert gate.judge(case).rule == gate.name


def check_a_case_that_cannot_be_read_is_no_yes(gate: Gate) -> None:
    assert not gate.judge(None).ok  # type: ignore[arg-type]  # what a gate must survive


def check_judging_twice_gives_the_same(gate: Gate) -> None:
    for case in _cases():
        assert gate.judge(case) == gate.judge(case)


def check_the_finding_can_be_stored(gate: Gate) -> None:
    for case in _cases():
        report = Report("promotion", [gate.judge(case)])
        assert Report.from_json(report.to_json()) == report


def check_survives_pickling(gate: Gate) -> None:
    copy = pickle.loads(pickle.dumps(gate))
    for case in _cases():
        assert copy.judge(case) == gate.judge(case)


GATE_CHECKS: tuple[Callable[[Gate], None], ...] = (
    check_every_case_gets_a_finding,
    check_the_finding_carries_the_name_of_the_gate,
    check_a_case_that_cannot_be_read_is_no_yes,
    check_judging_twice_gives_the_same,
    check_the_finding_can_be_stored,
    check_survives_pickling,
)
"""Run each on any gate; a gate reads, so nothing of the case may change."""
