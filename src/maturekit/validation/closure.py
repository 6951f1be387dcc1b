"""Rules about groups, judged on the table, and again on what is left of it until nothing more falls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from maturekit.schema import GroupRule
from maturekit.schema.rule import why_not_run
from maturekit.validation.cells import Mask, Positions
from maturekit.validation.merged import together
from maturekit.validation.spill import Spill

__all__ = ["Fallen", "breaking", "closure"]

Fallen = Positions | str
"""The rows that break a rule, ascending; or why it could not run."""

_NOTHING: Final = np.empty(0, dtype=np.int64)


def breaking(number: int, rule: GroupRule, spill: Spill, rejected: Mask | None = None) -> Fallen:
    """Return which rows of a collection break a rule about groups, among those that are not rejected."""
    found = []
    for part in spill.parts(number):
        if rejected is not None:
            left = ~rejected[part.positions]
            if left.all():
                continue  # no group of this part has lost a row, so all were judged as they are
            part = part.taken(np.flatnonzero(left))  # noqa: PLW2901  # the rest of the same part
        try:
            broken = rule.breaking(part.frame())
        except Exception as error:  # noqa: BLE001  # a user's rule may raise anything, and that is no verdict on the data
            return why_not_run(rule, error)
        found.append(part.positions[broken])
    return together(found)


def closure(rules: Mapping[int, GroupRule], spill: Spill, rejected: Mask) -> Iterator[tuple[int, Fallen]]:
    """Yield, by number of a rule, the rows that break it once the rejected rows are out.

    A group that kept a rule may break it when it has lost rows: then what is left of it falls too, which may break other
    rules in turn. It ends, since every round rejects at least one row more; then each rule holds for what is left.

    Parameters
    ----------
    rules : mapping of int to GroupRule
        The rules that reject rows, by the name of their collection.
    spill : Spill
        The collections, with all rows that any of them was judged on.
    rejected : array of bool
        One truth value for each row of the table; what falls is marked in it.
    """
    fallen: dict[int, list[Positions]] = {number: [] for number in rules}
    stopped: dict[int, str] = {}
    falling = True
    while falling:
        falling = False
        for number, rule in rules.items():
            found = breaking(number, rule, spill, rejected) if number not in stopped else _NOTHING
            if isinstance(found, str):
                stopped[number] = found
            elif len(found):
                rejected[found] = falling = True
                fallen[number].append(found)
    for number in rules:
        if fallen[number]:
            yield number, together(fallen[number])
        if number in stopped:
            yield number, stopped[number]
