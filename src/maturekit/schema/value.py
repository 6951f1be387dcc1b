"""One value against its column, in plain Python: the meaning that every faster path has to agree with."""

from __future__ import annotations

import math
from typing import Any, Final

from maturekit.reports import Finding, Severity
from maturekit.schema.column import Column
from maturekit.schema.constraint import constraints
from maturekit.schema.kinds import WORDS, WRONG, is_null

__all__ = ["BROKEN", "ValueCheck", "kind_words"]

BROKEN: Final = object()
"""What `ValueCheck.sound` returns for a value that is null, of another kind, or infinite."""

_INFINITE = (math.inf, -math.inf)


def kind_words(column: Column) -> str:
    """Return what a value of this column must be, for messages.

    >>> kind_words(Column("int"))
    'must be a whole number of 64 bits'
    """
    zone = {True: " with a time zone", False: " without a time zone", None: ""}[column.aware]
    zone = zone if column.zone_name is None else f" in the time zone {column.zone_name}"
    of = f" of the type {column.of.removeprefix('builtins.')}" if column.of is not None else ""
    text = ", or a text that spells one" if column.coerce else ""
    return f"must be {' or '.join(WORDS[taken] for taken in sorted(column.takes))}{zone}{of}{text}"


class ValueCheck:
    """Judge one value of one column.

    Examples
    --------
    >>> check = ValueCheck("age", Column("int", ge=0))
    >>> check(-1)
    (Finding('ge' failed in 'age': 1 rows),)
    >>> check(3.0), check.sound(3.0), check.sound(None) is BROKEN
    ((), 3, True)
    """

    __slots__ = ("_constraints", "_finite", "_read", "absent", "column", "kind", "null")

    def __init__(self, name: str, column: Column) -> None:
        # findings never change, so each is made once
        def finding(rule: str, words: str, severity: Severity = column.severity) -> tuple[Finding]:
            return (Finding(rule, "failed", (name,), severity, count=1, share=1.0, message=words),)

        self.column = column
        self.absent = finding("present", "must be there")
        self.null = () if column.nullable else finding("nullable", "must not be missing")
        self.kind = finding("kind", kind_words(column))
        self._finite = finding("finite", "must be finite") if column.kind == "float" else None
        self._constraints = [
            (rule.holds, finding(rule.name, rule.words, rule.severity)) for rule in constraints(column)
        ]
        self._read = column.reader

    def __call__(self, value: object) -> tuple[Finding, ...]:
        """Return a finding for each rule that a value breaks."""
        if is_null(value):
            return self.null
        read = self._read(value)
        if read is WRONG:
            return self.kind
        if self._finite is not None and read in _INFINITE:
            return self._finite
        broken: tuple[Finding, ...] = ()
        for holds, finding in self._constraints:
            if not holds(read):
                broken += finding
        return broken

    def sound(self, value: object) -> Any:
        """Return what a value means, or `BROKEN`."""
        read = WRONG if is_null(value) else self._read(value)
        return BROKEN if read is WRONG or (self._finite is not None and read in _INFINITE) else read
