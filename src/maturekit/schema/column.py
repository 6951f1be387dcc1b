"""The contract of one column: its kind, its role, and what its values keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, SkipValidation, ValidationError

from maturekit.errors import SchemaError
from maturekit.reports import Severity
from maturekit.schema.bounds import Bound
from maturekit.schema.contradictions import check_together, check_word, checked_bound, checked_type, distinct, words
from maturekit.schema.kinds import Kind
from maturekit.schema.readers import reader_of

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

__all__ = ["LONGEST", "Bound", "Column", "Order", "Role", "Unit", "Unknown"]

Role = Literal["feature", "label", "key", "time", "group", "meta"]
Unknown = Literal["reject", "flag", "allow"]
Unit = Literal["s", "ms", "us"]
Order = Literal["increasing", "strictly_increasing", "decreasing", "strictly_decreasing"]

LONGEST = 65_536
"""The most characters of a text when a column does not say: no cell is unbounded."""


class Column(BaseModel):
    r"""What the values of one column must be.

    A kind speaks of values, not of storage: `string` and `category` may be stored as object, str, Arrow or categorical;
    a whole number stored as 3.0 is an `int`; a day stored as the moment of its midnight is a `date`. Nothing is cast
    unless `coerce` says so: ``"3"`` is no number, and ``True`` is no `int`.

    Nulls (None, NaN, NaT, NA) are judged by `nullable` alone, and pass every other rule. A value of another kind breaks
    `kind` alone. Infinity breaks `finite`, which every `float` has, and is no `decimal`. A text of any column has at
    most 65,536 characters unless `max_length` says otherwise.

    Parameters
    ----------
    kind : {"float", "int", "bool", "string", "category", "datetime", "timedelta", "date", "decimal", "object"}
        What a value is. A `category` is a text or a whole number from a small set, a `decimal` a Decimal or a whole
        number (no float), an `object` of exactly the type `of`.
    nullable : bool
        Whether values may be missing.
    role : {"feature", "label", "key", "time", "group", "meta"}
        What the column is for: models receive features only, profiles skip keys.
    ge, gt, le, lt : float, int, datetime, timedelta, date or Decimal, optional
        Bounds, of the type that the kind has. Bounds of a `datetime` say whether its values have a time zone.
    multiple_of : float, int or Decimal, optional
        Step that values of a `float` (to a relative 1e-9), an `int` or a `decimal` (exactly) are whole multiples of.
    max_digits, decimal_places : int, optional
        Digits of a `decimal` in all, and behind its point; zeros at its ends do not count. With both, at most
        ``max_digits - decimal_places`` digits stand before the point.
    zone : str, optional
        Of a `datetime`: ``"aware"`` (any time zone), ``"naive"`` (none) or the name of the one zone, such as ``"UTC"``
        or ``"Europe/Berlin"``: the text of its tzinfo.
    unit : {"s", "ms", "us"}, optional
        What the moments of a `datetime` are whole multiples of.
    of : str or type, optional
        Of an `object`: the one type of its values, as ``"module.Class"``; it is compared by name, and never imported.
    min_length, max_length : int, optional
        Number of characters of a `string` or `category`.
    pattern : str, optional
        What the whole text must match, in the dialect of RE2: no look-around, no backreferences, ``\d`` is ASCII.
    categories : iterable of str or of int, optional
        The known values of a `category` or `string`, all of one type.
    unknown : {"reject", "flag", "allow"}
        What a value outside `categories` is: a failure, a warning, or welcome.
    unique : bool
        Whether no two rows may share a value. All rows that share one are refused, since nobody knows which is right.
    order : {"increasing", "strictly_increasing", "decreasing", "strictly_decreasing"}, optional
        How the rows of a table stand. A row is refused when its value is beyond the most extreme sound value of all
        rows before it; one record alone is always in order.
    coerce : bool
        Whether a text that spells a value is read as it: ``"3"`` is then an `int`. `schema.coercion` says what spells
        what. A text that cannot be read breaks `kind`.
    aliases : iterable of str
        Other names that the column may have: one of them stands for it where the name itself is absent.
    environments : iterable of str
        Where the column exists, such as ``"training"``; nothing means everywhere, and for a label everywhere but in
        ``"serving"``. See `Schema.within`.
    severity : {"error", "warning", "info"}
        How much it matters when a rule of this column is broken; rows are quarantined for errors only.
    mostly : float
        Share of the rows, above 0 and up to 1, that must keep each rule for the table to pass. The rows that break it
        are quarantined all the same: the verdict on a row never depends on its neighbours.
    tags : iterable of str
        Free labels. By convention ``"personal"`` marks personal data (profiles and audits leave it out), ``"owner:ops"``
        who answers for the column, ``"cost:high"`` what it costs to have.

    Raises
    ------
    SchemaError
        When the parameters contradict one another or the kind.

    Examples
    --------
    >>> Column("float", ge=0, nullable=True)
    Column('float', nullable=True, ge=0.0)
    >>> Column("category", categories=["b", "a"]).categories
    ('b', 'a')
    >>> Column("string", ge=0)
    Traceback (most recent call last):
    maturekit.errors.SchemaError: a column of kind 'string' has no order, so ge=0 cannot bound it
    <BLANKLINE>
    Hint: bounds are for the kinds 'float', 'int', 'datetime', 'timedelta', 'date', 'decimal'.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: Kind
    nullable: bool
    role: Role
    ge: SkipValidation[Bound | None]
    gt: SkipValidation[Bound | None]
    le: SkipValidation[Bound | None]
    lt: SkipValidation[Bound | None]
    multiple_of: SkipValidation[float | int | Decimal | None]
    max_digits: int | None
    decimal_places: int | None
    zone: str | None
    unit: Unit | None
    of: str | None
    min_length: int | None
    max_length: int | None
    pattern: str | None
    categories: tuple[str | int, ...] | None
    unknown: Unknown
    unique: bool
    order: Order | None
    coerce: bool
    aliases: tuple[str, ...]
    environments: frozenset[str]
    severity: Severity
    mostly: float
    tags: frozenset[str]

    def __init__(
        self,
        kind: Kind,
        *,
        nullable: bool = False,
        role: Role = "feature",
        ge: Bound | None = None,
        gt: Bound | None = None,
        le: Bound | None = None,
        lt: Bound | None = None,
        multiple_of: float | Decimal | None = None,
        max_digits: int | None = None,
        decimal_places: int | None = None,
        zone: str | None = None,
        unit: Unit | None = None,
        of: type | str | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
        pattern: str | None = None,
        categories: Iterable[str] | Iterable[int] | None = None,
        unknown: Unknown = "reject",
        unique: bool = False,
        order: Order | None = None,
        coerce: bool = False,
        aliases: Iterable[str] = (),
        environments: Iterable[str] = (),
        severity: Severity = "error",
        mostly: float = 1.0,
        tags: Iterable[str] = (),
    ) -> None:
        for what, word, vocabulary in (
            ("kind", kind, Kind),
            ("role", role, Role),
            ("severity", severity, Severity),
            ("unknown", unknown, Unknown),
            ("unit", unit, Unit),
            ("order", order, Order),
        ):
            if word is not None or what not in _OPTIONAL:
                check_word(what, word, get_args(vocabulary))
        bounds = {"ge": ge, "gt": gt, "le": le, "lt": lt}
        try:
            super().__init__(
                kind=kind,
                nullable=nullable,
                role=role,
                **{name: checked_bound(kind, name, value) for name, value in bounds.items()},
                multiple_of=checked_bound(kind, "multiple_of", multiple_of),
                max_digits=max_digits,
                decimal_places=decimal_places,
                zone=zone,
                unit=unit,
                of=checked_type(kind, of),
                min_length=min_length,
                max_length=max_length,
                pattern=pattern,
                categories=None if categories is None else distinct(categories),
                unknown=unknown,
                unique=unique,
                order=order,
                coerce=coerce,
                aliases=words("aliases", aliases),
                environments=frozenset(words("environments", environments)),
                severity=severity,
                mostly=mostly,
                tags=frozenset(words("tags", tags)),
            )
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise SchemaError(f"a column cannot have {first['loc'][0]}={first['input']!r}: {first['msg']}") from error
        check_together(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let a column stand in ``Annotated[float, Column("float")]``, where it changes nothing for pydantic."""
        return handler(source)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002  # pydantic's signature; nothing inside can change
        """Return the column with some parameters replaced, and checked like any other column."""
        return type(self)(**{**{name: getattr(self, name) for name in type(self).model_fields}, **(update or {})})

    @property
    def aware(self) -> bool | None:
        """Whether moments must (or must not) have a time zone; None when neither `zone` nor a bound tells."""
        if self.zone is not None:
            return self.zone != "naive"
        bound = next((bound for bound in (self.ge, self.gt, self.le, self.lt) if isinstance(bound, datetime)), None)
        return None if bound is None else bound.tzinfo is not None

    @property
    def zone_name(self) -> str | None:
        """The name of the one time zone that moments must have, if `zone` names one."""
        return None if self.zone in {"aware", "naive"} else self.zone

    @property
    def longest(self) -> int | None:
        """The most characters of a text, stated or not; None where no text needs a bound.

        >>> Column("string").longest, Column("string", max_length=8).longest, Column("int").longest
        (65536, 8, None)
        """
        if self.max_length is not None:
            return self.max_length
        closed = self.categories is not None and self.unknown == "reject"
        return None if closed or "text" not in self.takes else LONGEST

    @property
    def takes(self) -> frozenset[str]:
        """What a value may be, in words of `kinds.WORDS` such as ``"number"`` or ``"text"``."""
        if self.kind != "category":
            return _TAKES[self.kind]
        if self.categories is not None:
            return _TAKES["string" if isinstance(self.categories[0], str) else "int"]
        limited = (self.min_length, self.max_length, self.pattern) != (None, None, None)
        return _TAKES["string"] if limited else _TAKES["string"] | _TAKES["int"]

    @property
    def reader(self) -> Callable[[object], Any]:
        """The function from a value that is not null to what it means for this column, or `kinds.WRONG`."""
        return reader_of(self)

    def parameters(self) -> dict[str, Any]:
        """Return what was said beyond the kind: the parameters that differ from their defaults."""
        return {
            name: value
            for name, value in ((name, getattr(self, name)) for name in type(self).model_fields)
            if name != "kind" and value != _DEFAULTS[name]
        }

    def __repr__(self) -> str:
        """Return the column as it can be written."""
        listed = {k: sorted(v) if isinstance(v, frozenset) else v for k, v in self.parameters().items()}
        said = "".join(f", {name}={value!r}" for name, value in listed.items())
        return f"Column({self.kind!r}{said})"

    __str__ = __repr__


_OPTIONAL = {"unit", "order"}
_TAKES = {
    "float": frozenset({"number"}),
    "int": frozenset({"whole"}),
    "bool": frozenset({"truth"}),
    "string": frozenset({"text"}),
    "datetime": frozenset({"moment"}),
    "timedelta": frozenset({"duration"}),
    "date": frozenset({"day"}),
    "decimal": frozenset({"decimal"}),
    "object": frozenset({"object"}),
}
_NO_NAMES: frozenset[str] = frozenset()
_DEFAULTS: dict[str, Any] = {**(Column.__init__.__kwdefaults__ or {}), "tags": _NO_NAMES, "environments": _NO_NAMES}
