"""One record against a schema: compiled once, one call into pydantic's core when all is well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import CoreSchema, SchemaValidator, core_schema

from maturekit.errors import ArgumentTypeError
from maturekit.reports import Finding, Status
from maturekit.schema.column import Column
from maturekit.schema.constraint import BOUND_TESTS
from maturekit.schema.pattern import translated
from maturekit.schema.rule import Rule, why_not_run
from maturekit.schema.value import BROKEN, ValueCheck

__all__ = ["RecordCheck"]

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


class RecordCheck:
    """Judge records. The compiled core may only say "valid" where `ValueCheck` would; what it doubts, that one decides.

    Examples
    --------
    >>> check = RecordCheck({"age": Column("int", ge=0)}, rules=())
    >>> check({"age": 3}), check({"age": 3.0})
    ((), ())
    >>> check({"age": -1})
    (Finding('ge' failed in 'age': 1 rows),)
    """

    __slots__ = ("_fields", "_isvalid", "_rules")

    def __init__(self, columns: Mapping[str, Column], rules: Iterable[Rule]) -> None:
        checks = {name: ValueCheck(name, column) for name, column in columns.items()}
        self._rules = [(rule, [(name, checks[name]) for name in rule.columns]) for rule in rules]
        cores = {name: _compiled(check) for name, check in checks.items()}
        fields = {name: core_schema.typed_dict_field(core) for name, core in cores.items()}
        self._isvalid = SchemaValidator(core_schema.typed_dict_schema(fields)).isinstance_python
        self._fields = [(name, SchemaValidator(core).isinstance_python, checks[name]) for name, core in cores.items()]

    def __call__(self, record: Mapping[str, Any]) -> tuple[Finding, ...]:
        """Return what is wrong with a record; nothing when it is valid."""
        if type(record) is not dict:
            if not isinstance(record, Mapping):
                raise ArgumentTypeError(
                    f"a record must be a mapping of column names to values, got {type(record).__name__}",
                    hint="for a table, use `validation.validate`.",
                )
            record = dict(record)
        findings: tuple[Finding, ...] = ()
        if not self._isvalid(record):
            for name, isvalid, check in self._fields:
                if name not in record:
                    findings += check.absent
                elif not isvalid(record[name]):
                    findings += check(record[name])
        for rule, checks in self._rules:
            findings += _judged(rule, checks, record)
        return findings


def _judged(rule: Rule, checks: Iterable[tuple[str, ValueCheck]], record: Mapping[str, Any]) -> tuple[Finding, ...]:
    values = {}
    for name, check in checks:
        if name not in record:
            return (_finding(rule, "could_not_run", f"the column {name!r} is absent"),)
        values[name] = check.sound(record[name])
    if BROKEN in values.values():
        return ()  # nulls pass, and what is broken in itself is the column's to report
    try:
        kept = rule.keeps(values)
    except Exception as error:  # noqa: BLE001  # a user's rule may raise anything, and that is no verdict on the data
        return (_finding(rule, "could_not_run", why_not_run(rule, error)),)
    return () if kept else (_finding(rule, "failed", rule.words),)


def _finding(rule: Rule, status: Status, message: str) -> Finding:
    count, share = (1, 1.0) if status == "failed" else (None, None)
    return Finding(rule.stored_as, status, rule.columns, rule.severity, count=count, share=share, message=message)


def _compiled(check: ValueCheck) -> CoreSchema:
    inner = _core(check)
    return core_schema.nullable_schema(inner) if check.column.nullable else inner


def _core(check: ValueCheck) -> CoreSchema:
    column = check.column
    bounds: dict[str, Any] = {name: getattr(column, name) for name in BOUND_TESTS}
    if column.kind == "float" and column.multiple_of is None:
        number = core_schema.float_schema(strict=True, allow_inf_nan=False, **bounds)
        return core_schema.chain_schema([core_schema.is_instance_schema((float, int)), number])
    if column.kind == "int":
        step: Any = column.multiple_of
        bounds["ge"] = _SMALLEST if column.ge is None else column.ge
        bounds["le"] = _LARGEST if column.le is None else column.le
        return core_schema.int_schema(strict=True, multiple_of=step, **bounds)
    if column.kind == "bool":
        return core_schema.bool_schema(strict=True)
    if "text" in column.takes and column.categories is not None and column.unknown != "allow":
        return core_schema.literal_schema(list(column.categories))
    if "text" in column.takes:
        return core_schema.str_schema(
            strict=True,
            min_length=column.min_length,
            max_length=column.max_length,
            pattern=None if column.pattern is None else translated(column.pattern),
        )

    def sound(value: object) -> object:
        if check(value):
            raise ValueError
        return value

    return core_schema.no_info_plain_validator_function(sound)
