"""A column in pydantic's compiled core: what it calls valid is valid, for values of plain Python types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from pydantic_core import CoreSchema, SchemaValidator, core_schema

from maturekit.schema.column import Column
from maturekit.schema.constraint import BOUND_TESTS
from maturekit.schema.kinds import LARGEST, SMALLEST, is_null
from maturekit.schema.pattern import translated
from maturekit.schema.value import ValueCheck

__all__ = ["PLAIN", "compiled_field", "compiled_record"]

PLAIN: Final = frozenset({type(None), bool, int, float, str, Decimal, date, datetime, timedelta})
"""The types of which the core and `ValueCheck` think alike; subclasses, such as those of numpy and pandas, may not."""


def compiled_record(checks: Mapping[str, ValueCheck]) -> Callable[[Any], bool]:
    """Return a test of records whose values are all of plain types; what it refuses may still be valid.

    >>> from maturekit.schema import Column
    >>> isvalid = compiled_record({"age": ValueCheck("age", Column("int", ge=0))})
    >>> isvalid({"age": 3}), isvalid({"age": -3}), isvalid({"age": Decimal(3)})
    (True, False, False)
    """
    fields = {name: core_schema.typed_dict_field(_core(check)) for name, check in checks.items()}
    return SchemaValidator(core_schema.typed_dict_schema(fields)).isinstance_python


def compiled_field(check: ValueCheck) -> Callable[[Any], bool]:
    """Return a test of one value of a plain type; what it refuses may still be valid."""
    return SchemaValidator(_core(check)).isinstance_python


def _core(check: ValueCheck) -> CoreSchema:
    make = _by_value if _is_beyond_the_core(check.column) else _MAKERS[check.column.kind]
    if not check.column.nullable:
        return make(check)
    null = core_schema.no_info_plain_validator_function(_null)
    return core_schema.nullable_schema(core_schema.union_schema([make(check), null], mode="left_to_right"))


def _null(value: object) -> object:
    if is_null(value):  # NaN, which is how pandas spells None
        return value
    raise ValueError


def _is_beyond_the_core(column: Column) -> bool:
    """Return whether a column asks for something that the core does not know, or knows with another meaning."""
    return (
        column.coerce
        or column.unit is not None
        or column.zone_name is not None
        or (column.kind == "float" and column.multiple_of is not None)  # the core has a tolerance of its own
    )


def _by_value(check: ValueCheck) -> CoreSchema:
    def sound(value: object) -> object:
        if check(value):
            raise ValueError
        return value

    return core_schema.no_info_plain_validator_function(sound)


def _bounds(check: ValueCheck) -> dict[str, Any]:
    return {name: getattr(check.column, name) for name in BOUND_TESTS}


def _float(check: ValueCheck) -> CoreSchema:
    return core_schema.float_schema(strict=True, allow_inf_nan=False, **_bounds(check))


def _int(check: ValueCheck) -> CoreSchema:
    column, bounds = check.column, _bounds(check)
    bounds["ge"] = SMALLEST if column.ge is None else column.ge
    bounds["le"] = LARGEST if column.le is None else column.le
    step: Any = column.multiple_of
    whole = core_schema.int_schema(strict=True, multiple_of=step, **bounds)
    lax = core_schema.int_schema(multiple_of=step, **bounds)  # of floats it takes those without a fraction
    stored_as_float = core_schema.chain_schema([core_schema.is_instance_schema(float), lax])
    return core_schema.union_schema([whole, stored_as_float], mode="left_to_right")


def _bool(_: ValueCheck) -> CoreSchema:
    return core_schema.bool_schema(strict=True)


def _datetime(check: ValueCheck) -> CoreSchema:
    aware: Any = {True: "aware", False: "naive", None: None}[check.column.aware]
    return core_schema.datetime_schema(strict=True, tz_constraint=aware, **_bounds(check))


def _timedelta(check: ValueCheck) -> CoreSchema:
    return core_schema.timedelta_schema(strict=True, **_bounds(check))


def _date(check: ValueCheck) -> CoreSchema:
    return core_schema.date_schema(strict=True, **_bounds(check))


def _text(check: ValueCheck) -> CoreSchema:
    column = check.column
    if "whole" in column.takes:  # a literal of whole numbers would take True for 1
        return _by_value(check)
    if column.categories is not None and column.unknown != "allow":
        return core_schema.literal_schema(list(column.categories))
    return core_schema.str_schema(
        strict=True,
        min_length=column.min_length,
        max_length=column.longest,
        pattern=None if column.pattern is None else translated(column.pattern),
    )


_MAKERS: Final[dict[str, Callable[[ValueCheck], CoreSchema]]] = {
    "float": _float,
    "int": _int,
    "bool": _bool,
    "string": _text,
    "category": _text,
    "datetime": _datetime,
    "timedelta": _timedelta,
    "date": _date,
    "decimal": _by_value,
    "object": _by_value,
}
