"""What a rollout does next, as a pure function of where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from maturekit.deployment.rollout.ledger import Standing
from maturekit.deployment.rollout.plan import OUTCOME, RolloutPlan
from maturekit.reports import Certainty, Finding, Report, Status
from maturekit.statistics import TwoArms

__all__ = ["Next", "keys_of_challenger", "next_step", "report_of"]


@dataclass(frozen=True, slots=True)
class Next:
    """A step to take: another share, and a decision if it is the last one."""

    share: float
    why: str
    decision: str = ""


def next_step(standing: Standing, plan: RolloutPlan, now: datetime) -> Next | None:
    """Return the step that is due, or None.

    >>> from datetime import UTC
    >>> began = datetime(2026, 5, 3, tzinfo=UTC)
    >>> plan = RolloutPlan(shares=(0.1, 0.5), step_rows=0, step_seconds=60)
    >>> standing = Standing(((began, 0.1),), plan.begin())
    >>> next_step(standing, plan, began), next_step(standing, plan, began + timedelta(minutes=1)).share
    (None, 0.5)
    """
    measures = standing.measures or {}
    if standing.decision or not standing.shares:
        return None
    for name, measure in measures.items():
        if measure.worse >= plan.needed_harm:
            return Next(0.0, _harm(name, measure, plan), "rolled back")
    outcomes = measures[OUTCOME]
    if outcomes.fit >= plan.needed and not _is_suspect(
        {name: measures[name] for name in measures if name != OUTCOME}, plan
    ):
        return Next(1.0, _fit(outcomes, plan), "promoted")
    if plan.patience is not None and sum(outcomes.rows) >= plan.patience:
        return Next(0.0, f"{sum(outcomes.rows)} outcomes did not decide", "given up")
    return _growth(standing, plan, now)


def keys_of_challenger(measures: Mapping[str, TwoArms]) -> int:
    """Return how many keys the challenger had, by the measure that counted most."""
    return max(measure.rows[1] for measure in measures.values())


def report_of(standing: Standing, plan: RolloutPlan, subjects: Mapping[str, str], time: datetime) -> Report:
    """Return where a rollout stands, as a report of kind ``"rollout"``.

    Findings: ``rollout`` (*passed* when promoted, *failed* when rolled back or refused, *not enough evidence* before
    that and when given up), ``share``, and for each measure ``harm:<measure>``; for the outcomes also ``margin``. The
    certainty of a measure is its evidence, with what is needed.
    """
    verdicts: dict[str, Status] = {"promoted": "passed", "rolled back": "failed", "refused": "failed"}
    state = standing.decision or "running"
    findings = [
        Finding(
            "rollout",
            verdicts.get(standing.decision, "not_enough_evidence"),
            value=state,
            message=standing.why,
        ),
        Finding("share", "passed", severity="info", value=standing.share, unit="of the keys"),
    ]
    for name, measure in (standing.measures or {}).items():
        width = plan.losses[1] - plan.losses[0] if name == OUTCOME else 1.0
        unit = "loss, challenger - champion" if name == OUTCOME else f"share {name}, challenger - champion"
        known = (
            {"value": measure.difference * width, "unit": unit, "count": sum(measure.rows)}
            if all(measure.rows)
            else {"count": sum(measure.rows)}
        )
        harmful = measure.worse >= plan.needed_harm
        findings.append(
            Finding(
                f"harm:{name}",
                "failed" if harmful else "passed",
                severity="warning",
                certainty=Certainty(measure.worse, f"evidence; {plan.needed_harm:g} rolls back"),
                **known,
            )
        )
        if name == OUTCOME:
            fit = measure.fit >= plan.needed
            findings.append(
                Finding(
                    "margin",
                    "passed" if fit else "not_enough_evidence",
                    severity="warning",
                    certainty=Certainty(measure.fit, f"evidence; {plan.needed:g} promotes"),
                    message=f"not worse by {plan.margin:g} or more",
                    **known,
                )
            )
    return Report("rollout", findings, subjects=subjects, time=time)


def _growth(standing: Standing, plan: RolloutPlan, now: datetime) -> Next | None:
    measures = standing.measures or {}
    since, share = standing.shares[-1]
    later = [other for other in plan.shares if other > share]
    if not later or now - since < timedelta(seconds=plan.step_seconds):
        return None
    keys = keys_of_challenger(measures) - standing.rows_at_step
    if keys < plan.step_rows:
        return None
    if _is_suspect(measures, plan):
        return None
    return Next(later[0], f"{keys} keys at {share:g}, and nothing speaks against it")


def _is_suspect(measures: Mapping[str, TwoArms], plan: RolloutPlan) -> bool:
    """Whether a measure is half of the way to a rollback (in logarithms): wait and see."""
    return any(measure.worse >= plan.needed_harm**0.5 for measure in measures.values())


def _harm(name: str, measure: TwoArms, plan: RolloutPlan) -> str:
    if name != OUTCOME:
        return f"{name}: {measure.losses[1]:g} of {measure.rows[1]} against {measure.losses[0]:g} of {measure.rows[0]}"
    width = plan.losses[1] - plan.losses[0]
    return f"mean loss {measure.difference * width:+.4g} on {sum(measure.rows)} outcomes"


def _fit(outcomes: TwoArms, plan: RolloutPlan) -> str:
    width = plan.losses[1] - plan.losses[0]
    return (
        f"mean loss {outcomes.difference * width:+.4g}, not worse by {plan.margin:g}, on {sum(outcomes.rows)} outcomes"
    )
