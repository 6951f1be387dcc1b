"""One chunk against a contract: what can be said of it alone, and what its neighbours have to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.schema import Column, GroupRule, RowRule, Rule, TableRule
from maturekit.schema.conform import located
from maturekit.schema.constraint import constraints
from maturekit.schema.rule import why_not_run
from maturekit.validation.constraints import broken_rows, shared_rows
from maturekit.validation.fingerprint import Fingerprint
from maturekit.validation.moments import A_TICK, Moment, nanoseconds
from maturekit.validation.piece import Piece
from maturekit.validation.reading import read

if TYPE_CHECKING:
    import pandas as pd

    from maturekit.validation.cells import Cells, Mask, Positions

__all__ = ["Contract", "Judged", "Ran", "judged"]


@dataclass(frozen=True, slots=True)
class Contract:
    """What a chunk is judged by; it goes to the workers.

    Parameters
    ----------
    columns : mapping of str to Column
        The columns of the schema.
    rules : tuple of Rule or None
        Its rules, with all they need; None for one that cannot run.
    alone : bool
        Whether the chunk is the whole table, so that its values need no others to be unique.
    """

    columns: Mapping[str, Column]
    rules: tuple[Rule | None, ...]
    alone: bool


@dataclass(frozen=True, slots=True)
class Ran:
    """What a rule said of one chunk.

    Parameters
    ----------
    judged : int
        Rows with sound values in all columns of the rule.
    broken : array of int64, optional
        Rows of the chunk that break a rule about rows.
    piece : Piece, optional
        The rows a rule about groups has to see.
    summary : object
        What a rule about the table has to know.
    why : str
        Why the rule could not run; empty when it did.
    """

    judged: int = 0
    broken: Positions | None = None
    piece: Piece | None = None
    summary: Any = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one chunk says; row numbers count from its first row.

    Parameters
    ----------
    rows : int
        Number of rows.
    mark : Fingerprint
        What the mark of the data needs of it; nothing when it is the whole table.
    absent, undeclared : tuple of str
        Declared columns that it lacks, and others that it has.
    renamed : mapping of str to str
        The alias that a column was found under.
    broken : mapping of (str, str) to array of int64
        Rows that break a rule of a column, by column and rule.
    nulls : mapping of str to int
        Number of nulls by column.
    pieces : mapping of str to Piece
        Sound values of the columns whose rows have to be seen together: unique ones, and those with an order.
    newest : mapping of str to Moment
        The newest moment of each column that says when.
    ran : tuple of Ran
        What each rule said.
    """

    rows: int
    mark: Fingerprint
    absent: tuple[str, ...] = ()
    undeclared: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[tuple[str, str], Positions] = field(default_factory=dict)
    nulls: Mapping[str, int] = field(default_factory=dict)
    pieces: Mapping[str, Piece] = field(default_factory=dict)
    newest: Mapping[str, Moment] = field(default_factory=dict)
    ran: tuple[Ran, ...] = ()


def judged(frame: pd.DataFrame, contract: Contract) -> Judged:
    """Return what one chunk says.

    >>> import pandas as pd
    >>> contract = Contract({"age": Column("int", ge=0, unique=True)}, (), alone=False)
    >>> chunk = judged(pd.DataFrame({"age": [3, -1, None]}), contract)
    >>> chunk.broken["age", "ge"].tolist(), chunk.nulls["age"], chunk.pieces["age"].positions.tolist()
    ([1], 1, [0, 1])
    """
    chunk = _Chunk(frame, contract)
    for name, column in contract.columns.items():
        chunk.see(name, column)
    return chunk.judged()


class _Chunk:
    def __init__(self, frame: pd.DataFrame, contract: Contract) -> None:
        self.frame = frame
        self.contract = contract
        self.cells: dict[str, Cells] = {}  # of the columns that rules read; all others can go
        self.located = located(contract.columns, frame.columns)
        self.broken: dict[tuple[str, str], Positions] = {}
        self.nulls: dict[str, int] = {}
        self.pieces: dict[str, Piece] = {}
        self.newest: dict[str, Moment] = {}
        self.wanted = {name for rule in contract.rules if rule is not None for name in rule.columns}

    def judged(self) -> Judged:
        used = set(self.located.values())
        return Judged(
            len(self.frame),
            Fingerprint() if self.contract.alone else Fingerprint.of(self.frame),
            tuple(name for name in self.contract.columns if name not in self.located),
            tuple(name for name in self.frame.columns if name not in used),
            {name: stands for name, stands in self.located.items() if name != stands},
            self.broken,
            self.nulls,
            self.pieces,
            self.newest,
            tuple(Ran() if rule is None else self.run(rule) for rule in self.contract.rules),
        )

    def see(self, name: str, column: Column) -> None:
        wanted = name in self.wanted
        if name not in self.located or not (wanted or len(self.frame)):
            return
        cells = read(self.frame[self.located[name]], column)
        if wanted:
            self.cells[name] = cells
        if len(self.frame):
            self.judge(name, column, cells)

    def judge(self, name: str, column: Column, cells: Cells) -> None:
        self.nulls[name] = len(cells.null)
        found = {"kind": cells.wrong, "finite": cells.infinite}
        if not column.nullable:
            found["nullable"] = cells.null
        for rule in constraints(column):
            found[rule.name] = broken_rows(cells, rule)
        if column.unique and self.contract.alone:
            found["unique"] = shared_rows(cells)
        self.broken.update({(name, rule): rows for rule, rows in found.items() if len(rows)})
        if column.order is not None or (column.unique and not self.contract.alone):
            self.pieces[name] = self.piece({name: cells.at(None, column)}, cells.rows, len(cells))
        if column.role == "time" and column.kind in {"date", "datetime"} and len(cells):
            self.newest[name] = _newest(cells)

    def run(self, rule: Rule) -> Ran:
        absent = [name for name in rule.columns if name not in self.located]
        if absent:
            return Ran(why=f"the column {absent[0]!r} is absent")
        told = rule.presence if isinstance(rule, RowRule) else ()
        sound = self.sound([name for name in rule.columns if name not in told])
        size = len(self.frame) if sound is None else len(sound)
        if not size and not isinstance(rule, TableRule):
            return Ran()
        try:
            columns = {
                name: self.there(name, sound) if name in told else self.values(name, sound) for name in rule.columns
            }
            if isinstance(rule, GroupRule):
                return Ran(size, piece=self.piece(columns, sound, size))
            frame = Piece(columns, size).frame()
            if isinstance(rule, TableRule):
                return Ran(size, summary=rule.summarise(frame))
            assert isinstance(rule, RowRule)  # a rule is one of the three
            broken = np.flatnonzero(rule.breaking(frame))
        except Exception as error:  # noqa: BLE001  # a user's rule may raise anything, and that is no verdict on the data
            return Ran(why=why_not_run(rule, error))
        return Ran(size, broken if sound is None else sound[broken])

    def values(self, name: str, rows: Positions | None) -> Any:
        return self.cells[name].at(rows, self.contract.columns[name])

    def there(self, name: str, rows: Positions | None) -> Mask:
        """Return in which of these rows a column is not null."""
        there = np.ones(len(self.frame), dtype=np.bool_)
        there[self.cells[name].null] = False
        return there if rows is None else there[rows]

    def sound(self, names: Sequence[str]) -> Positions | None:
        """Return the rows in which every one of these columns is sound; None is all rows."""
        gaps = [rows for name in names if (rows := self.cells[name].rows) is not None]
        if not gaps:
            return None
        counts = np.zeros(len(self.frame), dtype=np.int64)
        for places in gaps:
            counts[places] += 1
        return np.flatnonzero(counts == len(gaps))

    def piece(self, columns: Mapping[str, Any], rows: Positions | None, size: int) -> Piece:
        if not self.contract.alone:  # a view would keep all of the chunk in memory
            columns = {name: values.copy() for name, values in columns.items()}
        return Piece(columns, size, rows=rows)


def _newest(cells: Cells) -> Moment:
    values = cells.values if cells.codes is None else cells.values[np.unique(cells.codes)]  # no row may hold the others
    if cells.unit:
        return int(values.max()) * A_TICK[cells.unit], cells.aware
    return max(map(nanoseconds, values.tolist()))
