"""Stage 4, scaled operations: watched while it runs, replaced by routine, taken back at will."""

from __future__ import annotations

from maturekit.maturity.criterion import Criterion, Proof
from maturekit.maturity.evidence import Evidence

__all__ = ["DriftWatched", "PerformanceWatched", "ReleasesRepeated", "RollbackShown"]


class PerformanceWatched(Criterion):
    """What the answers in production were worth was measured, for the version in production or the one before it.

    Examples
    --------
    >>> PerformanceWatched().stage
    4
    """

    stage = 4
    asks = "a performance report of its time in production is attached to the version there, or the one before"
    step = "join labels to the log, then attach `monitoring.performance(log, ...)` to the version"
    effort = 4.0

    def _look(self, evidence: Evidence) -> Proof:
        found = [
            event
            for event in evidence.reports("performance")
            if evidence.served(event.body.get("version"), before=event) and evidence.lately(event.body.get("version"))
        ]
        return Proof(tuple(found[-1:]))


class DriftWatched(Criterion):
    """A drift monitor read the input of the version in production, or of the one before it.

    Examples
    --------
    >>> DriftWatched().asks
    'a reading of a drift monitor is attached to a version while or after it served'
    """

    stage = 4
    asks = "a reading of a drift monitor is attached to a version while or after it served"
    step = "run `drift.Monitor(version.profile, ...)` on each batch, and attach its readings to the version"
    effort = 4.0

    def _look(self, evidence: Evidence) -> Proof:
        found = [
            event
            for event in sorted(
                [*evidence.reports("drift-reading"), *evidence.of("alarm")], key=lambda event: event.number
            )
            if evidence.served(event.body.get("version"), before=event) and evidence.lately(event.body.get("version"))
        ]
        return Proof(tuple(found[-1:]))


class ReleasesRepeated(Criterion):
    """One and the same policy let in two versions: releasing is a routine.

    Examples
    --------
    >>> ReleasesRepeated().effort
    4.0
    """

    stage = 4
    asks = "the same policy has let two different versions into production"
    step = "release the next version through the policy of the last one"
    effort = 4.0

    def _look(self, evidence: Evidence) -> Proof:
        for newer in reversed(evidence.approved):
            for older in evidence.approved:
                same = older.body["policy"] == newer.body["policy"] and older.number < newer.number
                if same and older.body["to"] != newer.body["to"]:
                    return Proof((older, newer))
        return Proof()


class RollbackShown(Criterion):
    """Production went back to a version that had served before.

    Examples
    --------
    >>> RollbackShown().effort
    0.5
    """

    stage = 4
    asks = "production was taken back to a version that had served before: an emergency or a rehearsal"
    step = "rehearse it: `registry.rollback(name, ...)`, look at the service, and promote again"
    effort = 0.5

    def _look(self, evidence: Evidence) -> Proof:
        for place, move in enumerate(evidence.moves):
            earlier = [past.body["to"] for past in evidence.moves[:place]]
            if earlier and move.body["to"] in earlier[:-1] and move.body["to"] != earlier[-1]:
                return Proof((move,))
        return Proof()
