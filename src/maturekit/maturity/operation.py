"""Stage 3, operational deployment: a rule lets a version in, and knows the one it replaces."""

from __future__ import annotations

from maturekit.maturity.criterion import Criterion, Proof
from maturekit.maturity.evidence import Evidence

__all__ = ["ChallengerCompared", "PromotedByPolicy"]


class PromotedByPolicy(Criterion):
    """The version in production was let in by a policy; without one, its fitness is only declared.

    Examples
    --------
    >>> PromotedByPolicy().judge(Evidence("late")).status
    'missing'
    """

    stage = 3
    asks = "the version in production got there through a policy that it passed"
    step = 'promote through a policy: `registry.promote(version, to="production", policy=Policy(...), ...)`'
    effort = 2.0

    def _look(self, evidence: Evidence) -> Proof:
        if not evidence.moves:
            return Proof()
        move = evidence.moves[-1]
        passed = [earlier for earlier in evidence.approved if earlier.body["to"] == move.body["to"]]
        return Proof((passed[-1],)) if passed else Proof((move,), declared=True)  # a rollback counts by its first entry


class ChallengerCompared(Criterion):
    """A challenger was compared with the champion before the decision about it, whichever way that went.

    A comparison that was attached after the promotion proves nothing about it.

    Examples
    --------
    >>> ChallengerCompared().effort
    2.0
    """

    stage = 3
    asks = "a challenger was compared with the version in production before it was let in or refused"
    step = "compare on fresh labelled rows: `governance.compare(champion, challenger, ...)`, attach, then promote"
    effort = 2.0

    def _look(self, evidence: Evidence) -> Proof:
        refused = [event for event in evidence.of("refusal") if event.body.get("alias") == evidence.alias]
        for decision in sorted([*evidence.moves, *refused], key=lambda event: -event.number):
            for report in evidence.reports("comparison"):
                same = report.body.get("version") == decision.body.get("to") != decision.body.get("from")
                if same and decision.body.get("from") is not None and report.number < decision.number:
                    return Proof((report, decision))
        return Proof()
