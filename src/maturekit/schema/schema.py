"""The contract of a table: columns with what they keep, and the rules between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_serializer

from maturekit._core import html
from maturekit._core.digest import digest_of
from maturekit._core.frames import Table
from maturekit.errors import NotFoundError, SchemaError
from maturekit.reports import Finding
from maturekit.schema import learning, rows, stored
from maturekit.schema.change import Change, changes
from maturekit.schema.column import Column, Role
from maturekit.schema.compare import Compare, check_comparable
from maturekit.schema.contradictions import check_storable, check_word
from maturekit.schema.record import RecordCheck
from maturekit.schema.rule import Rule
from maturekit.schema.unknown import UnknownRule

__all__ = ["Schema"]


class Schema(BaseModel):
    """What a table, and each of its records, must look like.

    Immutable, with a digest; threads may share one. Columns have an order, which is part of the contract.

    Parameters
    ----------
    columns : mapping of str to Column
        The columns by name, in order.
    rules : iterable of Rule
        Relations between columns, such as `Compare`.

    Raises
    ------
    SchemaError
        When a rule names a column that is not there, or a name or a column cannot be used.

    Examples
    --------
    >>> from maturekit.schema import Column, Compare, Schema
    >>> schema = Schema({"low": Column("float"), "high": Column("float", ge=0)}, rules=[Compare("low", "<=", "high")])
    >>> schema.check_record({"low": 1.0, "high": 2.0})
    ()
    >>> schema.check_record({"low": 1.0, "high": -2.0})
    (Finding('ge' failed in 'high': 1 rows), Finding('Compare' failed in 'low', 'high': 1 rows))
    >>> schema.updated({"high": Column("float", nullable=True)}).check_record({"low": 1.0, "high": None})
    ()
    >>> Schema.from_json(schema.to_json()) == schema
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)

    columns: Annotated[Mapping[str, Column], AfterValidator(MappingProxyType)]
    rules: tuple[Rule, ...]

    def __init__(self, columns: Mapping[str, Column], rules: Iterable[Rule] = ()) -> None:
        if not isinstance(columns, Mapping):
            raise SchemaError(
                f"columns must be a mapping of names to Column, got {type(columns).__name__}",
                hint='write Schema({"age": Column("int")}).',
            )
        try:
            super().__init__(columns=dict(columns), rules=tuple(rules))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = " ".join(str(part) for part in first["loc"] if part != "[key]")
            raise SchemaError(
                f"a schema cannot hold {first['input']!r} ({place}): {first['msg']}",
                hint="columns are Column objects under names that are str; rules are instances of Rule.",
            ) from error
        for name in self.columns:
            if not name:
                raise SchemaError("a column has an empty name", hint="rename it.")
            check_storable(name, "column name")
        for rule in self.rules:
            self._check_rule(rule)

    def _check_rule(self, rule: Rule) -> None:
        for name in rule.columns:
            if name not in self.columns:
                missing = NotFoundError.named("column", str(name), known=self.columns)
                raise SchemaError(
                    f"the rule {rule!r} needs a column that is not here: {missing.message}", hint=missing.hint
                )
        if isinstance(rule, Compare):
            check_comparable(rule, self.columns)

    @classmethod
    def learn(cls, frame: Table) -> Self:
        """Return the contract that a table suggests, for a person to edit.

        Deterministic, in one pass over each column:

        * kinds from storage and values; a column of texts and whole numbers is no kind, and refused;
        * `nullable` where a null was seen;
        * bounds of numbers: the range seen, wider on each side by half of itself or by five times the distance from the
          most extreme value to the tenth, whichever is more; rounded outwards, never beyond zero when no value was; none
          for fewer than 30 values or a single one. With exponential tails, the next table of the same size has one
          value outside in 500 tables a side (with lighter tails fewer), whatever the scale;
        * a lower bound of moments, a year before the first at the least; no upper bound, since time goes on;
        * texts with at most 256 distinct values and ten rows to each: a category; closed (``unknown="reject"``) when
          these are at most 32, each seen at least 20 times, otherwise ``unknown="flag"``; categorical storage names its
          own categories, and is closed; all other texts: `string`, at most twice as long as the longest, or 32;
        * role `key` (and `unique`) for at least 100 values without nulls or repetition that are texts, or whole numbers
          without large gaps or under a name such as ``flight_id``; role `time` for moments.

        Raises
        ------
        SchemaError
            When a column has no values, or values of several kinds: nothing can be learned from it.
        TableError
            When the table has no rows or repeats a column name.

        Examples
        --------
        >>> import pandas as pd
        >>> Schema.learn(pd.DataFrame({"age": range(18, 98), "who": ["a", "b"] * 40})).columns["age"]
        Column('int', ge=0, le=142)
        """
        return cls(learning.learned(frame))

    @classmethod
    def from_model(cls, model: type[BaseModel]) -> Self:
        """Return the contract that a plain pydantic row model states; what a column cannot say is refused.

        Fields are float, int, bool, str, datetime, timedelta, Literal or Enum of texts or whole numbers, each perhaps
        Optional, with `Field` constraints. A `Column` in the annotation is taken as it is.

        Raises
        ------
        SchemaError
            When a field is nested, or its type, constraint or default has no meaning for a column.

        Examples
        --------
        >>> from pydantic import BaseModel, Field
        >>> class Row(BaseModel):
        ...     age: int = Field(ge=0)
        ...     name: str | None
        >>> Schema.from_model(Row).columns["name"]
        Column('string', nullable=True)
        """
        return cls(*rows.read(model))

    def row_model(self) -> type[BaseModel]:
        """Return a pydantic model of one record, for type hints, JSON Schema and web frameworks.

        It is as strict as the contract, except that it knows no storage: None is the only null, and a whole number has
        to be an int. `Schema.from_model` reads it back without loss.

        Examples
        --------
        >>> Row = Schema({"age": Column("int", ge=0)}).row_model()
        >>> Row(age=3)
        Row(age=3)
        """
        return self._row_model

    @cached_property
    def _row_model(self) -> type[BaseModel]:
        return rows.written(self.columns, self.rules)

    def updated(self, columns: Mapping[str, Column], *, rules: Iterable[Rule] | None = None) -> Self:
        """Return a schema with whole columns replaced; new names are added at the end; `rules` replaces all rules."""
        return type(self)({**self.columns, **columns}, self.rules if rules is None else rules)

    def without(self, names: Iterable[str]) -> Self:
        """Return a schema without some columns, and without the rules that read them.

        >>> Schema({"a": Column("int"), "b": Column("int")}).without(["b"]).names("feature")
        ('a',)
        """
        gone = set(names)
        for name in gone - set(self.columns):
            missing = NotFoundError.named("column", name, known=self.columns)
            raise SchemaError(missing.message, hint=missing.hint)
        return type(self)(
            {name: column for name, column in self.columns.items() if name not in gone},
            [rule for rule in self.rules if not gone.intersection(rule.columns)],
        )

    def serving(self) -> Self:
        """Return the contract at prediction time: without labels and the rules that read them.

        Columns of every other role stay required: keys, times and groups are what a prediction is logged under. Take
        out with `without` what a service does not send.
        """
        return self.without(self.names("label"))

    def resolved(self, rules: Iterable[type[Rule]]) -> Self:
        """Return the schema with its unknown rules made of these classes, as far as the names fit."""
        known = stored.by_name(rules)
        return type(self)(
            self.columns,
            [stored.read_rule(rule.to_dict(), known) if isinstance(rule, UnknownRule) else rule for rule in self.rules],
        )

    def changes_from(self, old: Schema) -> tuple[Change, ...]:
        """Return what changed since an old schema, each with whom it breaks.

        >>> old, new = Schema({"a": Column("int", ge=0)}), Schema({"a": Column("int", ge=1)})
        >>> new.changes_from(old)
        (Change('a', 'ge', before='0', after='1', breaks='producers'),)
        """
        return tuple(changes(old.columns, self.columns, old.rules, self.rules))

    def names(self, role: Role) -> tuple[str, ...]:
        """Return the names of the columns with a role, in order."""
        check_word("role", role, get_args(Role))
        return tuple(name for name, column in self.columns.items() if column.role == role)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the columns that a model receives, in order."""
        return self.names("feature")

    def check_record(self, record: Mapping[str, Any]) -> tuple[Finding, ...]:
        """Return every rule that one record breaks; nothing when it is valid.

        The verdict is that of `validation.validate` on a table of one row. Findings of severity *warning* and *info*
        are among them. Fields that are not declared are ignored.
        """
        return self._record_check(record)

    @cached_property
    def _record_check(self) -> RecordCheck:
        return RecordCheck(self.columns, self.rules)

    def to_json(self) -> str:
        """Return the schema as canonical JSON; raise `SchemaError` for a rule whose parameters cannot be stored."""
        return stored.written(self.columns, self.rules)

    @classmethod
    def from_json(cls, text: str | bytes, rules: Iterable[type[Rule]] = ()) -> Self:
        """Read back what `to_json` wrote; a rule of a class that is not among `rules` becomes `UnknownRule`.

        Raises `FormatError` for a text that is malformed or of a newer format.
        """
        return cls(*stored.read(text, rules))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON; a rule that cannot be stored raises `SchemaError`."""
        return digest_of(self.to_json().encode())

    @model_serializer
    def _as_data(self) -> dict[str, Any]:
        return {"columns": dict(self.columns), "rules": [rule.to_dict() for rule in self.rules]}

    def __eq__(self, other: object) -> bool:
        """Equal in columns, their order, and rules."""
        if not isinstance(other, Schema):
            return NotImplemented
        return list(self.columns.items()) == list(other.columns.items()) and self.rules == other.rules

    def __hash__(self) -> int:
        """Hash of columns and rules."""
        return hash((tuple(self.columns.items()), self.rules))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002  # pydantic's signature; nothing inside can change
        """Return the schema with `columns` or `rules` replaced, and checked like any other schema."""
        return type(self)(**{"columns": self.columns, "rules": self.rules, **(update or {})})

    def __copy__(self) -> Self:
        """Return the schema itself, which cannot change."""
        return self

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return the schema itself, which cannot change."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what the constructor takes; compiled checks are made again on use."""
        return (type(self), (dict(self.columns), self.rules))

    def __repr__(self) -> str:
        """Return the schema as it can be written, one column a line."""
        lines = "".join(f"\n    {name!r}: {column!r}," for name, column in self.columns.items())
        return f"Schema({{{lines}\n}}{f', rules={list(self.rules)!r}' if self.rules else ''})"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """Return a table of the columns, and one of the rules, for a notebook."""
        columns = [
            [name, column.kind, column.role, "yes" if column.nullable else "no", _said(column)]
            for name, column in self.columns.items()
        ]
        tables = html.table(["column", "kind", "role", "nullable", "keeps"], columns, caption="Schema")
        if self.rules:
            rules = [[rule.stored_as, rule.words, rule.severity] for rule in self.rules]
            tables += html.table(["rule", "says", "severity"], rules, caption="Rules")
        return f'<div lang="en" class="maturekit-schema">{tables}</div>'


def _said(column: Column) -> str:
    shown = {name: value for name, value in column.parameters().items() if name not in {"role", "nullable"}}
    return ", ".join(f"{name} {value}" for name, value in shown.items())
