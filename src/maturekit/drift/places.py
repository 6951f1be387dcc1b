"""Which statistics of a column are watched, and what share of the alarm budget each has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from maturekit.profile import CategoryColumn, NumericColumn, Profile

__all__ = ["BUDGET", "SHARES", "Place", "Statistic", "has_scores", "places_of", "watched_pairs", "weighted"]

BUDGET: Mapping[str, float] = {
    "data": 0.65,
    "dependence": 0.15,
    "prediction": 0.07,
    "performance": 0.08,
    "operations": 0.05,
}
"""Share of the alarm budget for each group of statistics; what does not exist leaves its share to the others."""

SHARES: Mapping[str, float] = {
    "location": 0.45,
    "spread": 0.25,
    "skewness": 0.07,
    "kurtosis": 0.07,
    "atom": 0.20,
    "low": 0.07,
    "high": 0.07,
    "below": 0.03,
    "above": 0.03,
    "nulls": 0.05,
    "infinities": 0.03,
    "value": 0.90,
    "rest": 0.07,
    "unseen": 0.05,
}
"""Weights within a column, before those that exist are made to add up; the values of a category share theirs equally.

Were each value, the rest, unseen values and nulls to weigh the same, a column of two values would spend three quarters
of its alarms on what hardly ever happens: rows are moved between values far more often than values are lost, and what
was at zero needs few rows to be seen in spite of a small weight.
"""

DOMINANT = 0.8
"""A bin with a larger share of the rows leaves nothing to see for a mean of ranks."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """One number of a batch that is watched.

    Parameters
    ----------
    name : str
        What is measured: ``"location"`` and the other scores, ``"value"``, ``"nulls"``, ``"pair"``, ...
    columns : tuple of str
        Of which column, or of which two.
    group : str
        Key of `BUDGET`.
    weight : float
        Share of the alarm budget; all weights of a layout add up to 1.
    value : str
        For a count: the category or the number counted.
    """

    name: str
    columns: tuple[str, ...]
    group: str
    weight: float
    value: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A count: its name, its share within its column, the slots it is read from, and the value counted."""

    name: str
    share: float
    slot: int
    rows: int
    value: str = ""


def places_of(column: NumericColumn | CategoryColumn, at: int) -> Iterator[Place]:
    """Yield the counts of a column whose slots, as `tally` orders them, begin at `at`."""
    return _numeric(column, at) if isinstance(column, NumericColumn) else _category(column, at)


def has_scores(column: NumericColumn | CategoryColumn) -> bool:
    """Whether means of ranks say something: two bins are one share, and a dominant bin hides the others."""
    if not isinstance(column, NumericColumn) or column.kind == "datetime":
        return False
    return len(column.counts) > 2 and int(column.counts.max()) <= DOMINANT * column.finite


def _numeric(column: NumericColumn, at: int) -> Iterator[Place]:
    rows, valued, finite, nulls, infinities, below, above, bins = range(at, at + 8)
    yield Place("nulls", SHARES["nulls"], nulls, rows)
    if column.kind == "datetime":
        return  # time moves on; that is not news
    if column.kind == "float":
        yield Place("infinities", SHARES["infinities"], infinities, valued)
    if not column.finite:
        return  # the reference knows no number that others could be compared with
    yield Place("below", SHARES["below"], below, finite)
    yield Place("above", SHARES["above"], above, finite)
    last = len(column.counts) - 1
    if last == 1 and column.high == column.edges[0]:  # two values, of which one share says it all
        yield Place("atom", SHARES["atom"], bins + 1, finite, f"{column.high:g}")
        return
    atoms = dict(zip(column.bins.where(column.atoms).tolist(), column.atoms.tolist(), strict=True))
    for index, value in atoms.items():
        yield Place("atom", SHARES["atom"], bins + index, finite, f"{value:g}")
    for name, index, outside in (("low", 0, column.below), ("high", last, column.above)):
        if last and index not in atoms and column.counts[index] > outside:  # else the bin is what lies outside
            yield Place(name, SHARES[name], bins + index, finite)


def _category(column: CategoryColumn, at: int) -> Iterator[Place]:
    rows, valued, nulls, checked, rest, unseen, first = range(at, at + 7)
    kept = column.values[:1] if len(column.values) == 2 else column.values  # of two shares one says it all
    for index, value in enumerate(kept):
        yield Place("value", SHARES["value"] / len(kept), first + index, valued, value)
    if not column.dictionary.free:  # of free text and ids nearly every value is a new one
        yield Place("rest", SHARES["rest"], rest, checked)
        yield Place("unseen", SHARES["unseen"], unseen, checked)
    yield Place("nulls", SHARES["nulls"], nulls, rows)


def watched_pairs(profile: Profile, group_of: Mapping[str, str]) -> list[tuple[int, tuple[str, str]]]:
    """Return the pairs whose two columns arrive together: labels and latencies come at another time than the data."""
    together = {"data", "prediction"}
    pairs = profile.pairs.names if profile.pairs else ()
    return [(index, names) for index, names in enumerate(pairs) if {group_of[name] for name in names} <= together]


def weighted(
    drafts: Sequence[tuple[str, tuple[str, ...], float, str]],
    group_of: Mapping[str, str],
    *,
    budget: Mapping[str, float] = BUDGET,
    text_of: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Statistic]:
    """Divide the budget: over groups, equally over their columns, then by share within a column.

    `text_of` names the text behind each of its views: they share what one column has.
    """
    within: dict[tuple[str, ...], float] = {}
    families: dict[str, dict[tuple[str, ...], set[tuple[str, ...]]]] = {}
    for _, columns, share, _ in drafts:
        within[columns] = within.get(columns, 0.0) + share
        family = families.setdefault(_group(columns, group_of), {})
        family.setdefault(_family(columns, text_of), set()).add(columns)
    total = sum(budget[group] for group in families)
    for name, columns, share, value in drafts:
        group = _group(columns, group_of)
        many = len(families[group]) * len(families[group][_family(columns, text_of)])
        yield Statistic(name, columns, group, budget[group] / total / many * share / within[columns], value)


def _family(columns: tuple[str, ...], text_of: Mapping[str, str]) -> tuple[str, ...]:
    return (text_of.get(columns[0], columns[0]),) if len(columns) == 1 else columns


def _group(columns: tuple[str, ...], group_of: Mapping[str, str]) -> str:
    return group_of[columns[0]] if len(columns) == 1 else "dependence"
