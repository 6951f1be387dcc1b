"""A table, read as a proposal of its contract: columns first, then what holds between them, then what can be afforded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Real

from maturekit._core.frames import Table
from maturekit.errors import ArgumentError
from maturekit.reports import Finding
from maturekit.schema.column import Column
from maturekit.schema.learning.columns import suggested
from maturekit.schema.learning.comparisons import comparisons
from maturekit.schema.learning.dependences import dependences
from maturekit.schema.learning.facts import Facts, facts_of
from maturekit.schema.learning.keys import keys
from maturekit.schema.learning.proposal import Proposal, affordable, priced
from maturekit.schema.learning.ranges import RANGED, beyond_zero
from maturekit.schema.learning.sums import sums
from maturekit.schema.learning.unseen import chance_of_new
from maturekit.schema.rule import Rule

__all__ = ["Lesson", "lesson"]

_ENOUGH_FOR_RELATIONS = 100


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a table suggests.

    Parameters
    ----------
    columns : dict of str to Column
        The columns.
    rules : tuple of Rule
        The relations between them.
    findings : tuple of Finding
        One for each constraint, adopted or not, with its support and its chance of a false alarm.

    Examples
    --------
    >>> import pandas as pd
    >>> learned = lesson(pd.DataFrame({"late": [True, None]}), false_alarms=0.05)
    >>> learned.columns, [finding.message for finding in learned.findings if finding.rule == "kind"]
    ({'late': Column('bool', nullable=True)}, ['kind bool, nullable'])
    """

    columns: dict[str, Column]
    rules: tuple[Rule, ...]
    findings: tuple[Finding, ...]


def lesson(frame: Table, *, false_alarms: float) -> Lesson:
    """Return what a table suggests, with at most this chance that another table of its source and size is refused.

    >>> import pandas as pd
    >>> lesson(pd.DataFrame({"late": [True, None]}), false_alarms=0.05).columns
    {'late': Column('bool', nullable=True)}
    """
    if not isinstance(false_alarms, Real) or not 0.0 < false_alarms < 1.0:
        raise ArgumentError(f"false_alarms={false_alarms!r} is no chance above 0 and below 1", hint="0.05 is usual.")
    known = list(facts_of(frame))
    if not known:
        return Lesson({}, (), ())
    rows = len(known[0].series)
    columns, proposals = _columns(known, false_alarms / 2)
    broken: dict[str, Sequence[float]] = {"ge": beyond_zero(known)}
    if rows >= _ENOUGH_FOR_RELATIONS:
        names = {proposal.columns[0] for proposal in proposals if proposal.name == "unique"}
        measured = [one for one in known if one.name not in names]  # what names rows measures nothing
        for name, search in (("Compare", comparisons), ("SumsTo", sums), ("Constant", dependences), ("Key", keys)):
            found, broken[name] = search(measured) if name != "Key" or not names else ([], [])
            proposals += found
    proposals = priced(proposals, broken, rows)
    adopted = affordable(proposals, false_alarms)
    rules = []
    for place in sorted(adopted):
        change = proposals[place].change
        if isinstance(change, Rule):
            rules.append(change)
        else:
            (name,) = proposals[place].columns
            columns[name] = columns[name].model_copy(update=change)
    return Lesson(columns, tuple(rules), tuple(_findings(known, columns, proposals, adopted)))


def _columns(known: list[Facts], false_alarms: float) -> tuple[dict[str, Column], list[Proposal]]:
    ends = sum(2 if one.kind in RANGED else one.kind == "string" for one in known)
    columns: dict[str, Column] = {}
    proposals: list[Proposal] = []
    for one in known:
        columns[one.name], more = suggested(one, false_alarms / max(ends, 1))
        proposals += more
    return columns, proposals


def _findings(
    known: list[Facts], columns: dict[str, Column], proposals: list[Proposal], adopted: set[int]
) -> Iterator[Finding]:
    total = sum(proposals[place].chance for place in adopted)
    yield Finding(
        "false_alarms",
        "passed",
        value=float(f"{total:.2g}"),
        unit="chance",
        message="at most, that another table of this source and size is refused; nulls where none was seen come on top",
    )
    rows = len(known[0].series)
    for one in known:
        count = int(one.null.sum()) if one.nullable else 0
        message = f"kind {columns[one.name].kind}{', nullable' if count else ''}"
        yield Finding("kind", "passed", columns=(one.name,), count=rows - count, message=message)
    full = tuple(one.name for one in known if not one.nullable)
    if full:
        chance = chance_of_new((int(one.null.sum()) for one in known if one.nullable), rows)
        yield Proposal("nullable", full, {}, rows, chance, "no value was missing").finding(adopted=True)
    last = {(one.name, one.columns): place for place, one in enumerate(proposals) if place in adopted}
    for place, proposal in enumerate(proposals):
        replaced = isinstance(proposal.change, dict) and last.get((proposal.name, proposal.columns), place) > place
        if not replaced:
            yield proposal.finding(adopted=place in adopted)
