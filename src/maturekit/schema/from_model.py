"""A plain pydantic model of one row as a schema; what a column cannot say is refused."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from enum import Enum
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import annotated_types as at
from pydantic import AliasChoices, AwareDatetime, BaseModel, NaiveDatetime, RootModel, Strict
from pydantic.fields import FieldInfo

from maturekit.errors import SchemaError
from maturekit.schema.column import Column
from maturekit.schema.row_model import LIMITS, OBJECTS, TYPES, rules_of
from maturekit.schema.rule import Rule

__all__ = ["read"]

_KINDS: Final[dict[Any, tuple[str, dict[str, Any]]]] = {
    **{python: (kind, {}) for kind, python in TYPES.items()},
    AwareDatetime: ("datetime", {"zone": "aware"}),
    NaiveDatetime: ("datetime", {"zone": "naive"}),
    **{python: ("object", {"of": name}) for name, python in OBJECTS.items()},
}
_REWRITES = (
    "str_strip_whitespace",
    "str_to_lower",
    "str_to_upper",
    "str_min_length",
    "str_max_length",
    "coerce_numbers_to_str",
)
_SAID_BY_EVERY_COLUMN = {"strict": True, "allow_inf_nan": False}
_NESTED = (BaseModel, dict, list, set, frozenset, tuple)  # a TypedDict is a dict
_OURS = {"keeps_rules", "one_name"}


def read(model: type[BaseModel]) -> tuple[dict[str, Column], tuple[Rule, ...]]:
    """Return the columns that a row model states, and the rules if it was written from a schema."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)) or issubclass(model, RootModel):
        raise SchemaError(f"{model!r} is no pydantic model of a row", hint="pass the class, not an instance.")
    rules = rules_of(model)
    decorators = model.__pydantic_decorators__
    own = [
        *decorators.field_validators,
        *decorators.validators,
        *decorators.root_validators,
        *decorators.model_validators,
    ]
    strangers = [name for name in own if rules is None or name not in _OURS]
    strangers += [option for option in _REWRITES if model.model_config.get(option)]
    if strangers:
        raise SchemaError(
            f"the row model {model.__name__} does what a schema cannot say: {', '.join(strangers)}",
            hint="write relations between columns as rules.",
        )
    columns: dict[str, Column] = {}
    for spelling, field in model.model_fields.items():
        name, aliases = _names(model, spelling, field)
        columns[name] = _column(spelling, field, aliases, ours=rules is not None)
    return columns, rules or ()


def _names(model: type[BaseModel], spelling: str, field: FieldInfo) -> tuple[str, tuple[str, ...]]:
    """Return the name of the column, and its aliases."""
    said = field.validation_alias or field.alias or spelling
    names = tuple(said.choices) if isinstance(said, AliasChoices) else (said,)
    if not all(isinstance(name, str) for name in names):
        raise SchemaError(f"the field {spelling!r} is read from a path; a column has a name")
    config = model.model_config
    if (config.get("populate_by_name") or config.get("validate_by_name")) and spelling not in names:
        names = (*names, spelling)
    return str(names[0]), tuple(map(str, names[1:]))


def _column(name: str, field: FieldInfo, aliases: tuple[str, ...], *, ours: bool) -> Column:
    base, nullable, metadata = _unwrapped(field.annotation)
    if not (field.is_required() or (nullable and field.default is None and field.default_factory is None)):
        raise SchemaError(
            f"the field {name!r} has a default; a column is there or it is not", hint="make the field required."
        )
    metadata = [*metadata, *field.metadata]
    stated = next((item for item in metadata if isinstance(item, Column)), None)
    if stated is not None and ours:
        return stated
    limits = dict(_limits(name, [item for item in metadata if not isinstance(item, Column)]))
    if aliases:
        limits["aliases"] = aliases
    if stated is not None:
        return _agreeing(name, stated, base, limits, nullable=nullable)
    if isinstance(base, type) and issubclass(base, Enum):
        return Column("category", nullable=nullable, categories=[item.value for item in base], **limits)
    if get_origin(base) is Literal:
        return Column("category", nullable=nullable, categories=_literals(base), **limits)
    if base not in _KINDS:
        raise _no_kind(name, base)
    kind, said = _KINDS[base]
    return Column(kind, nullable=nullable, **said, **limits)  # type: ignore[arg-type]  # the table holds kinds


def _agreeing(name: str, stated: Column, base: Any, limits: dict[str, Any], *, nullable: bool) -> Column:
    """Return a column that stands in an annotation, if what stands around it does not say something else."""
    others = [f"{limit}={value!r}" for limit, value in limits.items() if getattr(stated, limit) != value]
    if nullable != stated.nullable:
        others.append(f"nullable={nullable}")
    if base in _KINDS and _KINDS[base][0] != stated.kind and not (stated.kind == "category" and base in {str, int}):
        others.append(f"the type {getattr(base, '__name__', base)}")
    if others:
        raise SchemaError(
            f"the field {name!r} says {', '.join(others)}, and its column does not: {stated!r}",
            hint="say all of it in the Column.",
        )
    return stated


def _literals(base: Any) -> list[Any]:
    return [item.value if isinstance(item, Enum) else item for item in get_args(base) if item is not None]


def _no_kind(name: str, base: Any) -> SchemaError:
    outer = get_origin(base) or base
    nested = is_dataclass(outer) or (isinstance(outer, type) and issubclass(outer, _NESTED))
    known = ", ".join(kind.__name__ for kind in TYPES.values())
    return SchemaError(
        f"the field {name!r} has the type {getattr(base, '__name__', base)}, which is no kind of column",
        hint="a table is flat: give each nested field a column of its own."
        if nested
        else f'use one of {known}, a Literal or an Enum; or Annotated[..., Column("object", of="module.Class")].',
    )


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
    if get_origin(annotation) is Literal:
        return annotation, None in get_args(annotation), []
    for renamed in ("__value__", "__supertype__"):  # `type Age = int` and NewType
        if hasattr(annotation, renamed):
            return _unwrapped(getattr(annotation, renamed))
    return annotation, False, []


def _limits(name: str, metadata: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for item in metadata:
        if type(item) in LIMITS:
            yield LIMITS[type(item)], getattr(item, LIMITS[type(item)])
        elif isinstance(item, at.GroupedMetadata):
            yield from _limits(name, item)
        elif not isinstance(item, Strict):
            said = {key: value for key, value in getattr(item, "__dict__", {"": item}).items() if value is not None}
            if isinstance(said.get("pattern"), (str, re.Pattern)):
                yield "pattern", _whole(name, said.pop("pattern"))
            for digits in ("max_digits", "decimal_places"):
                if digits in said:
                    yield digits, said.pop(digits)
            if any(_SAID_BY_EVERY_COLUMN.get(key) is not value for key, value in said.items()):
                raise SchemaError(f"the field {name!r} says {item!r}, which has no meaning for a column")


def _whole(name: str, pattern: str | re.Pattern[str]) -> str:
    """Return what stands between ^ and $: pydantic searches, a column's pattern covers the whole value."""
    if isinstance(pattern, re.Pattern):
        if pattern.flags & ~re.UNICODE:
            raise SchemaError(f"the field {name!r} has a pattern with flags, which a column's pattern has not")
        pattern = pattern.pattern
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
