"""Stage 5, continuous optimisation: what is seen in production leads to a better version."""

from __future__ import annotations

from collections.abc import Iterator

from maturekit.events import Event
from maturekit.maturity.criterion import Criterion, Proof
from maturekit.maturity.evidence import Evidence

__all__ = ["AlarmAnswered", "AnswerBetter"]


class AlarmAnswered(Criterion):
    """An alarm led to a version that names it as its cause and that a policy let into production.

    Examples
    --------
    >>> AlarmAnswered().stage
    5
    """

    stage = 5
    asks = "an alarm was answered by a version that names it as cause and went to production through a policy"
    step = "retrain after an alarm: `register(..., cause=alarm)`, then promote through the policy"
    effort = 8.0

    def _look(self, evidence: Evidence) -> Proof:
        return Proof(next(_answers(evidence), ()))


class AnswerBetter(Criterion):
    """The version that answered an alarm was shown to be better before it was let in.

    Examples
    --------
    >>> AnswerBetter().effort
    3.0
    """

    stage = 5
    asks = "the version that answered an alarm passed a comparison with its predecessor before it was let in"
    step = "compare the retrained version with the one in production, attach the report, then promote"
    effort = 3.0

    def _look(self, evidence: Evidence) -> Proof:
        for alarm, version, move in _answers(evidence):
            for report in evidence.reports("comparison"):
                mine = report.body.get("version") == version.body.get("number")
                if mine and report.body.get("verdict") == "passed" and version.number < report.number < move.number:
                    return Proof((alarm, report, move))
        return Proof()


def _answers(evidence: Evidence) -> Iterator[tuple[Event, Event, Event]]:
    """Every alarm with the version that names it as cause and the move that let that version in; newest first."""
    alarms = {alarm.id: alarm for alarm in evidence.of("alarm")}
    for move in reversed(evidence.approved):
        for version in evidence.of("version"):
            alarm = alarms.get(version.cause or "")
            if alarm and version.body.get("number") == move.body["to"] and alarm.number < version.number < move.number:
                yield alarm, version, move
