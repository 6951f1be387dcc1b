"""One constraint that a table suggests: what supports it, and the chance that another table breaks it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from maturekit.reports import Certainty, Finding
from maturekit.schema.learning.unseen import chance_of_new
from maturekit.schema.rule import Rule

__all__ = ["SHARED", "Proposal", "affordable", "priced"]

SHARED: Final = -1.0
"""The chance of a constraint that is never broken: not told by itself, but by how others of its sort are broken."""

_MEANING = "chance that another table of this size breaks it"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A constraint that holds in every row of a table.

    Parameters
    ----------
    name : str
        Of the constraint, as reports of validation call it.
    columns : tuple of str
        The columns that it speaks of.
    change : mapping of str to object, or Rule
        The parameters of the one column, or the rule.
    support : int
        Number of rows that could have broken it and did not.
    chance : float
        The chance that another table of the same source and size breaks it, or `SHARED`.
    message : str
        What it says and what speaks for it, without a cell of the table.
    settled : bool
        Whether it stands whatever its chance, since the column would otherwise have no contract.
    """

    name: str
    columns: tuple[str, ...]
    change: Mapping[str, Any] | Rule
    support: int
    chance: float
    message: str
    settled: bool = False

    def finding(self, *, adopted: bool) -> Finding:
        """Return the proposal as a line of a report: *passed* when it is in the schema."""
        return Finding(
            self.name,
            "passed" if adopted else "not_enough_evidence",
            columns=self.columns,
            severity="error" if adopted else "info",
            count=self.support,
            certainty=Certainty(float(f"{self.chance:.2g}"), _MEANING),
            message=self.message,
        )


def priced(proposals: Sequence[Proposal], broken: Mapping[str, Sequence[float]], rows: int) -> list[Proposal]:
    """Return the proposals with each `SHARED` chance told by the constraints of its sort that some rows break.

    `broken` holds for each sort in how many rows each of these is broken. Comparisons and dependences are sorts of
    their own, since many are looked at; all else is one.

    >>> kept = [Proposal("Compare", ("a", "b"), {}, 1000, SHARED, "")] * 2
    >>> [round(one.chance, 3) for one in priced(kept, {"Compare": [1, 3, 400]}, 1000)]
    [0.084, 0.084]
    >>> [round(one.chance, 3) for one in priced(kept, {"Compare": [480, 490, 400]}, 1000)]
    [0.0, 0.0]
    """
    count = Counter(_sort(one.name) for one in proposals if one.chance == SHARED)
    counts: dict[str, list[float]] = {}
    for name, some in broken.items():
        counts.setdefault(_sort(name), []).extend(some)
    chance = {sort: chance_of_new(counts.get(sort, ()), rows) / many for sort, many in count.items()}
    return [replace(one, chance=chance[_sort(one.name)]) if one.chance == SHARED else one for one in proposals]


def _sort(name: str) -> str:
    return name if name in {"Compare", "Constant"} else "law"


def affordable(proposals: Sequence[Proposal], false_alarms: float) -> set[int]:
    """Return the places of the proposals whose chances add up to no more than `false_alarms`, the surest first.

    >>> three = [Proposal("ge", ("a",), {"ge": 0}, 100, chance, "") for chance in (0.03, 0.01, 0.02)]
    >>> affordable(three, 0.05)
    {1, 2}
    """
    kept = {place for place, proposal in enumerate(proposals) if proposal.settled}
    left = false_alarms - sum(proposals[place].chance for place in kept)
    for place, proposal in sorted(enumerate(proposals), key=lambda pair: (pair[1].chance, -pair[1].support, pair[0])):
        if place not in kept and proposal.chance <= left:
            kept.add(place)
            left -= proposal.chance
    return kept
