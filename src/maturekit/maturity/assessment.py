"""The assessment: a stage, the events that prove each line of it, and the cheapest next step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from maturekit._core import html
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.maturity.criterion import Criterion, Judgement
from maturekit.maturity.evidence import Evidence
from maturekit.maturity.rubric import CRITERIA
from maturekit.maturity.stage import STAGES

if TYPE_CHECKING:
    import pandas as pd

    from maturekit.registry import Registry

__all__ = ["Assessment", "assess"]

_MARK = {"proven": "✓ proven", "declared": "~ declared", "missing": "✗ missing", "could_not_run": "! could not run"}


@dataclass(frozen=True, slots=True)
class Assessment:
    """How mature the work around a registry's most mature model is, from its history alone.

    Parameters
    ----------
    model : str
        The model it is about; empty when the registry has none.
    criteria : tuple of Judgement
        What each criterion found, in the order of stages.
    stages : mapping of str to int
        The stage of every model.

    Examples
    --------
    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late", {"any": "model"}, metrics={"roc_auc": 0.7})
    >>> found = assess(registry)
    >>> found.stage, found.next_steps[0].criterion
    (1, 'profile-attached')
    >>> found.criteria[0].status, found.criteria[0].evidence
    ('proven', ('model/late/1',))
    """

    model: str
    criteria: tuple[Judgement, ...]
    stages: Mapping[str, int] = field(default_factory=dict)

    @property
    def stage(self) -> int:
        """The highest stage, 1 to 5, of which every criterion is proven, those of all lower stages included.

        Everybody is at least at stage 1: exploring needs no proof.
        """
        return max(1, self._wanted - 1)

    @property
    def next_steps(self) -> tuple[Judgement, ...]:
        """The criteria that keep the work from the next stage, the cheapest first; their `step` says what to do."""
        open_ones = [one for one in self.criteria if one.stage == self._wanted and not one.proven]
        return tuple(sorted(open_ones, key=lambda one: one.effort))

    @property
    def _wanted(self) -> int:
        """The lowest stage that is not proven; one above the highest when all are."""
        return min((one.stage for one in self.criteria if not one.proven), default=len(STAGES) + 1)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a criterion: stage, criterion, status, evidence, asks, step and effort (hours)."""
        import pandas as pd  # noqa: PLC0415  # an assessment is made where pandas is not

        rows = [
            (one.stage, one.criterion, one.status, ", ".join(one.evidence), one.asks, one.step, one.effort)
            for one in self.criteria
        ]
        return pd.DataFrame(rows, columns="stage criterion status evidence asks step effort".split())

    def __str__(self) -> str:
        """Return a page of text to print."""
        lines = [self._title()]
        width = max((len(one.criterion) for one in self.criteria), default=0)
        for stage in STAGES:
            own = [one for one in self.criteria if one.stage == stage.number]
            if own:
                lines += ["", str(stage)]
            lines += [f"  {_MARK[one.status]:<16} {one.criterion:<{width}}  {_shown(one)}" for one in own]
        steps = [f"  about {one.effort:g} h: {one.step}" for one in self.next_steps]
        if steps:
            lines += ["", f"Next steps towards stage {self._wanted}, the cheapest first:", *steps]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return a table for a notebook; readable in light and dark, never by colour alone."""
        rows = [(one.stage, _MARK[one.status], one.criterion, _shown(one)) for one in self.criteria]
        steps = "".join(f"<li>{html.escape(f'about {one.effort:g} h: {one.step}')}</li>" for one in self.next_steps)
        after = f"<p>Next steps, the cheapest first:</p><ol>{steps}</ol>" if steps else ""
        table = html.table(["stage", "status", "criterion", "evidence"], rows, caption=self._title())
        return f'<div lang="en" class="maturekit-assessment">{table}{after}</div>'

    def _title(self) -> str:
        if not self.model:
            return "Maturity: stage 1 of 5, exploration (no model is registered yet)"
        there = sum(stage >= self.stage for stage in self.stages.values())
        others = f" ({there} of {len(self.stages)} models)" if len(self.stages) > 1 else ""
        return f"Maturity of {self.model!r}: stage {self.stage} of 5, {STAGES[self.stage - 1].name}{others}"


def assess(registry: Registry, *, alias: str = "production", criteria: Sequence[Criterion] = CRITERIA) -> Assessment:
    """Return how mature the work around a registry is, from the events in it alone; nothing is asked, nothing believed.

    Each model is judged by its own history. The assessment is that of the most mature one: an organisation has shown
    what it can do with it, from end to end; `Assessment.stages` tells how far the others are.

    Parameters
    ----------
    registry : Registry
        Read, never written.
    alias : str, default "production"
        The alias that means: decisions depend on the version that holds it.
    criteria : sequence of Criterion
        What is asked for; the library's own by default.

    Examples
    --------
    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore())
    >>> version = registry.register("late", {"any": "model"})
    >>> print(assess(registry, criteria=CRITERIA[:2]))
    Maturity of 'late': stage 1 of 5, exploration
    <BLANKLINE>
    1 exploration: somebody finds out whether the data hold an answer; what was tried can be found again
      ✓ proven         version-registered  model/late/1
      ✗ missing        metric-recorded     the version that counts carries a metric: a number to beat
    <BLANKLINE>
    Next steps towards stage 1, the cheapest first:
      about 1 h: register with metrics: `metrics={"roc_auc": ...}`
    """
    asked = _checked(criteria)
    found = [_judged(Evidence(name, tuple(registry.history(name)), alias), asked) for name in registry.names()]
    if not found:
        return _judged(Evidence("", (), alias), asked)
    stages = MappingProxyType({one.model: one.stage for one in found})
    best = max(found, key=lambda one: (one.stage, sum(judgement.proven for judgement in one.criteria)))
    return Assessment(best.model, best.criteria, stages)


def _judged(evidence: Evidence, criteria: Iterable[Criterion]) -> Assessment:
    return Assessment(evidence.model, tuple(criterion.judge(evidence) for criterion in criteria))


def _checked(criteria: Sequence[Criterion]) -> list[Criterion]:
    for criterion in criteria:
        if not isinstance(criterion, Criterion):
            raise ArgumentTypeError(
                f"criteria must be instances of Criterion, got {criterion!r}",
                hint="subclass `maturity.Criterion`, and pass `[*CRITERIA, MyCriterion()]`.",
            )
        if criterion.stage not in range(1, len(STAGES) + 1):
            raise ArgumentError(f"{criterion!r} has stage {criterion.stage!r}; stages are 1 to {len(STAGES)}")
    if not criteria:
        raise ArgumentError("no criteria were given", hint="leave the argument out to use the library's own.")
    return sorted(criteria, key=lambda criterion: criterion.stage)


def _shown(one: Judgement) -> str:
    """Return what stands beside a criterion: the events that show it, or what it asks."""
    if one.status == "could_not_run":
        return one.message
    return (
        ", ".join(one.evidence[:3]) + ("" if len(one.evidence) <= 3 else f" and {len(one.evidence) - 3} more")
        or one.asks
    )
