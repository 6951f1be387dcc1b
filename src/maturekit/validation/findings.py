"""The findings of a table, in the order in which they stand in a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.errors import MaturekitError
from maturekit.reports import Finding, Severity, Status
from maturekit.schema import Column, GroupRule, Rule, TableRule
from maturekit.schema.constraint import constraints
from maturekit.schema.rule import why_not_run
from maturekit.schema.rules import Key
from maturekit.schema.value import kind_words
from maturekit.validation.cells import Cells, Positions
from maturekit.validation.chunk import Contract, judged
from maturekit.validation.closure import Fallen, breaking, closure
from maturekit.validation.constraints import shared_rows
from maturekit.validation.merged import Merged, RuleSum, collections, together
from maturekit.validation.moments import iso_text, ticks
from maturekit.validation.order import ORDERS
from maturekit.validation.piece import Piece
from maturekit.validation.spill import Spill

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["findings", "findings_of_table", "given"]

_ONCE_OUT = ", once the rejected rows are out"


def given(
    rules: tuple[Rule, ...], references: Mapping[str, Any], now: datetime
) -> tuple[tuple[Rule | None, ...], dict[int, str]]:
    """Return rules with all they need, None for one that cannot run, and by its number why it cannot."""
    able: list[Rule | None] = []
    missing: dict[int, str] = {}
    for number, rule in enumerate(rules):
        try:
            able.append(rule.given(references, now))
        except MaturekitError as error:
            able.append(None)
            missing[number] = why_not_run(rule, error)
    return tuple(able), missing


def findings_of_table(
    frame: pd.DataFrame, contract: Contract, rules: tuple[Rule, ...], missing: Mapping[int, str]
) -> list[Finding]:
    """Return what was found in a table that is judged in one piece."""
    with Spill(collections(contract), limit=None) as kept:
        merged = Merged(contract, kept)
        merged.add(judged(frame, contract))
        return findings(merged, rules, missing)


def findings(merged: Merged, rules: tuple[Rule, ...], missing: Mapping[int, str]) -> list[Finding]:
    """Return what was found in all chunks.

    Parameters
    ----------
    merged : Merged
        What the chunks say together; its spilled rows are judged here.
    rules : tuple of Rule
        The rules as the schema has them.
    missing : mapping of int to str
        Why a rule was given to no chunk, by its number.
    """
    made = _Findings(merged)
    found = [made.rows()]
    for name, column in merged.contract.columns.items():
        found += made.column(name, column)
    for number, rule in enumerate(rules):
        found += made.rule(number, rule, missing.get(number, ""))
    found += made.closure(found)
    if merged.undeclared:
        found.append(
            Finding(
                "undeclared",
                "skipped",
                tuple(merged.undeclared),
                "info",
                value=len(merged.undeclared),
                unit="columns",
                message="not in the schema, so not judged; dropped before a model",
            )
        )
    return found


class _Findings:
    def __init__(self, merged: Merged) -> None:
        self.merged = merged
        self.total = merged.rows

    def rows(self) -> Finding:
        message = "" if self.total else "there are no rows to judge"
        status: Status = "passed" if self.total else "not_enough_evidence"
        return Finding("rows", status, value=self.total, unit="rows", message=message)

    def column(self, name: str, column: Column) -> Iterator[Finding]:
        merged, total = self.merged, self.total
        where, severity = (name,), column.severity
        missed = merged.absent.get(name)
        if missed is not None:
            rows, share = merged.broken(name, "present"), missed / total if total else 1.0
            yield Finding("present", "failed", where, severity, missed, share, rows, message="must be there")
        if name in merged.renamed:
            used = ", ".join(map(repr, merged.renamed[name]))
            yield Finding("renamed", "passed", where, "info", value=used, message=f"read from {used}")
        judged, nulls = total - (missed or 0), merged.nulls[name]
        if not judged:
            return
        if column.nullable:
            yield Finding("nullable", "passed", where, severity, nulls, nulls / total)
        else:
            yield self.broken("nullable", name, column, "must not be missing")
        if nulls < judged:
            yield from self.values(name, column)
        else:
            message = "every value is missing, so nothing else was judged"
            yield Finding("kind", "not_enough_evidence", where, "info", message=message)

    def values(self, name: str, column: Column) -> Iterator[Finding]:
        """Yield what the values of a column say that are not null."""
        merged = self.merged
        yield self.broken("kind", name, column, kind_words(column))
        if column.kind == "float":
            yield self.broken("finite", name, column, "must be finite")
        for rule in constraints(column):
            yield self.broken(rule.name, name, column, rule.words, rule.severity)
        if column.unique:
            rows = merged.broken(name, "unique") if merged.contract.alone else self.shared(name)
            yield self.judged("unique", (name,), rows, "must be unique", severity=column.severity, mostly=column.mostly)
        if name in merged.disorder:
            yield Finding("order", "could_not_run", (name,), column.severity, message=merged.disorder[name])
        elif column.order is not None:
            yield self.broken("order", name, column, ORDERS[column.order])
        if name in merged.newest:
            text = iso_text(merged.newest[name])
            yield Finding("newest", "passed", (name,), "info", value=text[:10] if column.kind == "date" else text)

    def broken(self, rule: str, name: str, column: Column, words: str, severity: Severity | None = None) -> Finding:
        rows = self.merged.broken(name, rule)
        return self.judged(rule, (name,), rows, words, severity=severity or column.severity, mostly=column.mostly)

    def shared(self, name: str) -> Positions:
        return together([shared_rows(_cells(part, name)) for part in self.merged.spill.parts(name)])

    def rule(self, number: int, rule: Rule, missing: str) -> Iterator[Finding]:
        ran = self.merged.rules[number]
        given = self.merged.contract.rules[number]
        if not self.total and not isinstance(rule, TableRule):
            return
        if isinstance(given, TableRule) and not ran.why:
            yield _verdict(given, ran)
        elif missing or ran.why:
            yield _could_not_run(rule, missing or ran.why)
        elif not ran.judged:
            message = "no row has sound values in all of its columns"
            yield Finding(rule.stored_as, "skipped", rule.columns, rule.severity, message=message)
        elif isinstance(given, GroupRule):
            yield self.fallen(given, breaking(number, given, self.merged.spill))
        else:
            yield self.fallen(rule, together(ran.broken))

    def closure(self, found: list[Finding]) -> Iterator[Finding]:
        """Yield what rules about groups say of the rows that no finding so far rejects."""
        rejecting = {
            number: rule
            for number, rule in enumerate(self.merged.contract.rules)
            if isinstance(rule, GroupRule) and rule.severity == "error" and self.merged.rules[number].judged
            if not isinstance(rule, Key)  # rows that go leave no twins behind
        }
        out = [finding.positions for finding in found if finding.severity == "error" and len(finding.positions)]
        if not rejecting or not out:
            return
        rejected = np.zeros(self.total, dtype=np.bool_)
        for positions in out:
            rejected[positions] = True
        for number, fallen in closure(rejecting, self.merged.spill, rejected):
            yield self.fallen(rejecting[number], fallen, _ONCE_OUT)

    def fallen(self, rule: Rule, fallen: Fallen, when: str = "") -> Finding:
        if isinstance(fallen, str):
            return _could_not_run(rule, fallen + when)
        return self.judged(
            rule.stored_as, rule.columns, fallen, rule.words + when, severity=rule.severity, mostly=rule.mostly
        )

    def judged(
        self, rule: str, columns: tuple[str, ...], rows: Positions, words: str, *, severity: Severity, mostly: float
    ) -> Finding:
        broken, total = len(rows), self.total
        if not broken:
            return Finding(rule, "passed", columns, severity, count=0, share=0.0)
        failed = total - broken < (mostly - 1e-12) * total  # 0.55 of 20 rows are 11, and a little more as floats
        return Finding(
            rule,
            "failed" if failed else "passed",
            columns,
            severity,
            count=broken,
            share=broken / total,
            positions=rows,
            message=words if failed else f"{words}; tolerated, since {mostly:.4g} of the rows are enough",
        )


def _verdict(rule: TableRule, ran: RuleSum) -> Finding:
    try:
        verdict = rule.judge(ran.summary)
    except Exception as error:  # noqa: BLE001  # a user's rule may raise anything, and that is no verdict on the data
        return _could_not_run(rule, why_not_run(rule, error))
    return Finding(
        rule.stored_as,
        "passed" if verdict.ok else "failed",
        rule.columns,
        rule.severity,
        value=verdict.value,
        unit=verdict.unit,
        message="" if verdict.ok else verdict.message or rule.words,
    )


def _could_not_run(rule: Rule, why: str) -> Finding:
    return Finding(rule.stored_as, "could_not_run", rule.columns, rule.severity, message=why)


def _cells(part: Piece, name: str) -> Cells:
    values = part.columns[name]
    moments = ticks(values)
    if moments is not None:
        values = moments[0]
    return Cells(values, Cells.none, Cells.none, Cells.none, rows=part.positions)
