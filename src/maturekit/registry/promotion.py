"""Where an alias may go: what a policy says about a promotion, and where a rollback leads."""

from __future__ import annotations

from maturekit.errors import AliasNotFoundError, ArgumentTypeError, PromotionRefusedError
from maturekit.events import EventLog, Head
from maturekit.registry.blobs import Delivery
from maturekit.registry.bodies import MoveBody
from maturekit.registry.lookup import alias_missing, find_alias, find_number
from maturekit.registry.moves import alias_stack
from maturekit.registry.state import positions
from maturekit.registry.version import Version
from maturekit.reports import Case, PolicyLike, Report

__all__ = ["Wish", "rollback_move"]


class Wish:
    """The wish that an alias point to a version; `judge` may be asked again when the history has moved on.

    Examples
    --------
    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late-flights", {"threshold": 15})
    >>> log = registry.log("late-flights")
    >>> wish = Wish(version, "production", log, policy=None, actor="ada")
    >>> kind, move = wish.judge(log.head(), registry.blobs("late-flights").delivery())
    >>> kind, move.origin, move.to
    ('alias', None, 1)
    """

    def __init__(self, candidate: Version, alias: str, log: EventLog, *, policy: PolicyLike | None, actor: str) -> None:
        if policy is not None and not isinstance(policy, PolicyLike):
            raise ArgumentTypeError(f"a policy has a name and judges a case; got {type(policy).__name__}")
        self.candidate = candidate
        self.alias = alias
        self.log = log
        self.policy = policy
        self.actor = actor
        self.report: Report | None = None
        """What the policy said last."""

    def judge(self, head: Head, delivery: Delivery) -> tuple[str, MoveBody]:
        """Return the kind of event to write, and its body; the report of the policy is stored."""
        version, now = self.candidate, positions(head.state).get(self.alias)
        move = MoveBody(
            alias=self.alias,
            origin=now["to"] if now else None,
            to=version.number,
            event=version.event.number,
            judged=head.number,
        )
        if self.policy is None:
            return "alias", move
        champion = Version.of(version.home, find_alias(self.log, self.alias, head.state)).facts() if now else None
        report = self.policy.judge(Case(self.alias, version.facts(), champion, self.actor))
        if not isinstance(report, Report):
            raise ArgumentTypeError(f"policy {self.policy.name!r} must judge by a Report, got {type(report).__name__}")
        self.report = report
        digest = delivery.put(report.to_json().encode())
        verdict = {"policy": self.policy.name, "verdict": report.verdict, "report": digest}
        return ("alias" if report.ok else "refusal"), move.model_copy(update=verdict)

    def refused(self) -> PromotionRefusedError:
        """Return the error that tells what the policy said."""
        findings = () if self.report is None else self.report.failed
        bad = ", ".join(f"{finding.rule} {finding.status.replace('_', ' ')}" for finding in findings)
        name = "" if self.policy is None else self.policy.name
        return PromotionRefusedError(
            f"{self.candidate.reference} was not promoted to {self.alias!r}: policy {name!r} says {bad}",
            report=self.report,
            hint="print `error.report.summary()`; the refusal stands in the history.",
        )


def rollback_move(log: EventLog, alias: str, head: Head) -> MoveBody:
    """Return the move of an alias back to where it stood before the last promotion."""
    stack = alias_stack(log.events(until=head.number), alias)
    if not stack:
        raise alias_missing(log, alias, head.state)
    if len(stack) == 1:
        raise AliasNotFoundError(
            f"{alias!r} of {log.name.partition('/')[2]!r} stands at version {stack[0]}, where it began: "
            "there is nothing to go back to",
            name=alias,
            hint="promote another version instead.",
        )
    event = find_number(log, stack[-2], head.state).event.number
    return MoveBody(alias=alias, origin=stack[-1], to=stack[-2], event=event, judged=head.number, rollback=True)
