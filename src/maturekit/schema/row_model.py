"""A schema as a pydantic model of one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from keyword import iskeyword
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import annotated_types as at
from pydantic import (
    AfterValidator,
    AliasChoices,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NaiveDatetime,
    Strict,
    StrictInt,
    StrictStr,
    create_model,
    model_validator,
)

from maturekit.schema.column import Column
from maturekit.schema.kinds import LARGEST, SMALLEST, WRONG, type_name
from maturekit.schema.pattern import translated
from maturekit.schema.row_rule import RowRule
from maturekit.schema.rule import Rule
from maturekit.schema.value import ValueCheck

__all__ = ["LIMITS", "OBJECTS", "TYPES", "row_model", "rules_of"]

TYPES: Final[dict[str, Any]] = {
    "float": float,
    "int": int,
    "bool": bool,
    "string": str,
    "datetime": datetime,
    "timedelta": timedelta,
    "date": date,
    "decimal": Decimal,
}
"""The Python type of each kind but `object`."""

OBJECTS: Final = {type_name(python): python for python in (UUID, bytes, time, IPv4Address, IPv6Address)}
"""Types that pydantic can read from JSON and that are of no other kind, by the name that a column knows them by."""

LIMITS: Final[dict[type, str]] = {
    at.Ge: "ge",
    at.Gt: "gt",
    at.Le: "le",
    at.Lt: "lt",
    at.MultipleOf: "multiple_of",
    at.MinLen: "min_length",
    at.MaxLen: "max_length",
}
"""How pydantic says what a column says, and the parameter that says it."""

_RULES = "__maturekit_rules__"


def row_model(columns: Mapping[str, Column], rules: Iterable[Rule]) -> type[BaseModel]:
    """Return a pydantic model with a field for each column; names that Python cannot spell become aliases."""
    rules = tuple(rules)
    spelled = {name: _spelling(name, number) for number, name in enumerate(columns)}
    fields: dict[str, Any] = {
        spelled[name]: (_annotation(name, column), _field(name, spelled[name], column.aliases))
        for name, column in columns.items()
    }
    judges = [rule for rule in rules if isinstance(rule, RowRule) and rule.judges_records]
    aliased = {name: column.aliases for name, column in columns.items() if column.aliases}
    validators: dict[str, Any] = {}

    def keeps_rules(row: BaseModel) -> BaseModel:
        for rule in judges:
            values = {name: getattr(row, spelled[name]) for name in rule.columns}
            values |= {name: values[name] is not None for name in rule.presence}
            if not any(value is None for value in values.values()) and not rule.keeps(values):
                raise ValueError(rule.words)
        return row

    def one_name(record: Any) -> Any:
        for name, aliases in aliased.items():
            if isinstance(record, Mapping) and name not in record and sum(alias in record for alias in aliases) > 1:
                raise ValueError(f"several aliases of {name!r} are there, so nobody knows which one it is")
        return record

    if judges:
        validators["keeps_rules"] = model_validator(mode="after")(keeps_rules)
    if aliased:
        validators["one_name"] = model_validator(mode="before")(one_name)
    row: type[BaseModel] = create_model(
        "Row", __config__=ConfigDict(extra="ignore", protected_namespaces=()), __validators__=validators, **fields
    )
    setattr(row, _RULES, rules)
    return row


def rules_of(model: type[BaseModel]) -> tuple[Rule, ...] | None:
    """Return the rules of the schema that a model was made from, or None for a model of another origin."""
    rules: tuple[Rule, ...] | None = getattr(model, _RULES, None)
    return rules


def _spelling(name: str, number: int) -> str:
    plain = name.isidentifier() and name.isascii() and not iskeyword(name) and not name.startswith(("_", "column_"))
    return name if plain and not hasattr(BaseModel, name) else f"column_{number}"


def _field(name: str, spelling: str, aliases: tuple[str, ...]) -> Any:
    if aliases:
        return Field(validation_alias=AliasChoices(name, *aliases), serialization_alias=name)
    return Field() if spelling == name else Field(alias=name)


def _annotation(name: str, column: Column) -> Any:
    known = column.categories if column.unknown == "reject" else None
    value: Any
    if known is not None:
        value = Literal[known]
        if isinstance(known[0], int):
            value = Annotated[value, BeforeValidator(_whole)]  # a literal 1 would take True and 1.0
    elif len(column.takes) == 2:
        value = Annotated[StrictStr | StrictInt, _judging(name, column)]
    else:
        value = Annotated[(_type(column), *_limits(name, column))]
    if column.coerce:
        value = Annotated[value, _reading(column)]
    return Annotated[value | None if column.nullable else value, column]


def _whole(value: Any) -> Any:
    if type(value) is not int:
        raise ValueError("must be a whole number")
    return value


def _type(column: Column) -> Any:
    if column.kind == "object":
        return OBJECTS.get(str(column.of), Any)
    if column.kind == "datetime" and column.aware is not None:
        return AwareDatetime if column.aware else NaiveDatetime
    return (str if "text" in column.takes else int) if column.kind == "category" else TYPES[column.kind]


def _limits(name: str, column: Column) -> Iterable[Any]:
    """Yield what pydantic knows to say, and then whatever it does not know, or knows with another meaning."""
    if _type(column) is not Any:
        yield Strict()
    for marker, parameter in LIMITS.items():
        limit = column.longest if parameter == "max_length" else getattr(column, parameter)
        if limit is not None and not (parameter == "multiple_of" and column.kind != "int"):
            yield marker(limit)
    if column.pattern is not None:
        yield Field(pattern=translated(column.pattern))
    if column.kind == "float":
        yield Field(allow_inf_nan=False)
    if "whole" in column.takes and column.ge is None:
        yield at.Ge(SMALLEST)
    if "whole" in column.takes and column.le is None:
        yield at.Le(LARGEST)
    beyond = (column.unit, column.zone_name, None if column.kind == "int" else column.multiple_of)
    if column.kind in {"decimal", "object"} or beyond != (None, None, None):
        yield _judging(name, column)


def _judging(name: str, column: Column) -> AfterValidator:
    judge = ValueCheck(name, column)

    def judged(value: Any) -> Any:
        findings = [finding for finding in judge(value) if finding.rule != "categories" or column.unknown == "reject"]
        if findings:
            raise ValueError("; ".join(finding.message for finding in findings))
        return value

    return AfterValidator(judged)


def _reading(column: Column) -> BeforeValidator:
    read: Callable[[Any], Any] = column.reader

    def spelled(value: Any) -> Any:
        meant = read(value) if isinstance(value, str) else WRONG
        return value if meant is WRONG else meant

    return BeforeValidator(spelled)
