"""The contract of one column: its kind, its role, and what its values keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, SkipValidation, ValidationError

from maturekit.errors import SchemaError
from maturekit.reports import Severity
from maturekit.schema.contradictions import check_bounds, check_text, check_word, checked_bound, distinct
from maturekit.schema.kinds import READERS, WRONG, Kind

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

__all__ = ["Bound", "Column", "Role", "Unknown"]

Bound = float | int | datetime | timedelta
Role = Literal["feature", "label", "key", "time", "group", "meta"]
Unknown = Literal["reject", "flag", "allow"]


class Column(BaseModel):
    r"""What the values of one column must be.

    A kind speaks of values, not of storage: `string` and `category` may be stored as object, str, Arrow or categorical;
    a whole number stored as 3.0 is an `int`. Nothing is cast: ``"3"`` is no number, and ``True`` is no `int`.

    Nulls (None, NaN, NaT, NA) are judged by `nullable` alone, and pass every other rule. A value of another kind breaks
    `kind` alone. Infinity breaks `finite`, which every `float` has.

    Parameters
    ----------
    kind : {"float", "int", "bool", "string", "category", "datetime", "timedelta"}
        What a value is. A `category` is a text or a whole number from a small set.
    nullable : bool
        Whether values may be missing.
    role : {"feature", "label", "key", "time", "group", "meta"}
        What the column is for: models receive features only, profiles skip keys.
    ge, gt, le, lt : float, int, datetime or timedelta, optional
        Bounds, of the type that the kind has. Bounds of a `datetime` say whether its values have a time zone.
    multiple_of : float or int, optional
        Step that values of a `float` (to a relative 1e-9) or an `int` (exactly) are whole multiples of.
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
    severity : {"error", "warning", "info"}
        How much it matters when a rule of this column is broken; rows are quarantined for errors only.
    mostly : float
        Share of the rows, above 0 and up to 1, that must keep each rule for the table to pass. The rows that break it
        are quarantined all the same: the verdict on a row never depends on its neighbours.
    tags : iterable of str
        Free labels, such as ``"personal"``.

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
    Hint: bounds are for the kinds 'float', 'int', 'datetime', 'timedelta'.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: Kind
    nullable: bool
    role: Role
    ge: SkipValidation[Bound | None]
    gt: SkipValidation[Bound | None]
    le: SkipValidation[Bound | None]
    lt: SkipValidation[Bound | None]
    multiple_of: SkipValidation[float | int | None]
    min_length: int | None
    max_length: int | None
    pattern: str | None
    categories: tuple[str | int, ...] | None
    unknown: Unknown
    unique: bool
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
        multiple_of: float | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
        pattern: str | None = None,
        categories: Iterable[str] | Iterable[int] | None = None,
        unknown: Unknown = "reject",
        unique: bool = False,
        severity: Severity = "error",
        mostly: float = 1.0,
        tags: Iterable[str] = (),
    ) -> None:
        words = (
            ("kind", kind, Kind),
            ("role", role, Role),
            ("severity", severity, Severity),
            ("unknown", unknown, Unknown),
        )
        for what, word, vocabulary in words:
            check_word(what, word, get_args(vocabulary))
        bounds = {"ge": ge, "gt": gt, "le": le, "lt": lt}
        try:
            super().__init__(
                kind=kind,
                nullable=nullable,
                role=role,
                **{name: checked_bound(kind, name, value) for name, value in bounds.items()},
                multiple_of=checked_bound(kind, "multiple_of", multiple_of),
                min_length=min_length,
                max_length=max_length,
                pattern=pattern,
                categories=None if categories is None else distinct(categories),
                unknown=unknown,
                unique=unique,
                severity=severity,
                mostly=mostly,
                tags=frozenset([tags] if isinstance(tags, str) else tags),
            )
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise SchemaError(f"a column cannot have {first['loc'][0]}={first['input']!r}: {first['msg']}") from error
        check_bounds(self)
        check_text(self)
        if not 0.0 < self.mostly <= 1.0:
            raise SchemaError(
                f"mostly={mostly!r} is not above 0 and at most 1", hint="0.99 allows one row in a hundred."
            )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let a column stand in ``Annotated[float, Column("float")]``, where it changes nothing for pydantic."""
        return handler(source)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002  # pydantic's signature; nothing inside can change
        """Return the column with some parameters replaced, and checked like any other column."""
        return type(self)(**{**{name: getattr(self, name) for name in type(self).model_fields}, **(update or {})})

    @property
    def aware(self) -> bool | None:
        """Whether moments must (or must not) have a time zone; None when no bound tells."""
        bound = next((bound for bound in (self.ge, self.gt, self.le, self.lt) if isinstance(bound, datetime)), None)
        return None if bound is None else bound.tzinfo is not None

    @property
    def takes(self) -> frozenset[str]:
        """What a value may be: ``"number"``, ``"whole"``, ``"truth"``, ``"text"``, ``"moment"`` or ``"duration"``."""
        if self.kind != "category":
            return _TAKES[self.kind]
        if self.categories is not None:
            return _TAKES["string" if isinstance(self.categories[0], str) else "int"]
        limited = (self.min_length, self.max_length, self.pattern) != (None, None, None)
        return _TAKES["string"] if limited else _TAKES["string"] | _TAKES["int"]

    @property
    def reader(self) -> Callable[[object], Any]:
        """The function from a value that is not null to what it means for this column, or `WRONG`."""
        if self.kind == "category" and len(self.takes) == 1:
            return READERS["string" if "text" in self.takes else "int"]
        read, aware = READERS[self.kind], self.aware
        if aware is None:
            return read

        def read_moment(value: object) -> Any:
            moment = read(value)
            return moment if moment is WRONG or (moment.tzinfo is not None) == aware else WRONG

        return read_moment

    def parameters(self) -> dict[str, Any]:
        """Return what was said beyond the kind: the parameters that differ from their defaults."""
        return {
            name: value
            for name, value in ((name, getattr(self, name)) for name in type(self).model_fields)
            if name != "kind" and value != _DEFAULTS[name]
        }

    def __repr__(self) -> str:
        """Return the column as it can be written."""
        said = "".join(f", {name}={value!r}" for name, value in self.parameters().items())
        return f"Column({self.kind!r}{said})"

    __str__ = __repr__


_TAKES = {
    "float": frozenset({"number"}),
    "int": frozenset({"whole"}),
    "bool": frozenset({"truth"}),
    "string": frozenset({"text"}),
    "datetime": frozenset({"moment"}),
    "timedelta": frozenset({"duration"}),
}
_DEFAULTS: dict[str, Any] = {**(Column.__init__.__kwdefaults__ or {}), "tags": frozenset()}
