"""One record against a schema: compiled once, one call into pydantic's core when all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from maturekit.errors import ArgumentTypeError
from maturekit.reports import Finding, Status
from maturekit.schema.column import Column
from maturekit.schema.compiled import PLAIN, compiled_field, compiled_record
from maturekit.schema.kinds import is_null
from maturekit.schema.row_rule import RowRule
from maturekit.schema.rule import Rule, why_not_run
from maturekit.schema.value import BROKEN, ValueCheck

__all__ = ["RecordCheck"]

_ABSENT = object()
_is_plain = PLAIN.issuperset


class RecordCheck:
    """Judge records. The compiled core may only say "valid" where `ValueCheck` would; what it doubts, that one decides.

    Rules that need more than one row are none of its business: those that speak of groups or of the whole table, and
    `unique` and `order`.

    Examples
    --------
    >>> check = RecordCheck({"age": Column("int", ge=0, aliases=["years"])}, rules=())
    >>> check({"age": 3}), check({"years": 3.0})
    ((), ())
    >>> check({"age": -1})
    (Finding('ge' failed in 'age': 1 rows),)
    """

    __slots__ = ("_aliases", "_fields", "_isvalid", "_rules")

    def __init__(self, columns: Mapping[str, Column], rules: Iterable[Rule]) -> None:
        checks = {name: ValueCheck(name, column) for name, column in columns.items()}
        self._rules = [
            (rule, [(name, _is_there if name in rule.presence else checks[name].sound) for name in rule.columns])
            for rule in rules
            if isinstance(rule, RowRule) and rule.judges_records
        ]
        self._aliases = [(name, column.aliases) for name, column in columns.items() if column.aliases]
        self._isvalid = compiled_record(checks)
        self._fields = [(name, compiled_field(check), check) for name, check in checks.items()]

    def __call__(self, record: Mapping[str, Any]) -> tuple[Finding, ...]:
        """Return what is wrong with a record; nothing when it is valid."""
        if type(record) is not dict:
            if not isinstance(record, Mapping):
                raise ArgumentTypeError(
                    f"a record must be a mapping of column names to values, got {type(record).__name__}",
                    hint="for a table, use `validation.validate`.",
                )
            record = dict(record)
        if self._aliases:
            record = self._renamed(record)
        findings: tuple[Finding, ...] = ()
        plain = _is_plain(map(type, record.values()))
        if not (plain and self._isvalid(record)):
            for name, isvalid, check in self._fields:
                value = record.get(name, _ABSENT)
                if value is _ABSENT:
                    findings += check.absent
                elif not ((plain or type(value) in PLAIN) and isvalid(value)):
                    findings += check(value)
        for rule, checks in self._rules:
            findings += _judged(rule, checks, record)
        return findings

    def _renamed(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return the record with each column under its own name, where exactly one alias stands for it."""
        for name, aliases in self._aliases:
            if name not in record:
                present = [alias for alias in aliases if alias in record]
                if len(present) == 1:
                    record = {**record, name: record[present[0]]}
        return record


def _judged(
    rule: RowRule, readers: Iterable[tuple[str, Callable[[object], Any]]], record: Mapping[str, Any]
) -> tuple[Finding, ...]:
    values, judged = {}, True
    for name, sound in readers:
        if name not in record:
            return (_finding(rule, "could_not_run", f"the column {name!r} is absent"),)
        values[name] = value = sound(record[name])
        judged &= value is not BROKEN
    if not judged:
        return ()  # nulls pass, and what is broken in itself is the column's to report
    try:
        kept = rule.keeps(values)
    except Exception as error:  # noqa: BLE001  # a user's rule may raise anything, and that is no verdict on the data
        return (_finding(rule, "could_not_run", why_not_run(rule, error)),)
    return () if kept else (_finding(rule, "failed", rule.words),)


def _is_there(value: object) -> bool:
    return not is_null(value)


def _finding(rule: Rule, status: Status, message: str) -> Finding:
    count, share = (1, 1.0) if status == "failed" else (None, None)
    return Finding(rule.stored_as, status, rule.columns, rule.severity, count=count, share=share, message=message)
