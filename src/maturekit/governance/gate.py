"""The one contract of every gate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Self, final

from maturekit._core.names import kebab
from maturekit.reports import Case, Certainty, Finding, Status

__all__ = ["Gate"]


class Gate(ABC):
    """One condition of a promotion: it reads what is known of candidate and champion, and never computes.

    Write a gate by defining `_judge`. A gate that raises, or that returns something else than a finding, *could not
    run*, which blocks the promotion; it is never taken for a yes.

    Examples
    --------
    >>> from maturekit.reports import Report, VersionFacts
    >>> class Reviewed(Gate):
    ...     def _judge(self, case):
    ...         seen = any(report.kind == "review" for report in case.candidate.reports)
    ...         return self.finding("passed" if seen else "failed")
    >>> Reviewed().judge(Case("production", VersionFacts("late-flights", 1, "sha256:ab")))
    Finding('reviewed' failed)
    """

    @abstractmethod
    def _judge(self, case: Case) -> Finding:
        """Return what came out, made by `self.finding`."""

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield working instances, for the contract suite `maturekit.testing.GATE_CHECKS`."""
        yield cls()

    @property
    def name(self) -> str:
        """The rule of its finding: the name of the class, in small letters with hyphens."""
        return kebab(type(self).__name__)

    @final
    def judge(self, case: Case) -> Finding:
        """Return the finding of this gate; never raises."""
        try:
            finding = self._judge(case)
        except Exception as error:  # noqa: BLE001  # whatever a gate raises, the promotion must be refused, not broken
            return self.finding("could_not_run", message=f"{type(error).__name__}: {error}")
        if not isinstance(finding, Finding):
            return self.finding("could_not_run", message=f"it returned {type(finding).__name__} instead of a finding")
        return finding

    @final
    def finding(
        self,
        status: Status,
        *,
        value: float | None = None,
        unit: str = "",
        interval: tuple[float, float] | None = None,
        certainty: Certainty | None = None,
        message: str = "",
    ) -> Finding:
        """Return a finding in the name of this gate."""
        return Finding(
            self.name, status, value=value, unit=unit, interval=interval, certainty=certainty, message=message
        )

    def __repr__(self) -> str:
        """Return the class with what it was made of."""
        made_of = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({made_of})"
