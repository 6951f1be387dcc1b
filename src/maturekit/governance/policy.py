"""A policy: the gates a version must pass before an alias moves to it."""

from __future__ import annotations

from collections.abc import Iterable

from maturekit._core.clock import Clock, utc_now
from maturekit._core.names import check_name
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.governance.gate import Gate
from maturekit.reports import Case, Report

__all__ = ["Policy"]


class Policy:
    """A named list of gates, which `Registry.promote` runs; all of them speak, none is left out after a failure.

    The promotion goes ahead only when every gate has *passed* or was *skipped*.

    Parameters
    ----------
    name : str
        Stands in the event of every promotion it judged; the rules of `Registry` names hold.
    gates : iterable of Gate
        At least one.
    clock : callable, optional
        Returns the time of its reports, aware; UTC now by default.

    Examples
    --------
    >>> from maturekit.governance import MetricFloor, SchemaAttached
    >>> from maturekit.reports import VersionFacts
    >>> policy = Policy("weekly", [SchemaAttached(), MetricFloor("roc_auc", 0.7)])
    >>> candidate = VersionFacts("late-flights", 1, "sha256:ab", metrics={"roc_auc": 0.75})
    >>> print(policy.judge(Case("production", candidate)).summary())
    promotion: failed (1 failed, 1 passed)
      ✗ failed  schema-attached  late-flights:1 has no contract; register it with schema=.
    """

    def __init__(self, name: str, gates: Iterable[Gate], *, clock: Clock = utc_now) -> None:
        self._name = check_name(name, what="policy name")
        self.gates = tuple(gates)
        self.clock = clock
        if not self.gates:
            raise ArgumentError(
                f"policy {name!r} has no gates", hint="a policy that asks nothing would pass everything."
            )
        for gate in self.gates:
            if not isinstance(gate, Gate):
                raise ArgumentTypeError(
                    f"policy {name!r} has a gate that is none: {gate!r}",
                    hint="pass instances of subclasses of `governance.Gate`, such as `SchemaAttached()`.",
                )

    @property
    def name(self) -> str:
        """Its name, as it stands in events."""
        return self._name

    def judge(self, case: Case) -> Report:
        """Return a report of kind ``"promotion"`` with one finding a gate, bound to both versions' digests."""
        subjects = {"policy": self.name, "alias": case.alias, "candidate": case.candidate.digest}
        if case.champion is not None:
            subjects["champion"] = case.champion.digest
        findings = [gate.judge(case) for gate in self.gates]
        return Report("promotion", findings, subjects=subjects, time=self.clock())

    def __repr__(self) -> str:
        """Return name and gates."""
        return f"Policy({self.name!r}, {list(self.gates)!r})"
