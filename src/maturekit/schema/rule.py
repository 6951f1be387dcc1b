"""What every rule is: a frozen value with a severity, the columns it reads, and a name it is stored under."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform, final, get_args

from maturekit._core.logs import logger
from maturekit.errors import ArgumentError, MaturekitError, NotFoundError, SchemaError
from maturekit.reports import Severity
from maturekit.schema.plain import from_json, is_plain, to_json

if TYPE_CHECKING:
    from maturekit.schema.column import Column

__all__ = ["Rule", "why_not_run"]

_NAME = ("str", str)
_NAMES = ("tuple[str, ...]", tuple[str, ...])


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
@dataclass(frozen=True, repr=False)
class Rule:
    """What a table must keep beyond its single columns; the base of `RowRule`, `GroupRule` and `TableRule`.

    A rule of your own extends one of these three. Its parameters are named as in a dataclass: one that is annotated as
    ``str`` (or ``tuple[str, ...]``) names a column; where that does not fit, set `columns` in the class.

    Parameters
    ----------
    severity : {"error", "warning", "info"}
        How much it matters when the rule is broken; rows are quarantined for errors only.
    mostly : float
        Share of the rows, above 0 and up to 1, that must keep the rule for the table to pass.

    Raises
    ------
    SchemaError
        When a parameter cannot be used.

    Examples
    --------
    >>> from maturekit.schema import Compare
    >>> rule = Compare("departed", "<=", "arrived", severity="warning")
    >>> rule
    Compare('departed', '<=', 'arrived', severity='warning')
    >>> rule.columns, rule.stored_as, rule.judges_records
    (('departed', 'arrived'), 'Compare', True)
    """

    about: ClassVar[str] = ""
    """What is judged: ``"rows"``, ``"groups"`` or ``"table"``."""

    judges_records: ClassVar[bool] = False
    """Whether the rule is judged on a single record too; otherwise a record says nothing about it."""

    severity: Severity = field(default="error", kw_only=True)
    mostly: float = field(default=1.0, kw_only=True)

    def __init_subclass__(cls) -> None:
        """Make a frozen dataclass of the subclass."""
        super().__init_subclass__()
        dataclass(frozen=True, repr=False)(cls)

    def __post_init__(self) -> None:
        """Check the parameters; a subclass that adds checks calls this one too."""
        name = type(self).__name__
        if not self.about:
            raise SchemaError(
                f"{name} does not say what it judges", hint="extend RowRule, GroupRule or TableRule instead of Rule."
            )
        if not isinstance(self.severity, str) or self.severity not in get_args(Severity):
            raise SchemaError(f"severity {self.severity!r} is none of {', '.join(get_args(Severity))}")
        if isinstance(self.mostly, bool) or not (isinstance(self.mostly, (int, float)) and 0.0 < self.mostly <= 1.0):
            raise SchemaError(f"mostly={self.mostly!r} is not above 0 and at most 1")
        for item in fields(self):
            self._check_parameter(item.name, item.type)
        if not self.columns and self.about in {"rows", "groups"}:
            raise SchemaError(
                f"the rule {name} names no column",
                hint="annotate a parameter that names one as `str`, or set `columns` in the class.",
            )

    def _check_parameter(self, name: str, annotation: object) -> None:
        value = getattr(self, name)
        if annotation in _NAMES:
            value = _names(value)
            object.__setattr__(self, name, value)
        try:
            hash(value)
        except TypeError:
            shown = repr(value) if isinstance(value, (list, set, dict)) else f"a {type(value).__name__}"
            raise SchemaError(
                f"{type(self).__name__} was given {name}={shown}, which is no plain value: it may change",
                hint="write a tuple instead of a list, and numbers, texts and times inside it.",
            ) from None
        names = value if annotation in _NAMES and isinstance(value, tuple) else (value,)
        if annotation in (*_NAME, *_NAMES) and not all(isinstance(part, str) and part for part in names):
            raise SchemaError(f"{type(self).__name__} was given {name}={value!r}, which is no name of a column")

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield instances for the contract suite; none by default."""
        yield from ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule reads."""
        names: list[str] = []
        for item in fields(self):
            if item.type in _NAME:
                names.append(getattr(self, item.name))
            elif item.type in _NAMES:
                names.extend(getattr(self, item.name))
        return tuple(dict.fromkeys(names))

    @property
    def stored_as(self) -> str:
        """The name that the rule is stored and reported under."""
        return type(self).__name__

    @property
    def words(self) -> str:
        """What must hold, for messages."""
        return f"must keep {self!r}"

    @final
    def fits(self, columns: Mapping[str, Column]) -> None:
        """Raise `SchemaError` when the rule makes no sense over these columns; all that it reads are among them."""
        self._fits(columns)

    def _fits(self, columns: Mapping[str, Column]) -> None:
        """Check the kinds of the columns that the rule reads; by default any will do."""

    @final
    def given(self, references: Mapping[str, object], now: datetime) -> Self:
        """Return the rule with all it needs from elsewhere; what it carries is no part of what it equals.

        Parameters
        ----------
        references : mapping of str to object
            Other tables, profiles and the like, by the name that rules know them by.
        now : datetime
            When the data are judged, in UTC.

        Raises
        ------
        MaturekitError
            When something it needs is missing or cannot be used.
        """
        try:
            return self._given(references, now)
        except MaturekitError:
            raise
        except Exception as error:
            raise ArgumentError(
                f"{self!r} raised {type(error).__name__} on what it was given",
                hint=f"it was given the references {', '.join(map(repr, references)) or 'of no name'}.",
            ) from error

    def _given(self, references: Mapping[str, object], now: datetime) -> Self:  # noqa: ARG002  # a hook
        """Return the rule with what it needs; override it with `_reference` and `_carrying`."""
        return self

    @final
    def _reference(self, references: Mapping[str, object], name: str) -> Any:
        """Return what is passed under a name, or say that it is missing."""
        if name not in references:
            missing = NotFoundError.named("reference", name, known=map(str, references))
            raise NotFoundError(
                f"{self!r}: {missing.message}",
                name=name,
                hint=missing.hint or f"pass it: validate(frame, schema, references={{{name!r}: ...}}).",
            )
        return references[name]

    @final
    def _carrying(self, **found: object) -> Self:
        """Return a copy with additional attributes."""
        rule = copy.copy(self)
        for name, value in found.items():
            object.__setattr__(rule, name, value)
        return rule

    def to_dict(self) -> dict[str, Any]:
        """Return name, columns and parameters as JSON-ready data.

        Raises `SchemaError` for a parameter that is no plain value, such as a function.
        """
        said = {item.name: getattr(self, item.name) for item in fields(self) if not _unsaid(self, item.name)}
        for name, value in said.items():
            if not is_plain(value):
                raise SchemaError(
                    f"{self.stored_as} cannot be stored: its parameter {name}={value!r} is no plain value",
                    hint="a function belongs into a subclass of RowRule, as its `_holds`; "
                    "parameters are numbers, texts, truth values, times, None, or tuples of them.",
                )
        stored = {
            "rule": self.stored_as,
            "columns": list(self.columns),
            "parameters": {name: to_json(value) for name, value in said.items()},
        }
        return stored if self.judges_records else stored | {"records": False}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return a rule of this class from what `to_dict` wrote."""
        return cls._restored({name: from_json(value) for name, value in stored["parameters"].items()})

    @classmethod
    def _restored(cls, parameters: dict[str, Any]) -> Self:
        return cls(**parameters)

    def __repr__(self) -> str:
        """Return the rule as it can be written."""
        own = [repr(getattr(self, item.name)) for item in fields(self) if not item.kw_only]
        named = [
            f"{item.name}={getattr(self, item.name)!r}"
            for item in fields(self)
            if item.kw_only and getattr(self, item.name) != item.default
        ]
        return f"{type(self).__name__}({', '.join(own + named)})"


def why_not_run(rule: Rule, error: Exception) -> str:
    """Return why a rule could not run, without repeating what a foreign message may say about the data.

    >>> from maturekit.schema import Compare
    >>> why_not_run(Compare("a", "<", "b"), ValueError("could not convert 'Ada Lovelace'"))
    "Compare('a', '<', 'b') raised ValueError"
    """
    logger.debug("%r could not run", rule, exc_info=error)
    return error.message if isinstance(error, MaturekitError) else f"{rule!r} raised {type(error).__name__}"


def _unsaid(rule: Rule, name: str) -> bool:
    return (name == "severity" and rule.severity == "error") or (name == "mostly" and rule.mostly == 1.0)


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value
