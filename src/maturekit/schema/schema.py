"""The contract of a table: columns with what they keep, and the rules between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, InstanceOf, ValidationError, model_serializer

from maturekit._core.digest import digest_of
from maturekit._core.frames import Table, as_frame
from maturekit.errors import ArgumentTypeError, FormatError, NotFoundError, SchemaError
from maturekit.reports import Finding
from maturekit.schema import from_model, learning, notebook, stored
from maturekit.schema.change import Change, changes
from maturekit.schema.column import Column, Role
from maturekit.schema.conform import check_mapping, check_names, conform, conform_record, located
from maturekit.schema.contradictions import check_storable, check_word
from maturekit.schema.environments import exists
from maturekit.schema.record import RecordCheck
from maturekit.schema.row_model import row_model
from maturekit.schema.rule import Rule
from maturekit.schema.unknown import UnknownRule

if TYPE_CHECKING:
    import pandas as pd

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

    columns: Annotated[Mapping[str, InstanceOf[Column]], AfterValidator(MappingProxyType)]
    rules: tuple[Rule, ...]

    def __init__(self, columns: Mapping[str, Column], rules: Iterable[Rule] = ()) -> None:
        if not isinstance(columns, Mapping):
            raise SchemaError(
                f"columns must be a mapping of names to Column, got {type(columns).__name__}",
                hint='write Schema({"age": Column("int")}).',
            )
        try:
            super().__init__(columns=dict(columns), rules=tuple(rules) if isinstance(rules, Iterable) else (rules,))
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
        check_names(self.columns)
        for rule in self.rules:
            self._check_rule(rule)

    def _check_rule(self, rule: Rule) -> None:
        for name in rule.columns:
            if name not in self.columns:
                missing = NotFoundError.named("column", str(name), known=self.columns)
                raise SchemaError(
                    f"the rule {rule!r} needs a column that is not here: {missing.message}", hint=missing.hint
                )
        rule.fits(self.columns)

    @classmethod
    def learn(cls, frame: Table, *, false_alarms: float = 0.05) -> Self:
        """Return the contract that a table suggests, for a person to edit.

        `validation.learn` gives the same with a report: what supports each constraint, and how likely it is broken by
        sound data. Deterministic; hypotheses are made on a part of the rows, and what is proposed holds in all:

        * kinds from storage and values; a column of texts and whole numbers is no kind, and refused;
        * `nullable` where a null was seen;
        * bounds of numbers and durations, for at least 30 values that differ: as far beyond what was seen as the tail
          asks for (generalised Pareto, so heavy tails get wide bounds), at least half of the range; rounded outwards;
          zero where no value is beyond it, and the values end there;
        * a lower bound of moments and days, a year before the first at the least; no upper bound, since time goes on;
          their order only where many false alarms are allowed, since a table is one observation of it;
        * texts with at most 256 distinct values and ten rows to each: a category; closed (``unknown="reject"``) when
          each was seen at least 20 times and their frequencies leave little chance of another one, otherwise
          ``unknown="flag"``; categorical storage names its own categories, and is closed;
        * all other texts: `string`, at most twice as long as the longest, or 32, or as long as their tail asks for; with
          a pattern where at least 100 texts have few shapes;
        * role `key` (and `unique`) for at least 100 values without nulls or repetition that are texts, or whole numbers
          without large gaps or under a name such as ``flight_id``; role `time` for moments and days;
        * for at least 100 rows, rules that hold in every row and would not by chance: `Compare`, `SumsTo` of two parts,
          `Constant` by one column, and `Key` of two or three columns where no column is a key alone.

        Parameters
        ----------
        frame : table
            Data that are trusted: pandas, polars or pyarrow.
        false_alarms : float
            The chance, at most, that another table of the same source and size is refused; of all constraints
            together, however many were tried. One that does not fit in is left out. Nulls where none was seen are not
            counted, since a column has to be nullable or not. What cannot be told from one table, such as something
            that happens once in such tables, is not covered either; see the how-to page on learning.

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
        Column('int', ge=0, le=137)
        """
        learned = learning.lesson(frame, false_alarms=false_alarms)
        return cls(learned.columns, learned.rules)

    @classmethod
    def from_model(cls, model: type[BaseModel]) -> Self:
        r"""Return the contract that a plain pydantic row model states; what a column cannot say is refused.

        Fields are float, int, bool, str, datetime (also `AwareDatetime`, `NaiveDatetime`), timedelta, date, Decimal,
        Literal or Enum of texts or whole numbers, or UUID, bytes, time and IP addresses (kind `object`), each perhaps
        Optional, with `Field` constraints and aliases. A `Column` in the annotation is taken as it is. Titles,
        descriptions and `extra` say nothing about values. A contract is strict (``coerce`` has to be said), its classes
        such as ``\d`` are ASCII, and no number is infinite.

        Raises
        ------
        SchemaError
            When a field is nested, its type, constraint, validator or default has no meaning for a column, or what
            stands around a `Column` says something else.

        Examples
        --------
        >>> from pydantic import BaseModel, Field
        >>> class Row(BaseModel):
        ...     age: int = Field(ge=0)
        ...     name: str | None
        >>> Schema.from_model(Row).columns["name"]
        Column('string', nullable=True)
        """
        return cls(*from_model.read(model))

    def row_model(self) -> type[BaseModel]:
        """Return a pydantic model of one record, for type hints, JSON Schema and web frameworks.

        It is as strict as the contract, except that it knows no storage: None is the only null, a whole number has to be
        an int, and a day a date. Values outside the categories of ``unknown="flag"`` pass. ``model_json_schema()`` of it
        is the JSON Schema; `Schema.from_model` reads it back without loss.

        Examples
        --------
        >>> Row = Schema({"age": Column("int", ge=0)}).row_model()
        >>> Row(age=3)
        Row(age=3)
        """
        return self._row_model

    @cached_property
    def _row_model(self) -> type[BaseModel]:
        return row_model(self.columns, self.rules)

    def updated(self, columns: Mapping[str, Column], *, rules: Iterable[Rule] | None = None) -> Self:
        """Return a schema with whole columns replaced; new names are added at the end; `rules` replaces all rules."""
        check_mapping("columns", columns, hint='write updated({"age": Column("int")}).')
        return type(self)({**self.columns, **columns}, self.rules if rules is None else rules)

    def without(self, names: Iterable[str]) -> Self:
        """Return a schema without some columns, and without the rules that read them.

        >>> Schema({"a": Column("int"), "b": Column("int")}).without(["b"]).names("feature")
        ('a',)
        """
        gone = {names} if isinstance(names, str) else set(names)
        for name in gone - set(self.columns):
            missing = NotFoundError.named("column", str(name), known=self.columns)
            raise SchemaError(missing.message, hint=missing.hint)
        return type(self)(
            {name: column for name, column in self.columns.items() if name not in gone},
            [rule for rule in self.rules if not gone.intersection(rule.columns)],
        )

    def within(self, environment: str) -> Self:
        """Return the contract in one environment: without the columns that do not exist there and the rules about them.

        Parameters
        ----------
        environment : str
            One that a column names, or ``"training"`` or ``"serving"``. A column that names none is everywhere, except
            that a label without `environments` is not in ``"serving"``.

        Raises
        ------
        SchemaError
            When no column names the environment: a name that is mistyped must not drop columns.

        Examples
        --------
        >>> schema = Schema({"x": Column("float"), "paid": Column("bool", environments=["training", "backtest"])})
        >>> list(schema.within("serving").columns), list(schema.within("backtest").columns)
        (['x'], ['x', 'paid'])
        """
        known = {"training", "serving"}.union(*(column.environments for column in self.columns.values()))
        check_word("environment", environment, sorted(known))
        return self.without(name for name, column in self.columns.items() if not exists(column, environment))

    def serving(self) -> Self:
        """Return the contract at prediction time, ``within("serving")``: without labels and the rules that read them.

        Columns of every other role stay required: keys, times and groups are what a prediction is logged under. Take
        out with `without`, or by their `environments`, what a service does not send.
        """
        return self.within("serving")

    def located(self, names: Iterable[str]) -> dict[str, str]:
        """Return under which of some names each column stands: its own, or else the one alias that is there.

        >>> Schema({"age": Column("int", aliases=["years"])}).located(["id", "years"])
        {'age': 'years'}
        """
        return located(self.columns, frozenset(names))

    def conform(self, frame: Table) -> pd.DataFrame:
        """Return a table under the names and in the kinds of the contract; nothing else is changed.

        Aliases are renamed, and the columns with ``coerce=True`` are stored as their kind: moments with an offset in
        UTC, days as moments, whole numbers with nulls as ``Int64``. A column with a value that cannot be read stays as
        it is: take such rows out before, with `FrameReport.split`.

        Examples
        --------
        >>> import pandas as pd
        >>> schema = Schema({"age": Column("int", coerce=True, aliases=["years"])})
        >>> schema.conform(pd.DataFrame({"years": ["31", "4e1"]}))
           age
        0   31
        1   40
        """
        return conform(self.columns, as_frame(frame))

    def conform_record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record under the names of the contract, with the texts of coerced columns read.

        >>> Schema({"age": Column("int", coerce=True, aliases=["years"])}).conform_record({"years": "31", "id": 7})
        {'age': 31, 'id': 7}
        """
        return conform_record(self.columns, record)

    def resolved(self, rules: Iterable[type[Rule]]) -> Self:
        """Return the schema with its unknown rules made of these classes, as far as the names fit."""
        known = stored.by_name(rules)
        return type(self)(
            self.columns,
            [stored.read_rule(rule.to_dict(), known) if isinstance(rule, UnknownRule) else rule for rule in self.rules],
        )

    def changes_from(self, old: Schema) -> tuple[Change, ...]:
        """Return what changed since an old schema, each with whom it breaks.

        Producers break when a table that is valid under the old schema may be refused by the new one; consumers, when
        the new one may let in a table that the old one refused, so that they can no longer rely on it. To refuse is to
        break a rule of severity error; tables hold what is declared, and nothing else. When no change breaks producers,
        every table that was valid still is. What cannot be decided counts as a break: two patterns, steps of floats,
        parameters of your own rules. Severity, `mostly` and the parameters of most built-in rules are weighed; a rule
        that changed otherwise is removed and added. A rename is one change when the names meet in the aliases.

        Some changes break more than they seem to: float columns may hold the whole numbers of an `int`, so that `int` to
        `decimal` breaks producers, who must not send floats; whole numbers above 2**53 are rounded as floats, which
        matters to uniqueness, excluded bounds, strict order and rules; and a nullable column still has to be there.

        Examples
        --------
        >>> old, new = Schema({"a": Column("int", ge=0)}), Schema({"a": Column("int", gt=0)})
        >>> new.changes_from(old)
        (Change('a', 'gt', before='>= 0', after='> 0', breaks='producers'),)
        >>> Schema({"b": Column("int", gt=0, aliases=["a"])}).changes_from(new)
        (Change('b', 'renamed', before='a', after='b, a', breaks='consumers'),)
        """
        if not isinstance(old, Schema):
            raise ArgumentTypeError(f"old must be a Schema, got {type(old).__name__}")
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

        The verdict is that of `validation.validate` on a table of one row, as far as one row can be judged: `unique`,
        `order` and the rules about groups or tables are not. Aliases and the texts of coerced columns are read.
        Findings of severity *warning* and *info* are among them. Fields that are not declared are ignored.
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
        columns, read = stored.read(text, rules)
        try:
            return cls(columns, read)
        except SchemaError as error:
            raise FormatError(f"a stored schema is malformed: {error.message}", hint=error.hint) from error

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
        return notebook.page(self.columns, self.rules)
