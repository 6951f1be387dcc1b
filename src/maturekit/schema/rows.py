"""A schema as a pydantic model of one row, and a plain pydantic model as a schema."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import Enum
from keyword import iskeyword
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import annotated_types as at
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    NaiveDatetime,
    Strict,
    StrictInt,
    StrictStr,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo

from maturekit.errors import SchemaError
from maturekit.schema.column import Column
from maturekit.schema.pattern import translated
from maturekit.schema.rule import Rule

__all__ = ["read", "written"]

_KINDS: Final[dict[Any, str]] = {
    float: "float",
    int: "int",
    bool: "bool",
    str: "string",
    datetime: "datetime",
    timedelta: "timedelta",
}
_TYPES: Final[dict[str, Any]] = {kind: python for python, kind in _KINDS.items()}
_LIMITS: Final[dict[type, str]] = {
    at.Ge: "ge",
    at.Gt: "gt",
    at.Le: "le",
    at.Lt: "lt",
    at.MultipleOf: "multiple_of",
    at.MinLen: "min_length",
    at.MaxLen: "max_length",
}
_REWRITES = ("str_strip_whitespace", "str_to_lower", "str_to_upper", "str_min_length", "str_max_length")
_RULES = "__maturekit_rules__"


def written(columns: Mapping[str, Column], rules: Iterable[Rule]) -> type[BaseModel]:
    """Return a pydantic model with a field for each column; names that Python cannot spell become aliases."""
    rules = tuple(rules)
    spelled = {name: _spelling(name, number) for number, name in enumerate(columns)}
    fields: dict[str, Any] = {
        spelled[name]: (_annotation(column), Field() if spelled[name] == name else Field(alias=name))
        for name, column in columns.items()
    }

    def keeps_rules(row: BaseModel) -> BaseModel:
        for rule in rules:
            values = {name: getattr(row, spelled[name]) for name in rule.columns}
            if not any(value is None for value in values.values()) and not rule.keeps(values):
                raise ValueError(rule.words)
        return row

    row: type[BaseModel] = create_model(
        "Row",
        __config__=ConfigDict(extra="ignore", protected_namespaces=()),
        __validators__={"keeps_rules": model_validator(mode="after")(keeps_rules)} if rules else {},  # type: ignore[dict-item]  # the decorator is what pydantic asks for
        **fields,
    )
    setattr(row, _RULES, rules)
    return row


def read(model: type[BaseModel]) -> tuple[dict[str, Column], tuple[Rule, ...]]:
    """Return the columns that a row model states, and the rules if it was written from a schema."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise SchemaError(f"{model!r} is no pydantic model", hint="pass the class, not an instance.")
    rules: tuple[Rule, ...] = getattr(model, _RULES, ())
    decorators = model.__pydantic_decorators__
    own = [
        *decorators.field_validators,
        *decorators.validators,
        *decorators.root_validators,
        *decorators.model_validators,
    ]
    strangers = [name for name in own if not (rules and name == "keeps_rules")]
    strangers += [option for option in _REWRITES if model.model_config.get(option)]
    if strangers:
        raise SchemaError(
            f"the row model {model.__name__} does what a schema cannot say: {', '.join(strangers)}",
            hint="write relations between columns as rules.",
        )
    return {_name(name, field): _column(name, field) for name, field in model.model_fields.items()}, rules


def _spelling(name: str, number: int) -> str:
    plain = name.isidentifier() and name.isascii() and not iskeyword(name) and not name.startswith(("_", "column_"))
    return name if plain and not hasattr(BaseModel, name) else f"column_{number}"


def _annotation(column: Column) -> Any:
    known = column.categories if column.unknown == "reject" else None
    base: Any
    if known is not None:
        base = Literal[known]
    elif column.kind == "category":
        base = StrictStr | StrictInt if len(column.takes) == 2 else str if "text" in column.takes else int
    elif column.kind == "datetime" and column.aware is not None:
        base = AwareDatetime if column.aware else NaiveDatetime
    else:
        base = _TYPES[column.kind]
    limits: list[Any] = [
        marker(getattr(column, name))
        for marker, name in _LIMITS.items()
        if getattr(column, name) is not None and known is None
    ]
    if column.pattern is not None and known is None:
        limits.append(Field(pattern=translated(column.pattern)))
    if column.kind == "float":
        limits.append(Field(allow_inf_nan=False))
    simple = known is None and len(column.takes) == 1
    value = Annotated[(base, Strict(), *limits)] if simple else base
    return Annotated[value | None if column.nullable else value, column]


def _name(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias or field.alias or name
    if not isinstance(alias, str):
        raise SchemaError(f"the field {name!r} has several aliases; a column has one name")
    return alias


def _column(name: str, field: FieldInfo) -> Column:
    stated = next((item for item in field.metadata if isinstance(item, Column)), None)
    if stated is not None:
        return stated
    base, nullable, metadata = _unwrapped(field.annotation)
    if not (field.is_required() or (nullable and field.default is None and field.default_factory is None)):
        raise SchemaError(
            f"the field {name!r} has a default; a column is there or it is not", hint="make the field required."
        )
    limits = dict(_limits(name, [*metadata, *field.metadata]))
    if isinstance(base, type) and issubclass(base, Enum):
        return Column("category", nullable=nullable, categories=[item.value for item in base], **limits)
    if get_origin(base) is Literal:
        return Column("category", nullable=nullable, categories=list(get_args(base)), **limits)
    if base not in _KINDS:
        nested = isinstance(base, type) and issubclass(base, BaseModel)
        raise SchemaError(
            f"the field {name!r} has the type {getattr(base, '__name__', base)}, which is no kind of column",
            hint="a table is flat: give each nested field a column of its own."
            if nested
            else f"use one of {', '.join(kind.__name__ for kind in _KINDS)}, a Literal or an Enum.",
        )
    return Column(_KINDS[base], nullable=nullable, **limits)  # type: ignore[arg-type]  # the table holds kinds


def _unwrapped(annotation: Any) -> tuple[Any, bool, list[Any]]:
    """Return the type inside Optional and Annotated, whether None is allowed, and what Annotated says."""
    if get_origin(annotation) is Annotated:
        inner, *said = get_args(annotation)
        base, nullable, metadata = _unwrapped(inner)
        flat = [part for item in said for part in (item.metadata if isinstance(item, FieldInfo) else [item])]
        return base, nullable, [*metadata, *flat]
    if get_origin(annotation) in {Union, types.UnionType}:
        members = [member for member in get_args(annotation) if member is not types.NoneType]
        if len(members) == 1 and len(get_args(annotation)) == 2:
            base, _, metadata = _unwrapped(members[0])
            return base, True, metadata
    return annotation, False, []


def _limits(name: str, metadata: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for item in metadata:
        if type(item) in _LIMITS:
            yield _LIMITS[type(item)], getattr(item, _LIMITS[type(item)])
        elif isinstance(item, at.GroupedMetadata):
            yield from _limits(name, item)
        elif not isinstance(item, Strict):
            said = {key: value for key, value in getattr(item, "__dict__", {"": item}).items() if value is not None}
            if isinstance(said.get("pattern"), str):
                yield "pattern", _whole(name, said.pop("pattern"))
            said = {key: value for key, value in said.items() if key not in {"strict", "allow_inf_nan"}}
            if said:
                raise SchemaError(f"the field {name!r} says {item!r}, which has no meaning for a column")


def _whole(name: str, pattern: str) -> str:
    """Return what stands between ^ and $: pydantic searches, a column's pattern covers the whole value."""
    body = pattern.removeprefix("^").removesuffix("$")
    anchored = len(body) == len(pattern) - 2 and not (len(body) - len(body.rstrip("\\"))) % 2
    if not anchored or _has_alternatives(body):
        raise SchemaError(
            f"the field {name!r} has the pattern {pattern!r}, which need not cover the whole value",
            hint="write ^(?:...)$ around it.",
        )
    return body


def _has_alternatives(body: str) -> bool:
    depth = in_class = 0
    position = 0
    while position < len(body):
        character = body[position]
        if character == "\\":
            position += 1
        elif character == "[":
            in_class += 1
        elif character == "]" and in_class:
            in_class -= 1
        elif not in_class:
            depth += {"(": 1, ")": -1}.get(character, 0)
            if character == "|" and depth == 0:
                return True
        position += 1
    return False
