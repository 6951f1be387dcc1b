"""Stage 2, pilot: the version that counts could be run by somebody else."""

from __future__ import annotations

from maturekit.maturity.criterion import Criterion, Proof
from maturekit.maturity.evidence import Evidence

__all__ = ["ActorsNamed", "ContractAttached", "DataChecked", "OriginKnown", "ProfileAttached"]


class ContractAttached(Criterion):
    """The version that counts says what its input must look like.

    The version that counts is the one in production, else the newest: a contract of an older version proves nothing.

    Examples
    --------
    >>> ContractAttached().stage
    2
    """

    stage = 2
    asks = "the version that counts carries a contract of its input"
    step = "learn and edit a contract, and register with it: `schema=Schema.learn(train)`"
    effort = 2.0

    def _look(self, evidence: Evidence) -> Proof:
        return _carries(evidence, "schema")


class ProfileAttached(Criterion):
    """The version that counts carries a summary of the data it was made from.

    Examples
    --------
    >>> ProfileAttached().effort
    0.5
    """

    stage = 2
    asks = "the version that counts carries a profile of its training data"
    step = "register with a profile: `profile=Profile.of(train)`"
    effort = 0.5

    def _look(self, evidence: Evidence) -> Proof:
        return _carries(evidence, "profile")


class OriginKnown(Criterion):
    """The version that counts says from which data and which code it was made.

    A revision with changes that were not committed is only declared: the code cannot be found again.

    Examples
    --------
    >>> OriginKnown().asks
    'the version that counts names its data (fingerprint) and its code (revision)'
    """

    stage = 2
    asks = "the version that counts names its data (fingerprint) and its code (revision)"
    step = "register with `fingerprint=` of the training data and `revision=` of the code"
    effort = 0.5

    def _look(self, evidence: Evidence) -> Proof:
        proof = _carries(evidence, "fingerprint", "revision")
        revision = proof.events[0].body["revision"] if proof.events else None
        return Proof(proof.events, declared=isinstance(revision, dict) and revision.get("dirty") is True)


class DataChecked(Criterion):
    """Data were validated for the version that counts, and the report is attached to it.

    Examples
    --------
    >>> DataChecked().effort
    1.0
    """

    stage = 2
    asks = "a validation report is attached to the version that counts"
    step = "validate the training data, and register with `evidence=[report]`"
    effort = 1.0

    def _look(self, evidence: Evidence) -> Proof:
        current = evidence.current
        if current is None:
            return Proof()
        number = current.body.get("number")
        return Proof(
            tuple(event for event in evidence.reports("validation") if event.body.get("version") == number)[:1]
        )


class ActorsNamed(Criterion):
    """Every version, and every move or refusal of an alias, says who did it.

    Examples
    --------
    >>> ActorsNamed().judge(Evidence("late")).status
    'missing'
    """

    stage = 2
    asks = "every version and every decision about one names who did it"
    step = "open the registry with `actor=`, or name one at each call; older events stay without"
    effort = 0.5

    def _look(self, evidence: Evidence) -> Proof:
        acts = evidence.of("version", "alias", "refusal")
        return Proof(acts if all(event.actor for event in acts) else ())


def _carries(evidence: Evidence, *fields: str) -> Proof:
    current = evidence.current
    return Proof((current,) if current and all(current.body.get(field) for field in fields) else ())
