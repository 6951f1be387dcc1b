"""The one contract of rules over several columns: two lines of a user's own, and every path knows them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self, dataclass_transform, final, get_args

from maturekit._core.logs import logger
from maturekit.errors import ArgumentError, MaturekitError, SchemaError
from maturekit.reports import Severity

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Rule", "why_not_run"]

_NAME = ("str", str)
_NAMES = ("tuple[str, ...]", tuple[str, ...])
_PLAIN = (bool, int, float, str, type(None))


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
@dataclass(frozen=True, repr=False)
class Rule(ABC):
    """A relation between the columns of one row.

    Write a rule by naming its parameters as in a dataclass and defining `_holds`. A parameter annotated as ``str`` (or
    ``tuple[str, ...]``) names a column; where that does not fit, set `columns` in the class.

    `_holds` never meets a null, an infinity or a value of the wrong kind: the one null rule is that a row passes when
    any of the rule's columns is null there, and rows broken in another way are the column's to report. It judges each
    row by itself, so that a row gets one verdict alone and among others.

    Parameters
    ----------
    severity : {"error", "warning", "info"}
        How much it matters when the rule is broken; rows are quarantined for errors only.
    mostly : float
        Share of the rows, above 0 and up to 1, that must keep the rule for the table to pass.

    Examples
    --------
    >>> class Near(Rule):
    ...     left: str
    ...     right: str
    ...     within: float = 1.0
    ...
    ...     def _holds(self, frame):
    ...         return (frame[self.left] - frame[self.right]).abs() <= self.within
    >>> rule = Near("a", "b", within=2.0)
    >>> rule
    Near('a', 'b', 2.0)
    >>> rule.columns
    ('a', 'b')
    >>> import pandas as pd
    >>> rule.breaking(pd.DataFrame({"a": [1.0, 5.0], "b": [2.0, 2.0]})).tolist()
    [False, True]
    """

    severity: Severity = field(default="error", kw_only=True)
    mostly: float = field(default=1.0, kw_only=True)

    def __init_subclass__(cls) -> None:
        """Make a frozen dataclass of the subclass."""
        super().__init_subclass__()
        dataclass(frozen=True, repr=False)(cls)

    def __post_init__(self) -> None:
        """Check the parameters; a subclass that adds checks calls this one too."""
        if self.severity not in get_args(Severity):
            raise SchemaError(f"severity {self.severity!r} is none of {', '.join(get_args(Severity))}")
        if not 0.0 < self.mostly <= 1.0:
            raise SchemaError(f"mostly={self.mostly!r} is not above 0 and at most 1")
        if not self.columns:
            raise SchemaError(
                f"the rule {type(self).__name__} names no column",
                hint="annotate a parameter that names one as `str`, or set `columns` in the class.",
            )

    @abstractmethod
    def _holds(self, frame: pd.DataFrame) -> ArrayLike:
        """Return one truth value a row: whether the row keeps the rule; `frame` holds the rule's columns only."""

    def _holds_one(self, record: Mapping[str, Any]) -> bool:
        """Return whether one record keeps the rule; override it where a one-row frame is too slow."""
        import pandas as pd  # noqa: PLC0415  # rules that override this never pay for pandas

        return not self.breaking(pd.DataFrame({name: [record[name]] for name in self.columns}))[0]

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
        """What a row must do, for messages."""
        return f"must keep {self!r}"

    @final
    def breaking(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which rows of a frame of sound values break the rule, as an array of bool.

        Raises `ArgumentError` when `_holds` does not return one truth value a row.
        """
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

        holds = np.asarray(self._holds(frame))
        if holds.dtype != np.bool_ or holds.shape != (len(frame),):
            raise ArgumentError(
                f"{type(self).__name__}._holds returned {holds.dtype} of shape {holds.shape} for {len(frame)} rows",
                hint="return one bool a row, such as `frame[a] <= frame[b]`.",
            )
        return ~holds

    @final
    def keeps(self, record: Mapping[str, Any]) -> bool:
        """Return whether one record of sound values keeps the rule."""
        return bool(self._holds_one(record))

    def to_dict(self) -> dict[str, Any]:
        """Return name, columns and parameters as JSON-ready data; refuse parameters that are not plain values."""
        said = {item.name: getattr(self, item.name) for item in fields(self) if not _unsaid(self, item.name)}
        for name, value in said.items():
            if not _is_plain(value):
                raise SchemaError(
                    f"{self.stored_as} cannot be stored: its parameter {name}={value!r} is no plain value",
                    hint="a function belongs into a subclass of Rule, as its `_holds`; "
                    "parameters are numbers, texts, truth values, None, or tuples of them.",
                )
        return {"rule": self.stored_as, "columns": list(self.columns), "parameters": said}

    def __repr__(self) -> str:
        """Return the rule as it can be written."""
        own = [repr(getattr(self, item.name)) for item in fields(self) if not item.kw_only]
        named = [
            f"{item.name}={getattr(self, item.name)!r}"
            for item in fields(self)
            if item.kw_only and not _unsaid(self, item.name)
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


def _is_plain(value: object) -> bool:
    if type(value) is tuple:
        return all(_is_plain(item) for item in value)
    return type(value) in _PLAIN and value == value and value not in {float("inf"), float("-inf")}  # noqa: PLR0124  # NaN has no JSON
