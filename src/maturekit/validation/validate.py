"""A frame against its contract: every failure, by row position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from maturekit._core.clock import Clock, utc_now
from maturekit._core.frames import Table, as_frame
from maturekit.errors import ArgumentTypeError, SchemaError
from maturekit.reports import Finding, Severity
from maturekit.schema import Column, Rule, Schema, UnknownRule
from maturekit.schema.constraint import constraints
from maturekit.schema.rule import why_not_run
from maturekit.schema.value import kind_words
from maturekit.validation.constraints import broken_rows, shared_rows
from maturekit.validation.fingerprint import fingerprint
from maturekit.validation.frame_report import FrameReport
from maturekit.validation.reading import read

if TYPE_CHECKING:
    from maturekit.validation.cells import Cells, Positions

__all__ = ["validate"]


def validate(frame: Table, schema: Schema, *, clock: Clock = utc_now) -> FrameReport:
    """Judge a frame by a schema and return every failure, by row position.

    Each rule of each column gives one finding, passed or not. Nulls are judged by ``nullable`` alone, values of another
    kind by ``kind`` alone, infinities by ``finite`` alone; every other rule sees only sound values. A column that is
    absent fails in every row (``present``), one that the schema does not declare is information (``undeclared``). A frame
    without rows is *not enough evidence*; so is, as information, a nullable column without a single value.

    Parameters
    ----------
    frame : DataFrame or other table
        What to judge; it is not changed, and no value is cast.
    schema : Schema
        The contract.
    clock : callable
        Says the time of the report.

    Raises
    ------
    ArgumentTypeError
        When `frame` is no table or `schema` no schema.
    TableError
        When the frame repeats a column name.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.schema import Column, Schema
    >>> schema = Schema({"age": Column("int", ge=0), "name": Column("string")})
    >>> report = validate(pd.DataFrame({"age": [31, -1, 2.5], "name": ["Ada", None, "Bob"]}), schema)
    >>> print(report.summary())
    validation: failed (3 failed, 3 passed)
      ✗ failed  kind  age  1 rows (33.33%)  must be a whole number of 64 bits
      ✗ failed  ge  age  1 rows (33.33%)  must be >= 0
      ✗ failed  nullable  name  1 rows (33.33%)  must not be missing
    """
    if not isinstance(schema, Schema):
        raise ArgumentTypeError(
            f"schema must be a Schema, got {type(schema).__name__}", hint="for instance `Schema.learn(frame)`."
        )
    frame = as_frame(frame)
    return FrameReport("validation", _findings(frame, schema), subjects=_subjects(frame, schema), time=clock())


def _subjects(frame: pd.DataFrame, schema: Schema) -> dict[str, str]:
    subjects = {"data": fingerprint(frame)}
    with suppress(SchemaError):  # a rule that cannot be stored has no digest, and runs all the same
        subjects["schema"] = schema.digest
    return subjects


def _findings(frame: pd.DataFrame, schema: Schema) -> Iterator[Finding]:
    rows = len(frame)
    message = "" if rows else "there are no rows to judge"
    yield Finding("rows", "passed" if rows else "not_enough_evidence", value=rows, unit="rows", message=message)
    cells: dict[str, Cells] = {}
    for name, column in schema.columns.items():
        if name not in frame.columns:
            yield Finding(
                "present",
                "failed",
                (name,),
                column.severity,
                count=rows,
                share=1.0,
                positions=np.arange(rows),
                message="must be there",
            )
        elif rows:
            cells[name] = read(frame[name], column)
            yield from _column(name, column, cells[name], rows)
    for rule in schema.rules:
        if rows:
            yield _rule(rule, cells, schema.columns, rows)
    undeclared = [name for name in frame.columns if name not in schema.columns]
    if undeclared:
        yield Finding(
            "undeclared",
            "skipped",
            tuple(undeclared),
            "info",
            value=len(undeclared),
            unit="columns",
            message="not in the schema, so not judged; dropped before a model",
        )


def _column(name: str, column: Column, cells: Cells, rows: int) -> Iterator[Finding]:
    def found(rule: str, positions: Positions, words: str, severity: Severity = column.severity) -> Finding:
        return _judged(rule, (name,), positions, words, severity=severity, mostly=column.mostly, rows=rows)

    if column.nullable:
        yield Finding(
            "nullable", "passed", (name,), column.severity, count=len(cells.null), share=len(cells.null) / rows
        )
    else:
        yield found("nullable", cells.null, "must not be missing")
    if len(cells.null) == rows:
        yield Finding(
            "kind", "not_enough_evidence", (name,), "info", message="every value is missing, so nothing else was judged"
        )
        return
    yield found("kind", cells.wrong, kind_words(column))
    if column.kind == "float":
        yield found("finite", cells.infinite, "must be finite")
    for rule in constraints(column):
        yield found(rule.name, broken_rows(cells, rule), rule.words, rule.severity)
    if column.unique:
        yield found("unique", shared_rows(cells), "must be unique")


def _rule(rule: Rule, cells: Mapping[str, Cells], columns: Mapping[str, Column], rows: int) -> Finding:
    name = rule.stored_as
    absent = [column for column in rule.columns if column not in cells]
    if absent:
        message = f"the column {absent[0]!r} is absent"
        return Finding(name, "could_not_run", rule.columns, rule.severity, message=message)
    sound = _sound(rule, cells, rows)
    judged = rows if sound is None else len(sound)
    if not judged and not isinstance(rule, UnknownRule):
        return Finding(
            name, "skipped", rule.columns, rule.severity, message="no row has sound values in all of its columns"
        )
    try:
        frame = pd.DataFrame({column: cells[column].at(sound, columns[column]) for column in rule.columns})
        broken = np.flatnonzero(rule.breaking(frame))
    except Exception as error:  # noqa: BLE001  # a user's rule may raise anything, and that is no verdict on the data
        return Finding(name, "could_not_run", rule.columns, rule.severity, message=why_not_run(rule, error))
    positions = broken if sound is None else sound[broken]
    return _judged(name, rule.columns, positions, rule.words, severity=rule.severity, mostly=rule.mostly, rows=rows)


def _sound(rule: Rule, cells: Mapping[str, Cells], rows: int) -> Positions | None:
    """Return the rows in which every column of a rule is sound; None is all rows."""
    gaps = [cells[name].rows for name in rule.columns if cells[name].rows is not None]
    if not gaps:
        return None
    counts = np.zeros(rows, dtype=np.int64)
    for places in gaps:
        counts[places] += 1
    return np.flatnonzero(counts == len(gaps))


def _judged(
    rule: str,
    columns: tuple[str, ...],
    positions: Positions,
    words: str,
    *,
    severity: Severity,
    mostly: float,
    rows: int,
) -> Finding:
    broken = len(positions)
    if not broken:
        return Finding(rule, "passed", columns, severity, count=0, share=0.0)
    failed = rows - broken < (mostly - 1e-12) * rows  # 0.55 of 20 rows are 11, and a little more as floats
    return Finding(
        rule,
        "failed" if failed else "passed",
        columns,
        severity,
        count=broken,
        share=broken / rows,
        positions=positions,
        message=words if failed else f"{words}; tolerated, since {mostly:.4g} of the rows are enough",
    )
