"""How much change is no news, in units a person can judge."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from maturekit.errors import ArgumentError, ArgumentTypeError

__all__ = ["Tolerance"]

_UNITS = ("sd", "share", "correlation")


@dataclass(frozen=True, slots=True, repr=False)
class Tolerance:
    """The changes that a monitor shall not call an alarm, however many rows prove them.

    A change of twice the tolerance takes four times as long to find as without it; what lies below is absorbed by the
    pool. The defaults suit up to 100,000 rows a batch; above, 0.02 to 0.05 standard deviations keep the dust out.

    Parameters
    ----------
    sd : float, default 0.01
        For numbers: a move of the mean, or a change of the spread, in standard deviations. It is applied to ranks, so
        that outliers do not stretch the unit: 0.01 moves the mean rank of a continuous column by 0.3 percentage points. For
        a column far from normal (exponential, heavy-tailed) that is less than 0.01 of its own standard deviation.
    share : float, default 0.002
        For shares of rows (a category, nulls, values outside the known range): 0.002 is 0.2 percentage points.
    correlation : float, default 0.01
        For rank correlations of two columns.
    columns : mapping of str to Tolerance, optional
        Columns with a tolerance of their own. For a pair the larger correlation of its two columns counts.

    Examples
    --------
    >>> Tolerance(sd=0.05)
    Tolerance(sd=0.05, share=0.002, correlation=0.01)
    >>> Tolerance(columns={"age": Tolerance(sd=0.1)}).of("age").sd
    0.1
    >>> Tolerance(share=2)
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: tolerance share=2 must be at least 0 and less than 1
    <BLANKLINE>
    Hint: shares are between 0 and 1: 0.002 is 0.2 percentage points.
    """

    sd: float = 0.01
    share: float = 0.002
    correlation: float = 0.01
    columns: Mapping[str, Tolerance] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that every tolerance is a number from 0 up to, not including, 1."""
        for name in _UNITS:
            value = getattr(self, name)
            if not (isinstance(value, (int, float)) and math.isfinite(value) and 0 <= value < 1):
                raise ArgumentError(
                    f"tolerance {name}={value!r} must be at least 0 and less than 1",
                    hint="shares are between 0 and 1: 0.002 is 0.2 percentage points." if name == "share" else "",
                )
        if not isinstance(self.columns, Mapping):
            raise ArgumentTypeError(
                f"columns must be a mapping such as a dict, got {type(self.columns).__name__}",
                hint='for instance Tolerance(columns={"age": Tolerance(sd=0.05)}).',
            )
        for column, own in self.columns.items():
            if not isinstance(own, Tolerance) or own.columns:
                raise ArgumentTypeError(
                    f"the tolerance of column {column!r} must be a Tolerance without columns, got {own!r}",
                    hint='for instance Tolerance(columns={"age": Tolerance(sd=0.05)}).',
                )
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))

    def of(self, *columns: str) -> Tolerance:
        """Return the tolerance of a column, or of a pair; the widest of its columns in each unit."""
        own = [self.columns.get(column, self) for column in columns]
        return Tolerance(**{unit: max(getattr(each, unit) for each in own) for unit in _UNITS})

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        data: dict[str, Any] = {unit: getattr(self, unit) for unit in _UNITS}
        return data | {"columns": {name: own.to_dict() for name, own in self.columns.items()}} if self.columns else data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote."""
        columns = {name: Tolerance.from_dict(own) for name, own in data.get("columns", {}).items()}
        return cls(data["sd"], data["share"], data["correlation"], columns)

    def __repr__(self) -> str:
        """Return the three units, and the columns that differ."""
        units = ", ".join(f"{unit}={getattr(self, unit)}" for unit in _UNITS)
        return f"Tolerance({units}{f', columns={dict(self.columns)}' if self.columns else ''})"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the mapping as a dict, since a mapping proxy cannot be pickled."""
        return type(self), (self.sd, self.share, self.correlation, dict(self.columns))
