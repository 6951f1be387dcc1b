"""What the chunks of a table say together: counts added, row numbers shifted, rows that belong together collected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from maturekit.errors import TableError
from maturekit.schema import GroupRule, TableRule
from maturekit.schema.rule import why_not_run
from maturekit.validation.cells import Positions
from maturekit.validation.chunk import Contract, Judged, Ran
from maturekit.validation.fingerprint import Fingerprint
from maturekit.validation.moments import Moment
from maturekit.validation.order import Order
from maturekit.validation.spill import Spill

__all__ = ["Merged", "RuleSum", "collections", "together"]


@dataclass(slots=True)
class RuleSum:
    """What a rule said of all chunks so far; `why` is not empty once it could not run on one of them."""

    started: bool = False
    judged: int = 0
    broken: list[Positions] = field(default_factory=list)
    summary: Any = None
    why: str = ""


def collections(contract: Contract) -> dict[Hashable, tuple[str, ...]]:
    """Return the rows that must be seen together: by column name or number of a rule, the columns that are their key.

    >>> from maturekit.schema import Column
    >>> collections(Contract({"id": Column("int", unique=True), "age": Column("int")}, (), alone=False))
    {'id': ('id',)}
    """
    keys: dict[Hashable, tuple[str, ...]] = {}
    if not contract.alone:
        keys.update({name: (name,) for name, column in contract.columns.items() if column.unique})
    keys.update({number: rule.by for number, rule in enumerate(contract.rules) if isinstance(rule, GroupRule)})
    return keys


class Merged:
    """The sum of what chunks say, in the order of their rows.

    Parameters
    ----------
    contract : Contract
        What the chunks are judged by.
    spill : Spill
        Keeps the `collections` of this contract.
    """

    def __init__(self, contract: Contract, spill: Spill) -> None:
        self.contract = contract
        self.spill = spill
        self.chunks = 0
        self.rows = 0
        self.mark = Fingerprint()
        self.undeclared: dict[str, None] = {}
        self.renamed: dict[str, dict[str, None]] = {}
        self.nulls: Counter[str] = Counter()
        self.newest: dict[str, Moment] = {}
        self.disorder: dict[str, str] = {}
        self._broken: dict[tuple[str, str], list[Positions]] = {}
        self._orders = {name: Order(column.order) for name, column in contract.columns.items() if column.order}
        self._forget()

    def _forget(self) -> None:
        self.absent: dict[str, int] = {}
        self.rules = [RuleSum() for _ in self.contract.rules]

    def add(self, chunk: Judged) -> None:
        """Add the next chunk; raise `StorageError` when the disk does not take what it has to keep."""
        self.mark += chunk.mark
        self.undeclared |= dict.fromkeys(chunk.undeclared)
        for name, alias in chunk.renamed.items():
            self.renamed.setdefault(name, {})[alias] = None
        if chunk.rows and not self.rows:
            self._forget()  # what chunks without rows lack is missed only when there are no others
        if chunk.rows or not self.rows:
            self._add_columns(chunk)
            for number, ran in enumerate(chunk.ran):
                self._add_rule(number, ran)
        self.chunks += 1
        self.rows += chunk.rows

    def broken(self, name: str, rule: str) -> Positions:
        """Return the rows that break a rule of a column, ascending."""
        return together(self._broken.get((name, rule), []))

    def _add_columns(self, chunk: Judged) -> None:
        for name in chunk.absent:
            self.absent[name] = self.absent.get(name, 0) + chunk.rows
            self._note(name, "present", np.arange(chunk.rows))
        for (name, rule), rows in chunk.broken.items():
            self._note(name, rule, rows)
        self.nulls.update(chunk.nulls)
        for name, moment in chunk.newest.items():
            self.newest[name] = max(moment, self.newest.get(name, moment))
        for name, piece in chunk.pieces.items():
            if name in self._orders and name not in self.disorder:
                try:
                    broken = self._orders[name].breaking(piece.columns[name])
                    self._note(name, "order", piece.positions[broken])
                except TableError as error:
                    self.disorder[name] = error.message
            if self.contract.columns[name].unique and not self.contract.alone:
                self.spill.add(name, piece.at(self.rows))

    def _note(self, name: str, rule: str, rows: Positions) -> None:
        if len(rows):
            self._broken.setdefault((name, rule), []).append(rows + self.rows)

    def _add_rule(self, number: int, ran: Ran) -> None:
        rule, total = self.contract.rules[number], self.rules[number]
        total.why = total.why or ran.why
        if total.why or rule is None:
            return
        if isinstance(rule, TableRule):
            try:
                total.summary = rule.merge(total.summary, ran.summary) if total.started else ran.summary
            except Exception as error:  # noqa: BLE001  # a user's rule may raise anything
                total.why = why_not_run(rule, error)
        if ran.broken is not None and len(ran.broken):
            total.broken.append(ran.broken + self.rows)
        if ran.piece is not None:
            self.spill.add(number, ran.piece.at(self.rows))
        total.judged += ran.judged
        total.started = True


def together(parts: list[Positions]) -> Positions:
    """Return row numbers of several parts, ascending.

    >>> together([np.array([4, 7]), np.array([5])]).tolist(), together([]).tolist()
    ([4, 5, 7], [])
    """
    if len(parts) == 1:
        return parts[0]
    return np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)
