"""One finding: what was checked, where, what came out, and how sure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from maturekit.errors import ArgumentError, FormatError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Certainty", "Finding", "Severity", "Status"]

Status = Literal["passed", "failed", "could_not_run", "not_enough_evidence", "skipped"]
Severity = Literal["info", "warning", "error"]
Value = float | int | str | bool | None

_STATUSES = get_args(Status)
_SEVERITIES = get_args(Severity)


@dataclass(frozen=True, slots=True)
class Certainty:
    """How sure a finding is: a number and what it means.

    Parameters
    ----------
    value : float
        The number.
    meaning : str
        Its unit in words, such as ``"confidence"`` or ``"years between false alarms"``.

    Examples
    --------
    >>> Certainty(0.95, "confidence")
    Certainty(value=0.95, meaning='confidence')
    """

    value: float
    meaning: str

    def __post_init__(self) -> None:
        """Keep a plain float, so that what is read back has the same digest."""
        object.__setattr__(self, "value", float(self.value))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Finding:
    """The outcome of one rule, measure or gate.

    Parameters
    ----------
    rule : str
        Name of what was checked, such as ``"nullable"`` or ``"metric-floor"``.
    status : {"passed", "failed", "could_not_run", "not_enough_evidence", "skipped"}
        What came out; only *passed* and *skipped* leave a report `ok` at error level.
    columns : tuple of str
        The columns concerned.
    severity : {"info", "warning", "error"}
        How much it matters when it did not pass.
    count : int, optional
        How many rows (or other units) are concerned.
    share : float, optional
        The same as a share of all rows, 0 to 1.
    positions : array of int64, optional
        Row numbers (not labels) concerned, ascending, counted from 0; empty when no rows are concerned.
    value : float, int, str or bool, optional
        The number that was found; its unit is `unit`.
    unit : str
        Unit of `value` and `interval`.
    interval : pair of float, optional
        Bounds that contain the true value with the confidence in `certainty`.
    certainty : Certainty, optional
        How sure.
    message : str
        One plain sentence for a person.

    Examples
    --------
    >>> finding = Finding("nullable", "failed", columns=("age",), count=2, share=0.5, positions=[0, 3])
    >>> finding
    Finding('nullable' failed in 'age': 2 rows)
    >>> finding.found
    '2 rows (50.00%)'
    >>> finding.positions.tolist()
    [0, 3]
    >>> Finding.from_dict(finding.to_dict()) == finding
    True
    """

    rule: str
    status: Status
    columns: tuple[str, ...] = ()
    severity: Severity = "error"
    count: int | None = None
    share: float | None = None
    positions: NDArray[np.int64] = None  # type: ignore[assignment]  # None reads as an empty array, made on use
    value: Value = None
    unit: str = ""
    interval: tuple[float, float] | None = None
    certainty: Certainty | None = None
    message: str = ""

    def __post_init__(self) -> None:
        """Check the closed vocabularies and freeze what was passed in."""
        if self.status not in _STATUSES:
            raise ArgumentError(f"status {self.status!r} is none of {', '.join(_STATUSES)}")
        if self.severity not in _SEVERITIES:
            raise ArgumentError(f"severity {self.severity!r} is none of {', '.join(_SEVERITIES)}")
        object.__setattr__(self, "columns", tuple(self.columns))
        if self.interval is not None:
            object.__setattr__(self, "interval", (float(self.interval[0]), float(self.interval[1])))
        if self.positions is None:
            object.__delattr__(self, "positions")
        else:
            object.__setattr__(self, "positions", _frozen(self.positions))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Make the empty array of positions on use, so that findings about no rows never load numpy."""
            if name != "positions":
                raise AttributeError(f"'Finding' object has no attribute {name!r}")
            object.__setattr__(self, name, _frozen(()))
            return self.positions

    @property
    def ok(self) -> bool:
        """Whether the status is *passed* or *skipped*."""
        return self.status in {"passed", "skipped"}

    @property
    def found(self) -> str:
        """Count, share, value with unit, and interval, as a person reads them; empty when there is no number."""
        parts = []
        if self.count is not None:
            parts.append(f"{self.count:,} rows")
        if self.share is not None:
            parts.append(f"({self.share:.2%})")
        if self.value is not None:
            shown = f"{self.value:.4g}" if isinstance(self.value, float) else str(self.value)
            parts.append(f"{shown} {self.unit}".rstrip())
        if self.interval is not None:
            parts.append(f"[{self.interval[0]:.4g}, {self.interval[1]:.4g}]")
        return " ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-ready data, without the fields that say nothing."""
        rows = [int(row) for row in self.positions] if _has(self, "positions") else []
        data: dict[str, Any] = {
            "columns": list(self.columns),
            "severity": self.severity,
            "count": None if self.count is None else int(self.count),
            "share": _out(self.share),
            "positions": rows,
            "value": _out(self.value),
            "unit": self.unit,
            "interval": None if self.interval is None else [_out(bound) for bound in self.interval],
            "certainty": None
            if self.certainty is None
            else {"value": _out(self.certainty.value), "meaning": self.certainty.meaning},
            "message": self.message,
        }
        told = {
            key: item for key, item in data.items() if item is not None and (key == "value" or item not in ([], ""))
        }
        return {"rule": self.rule, "status": self.status, **told}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        """Read back what `to_dict` wrote; raise `FormatError` for anything else."""
        fields = dict(data)
        try:
            interval = fields.get("interval")
            if interval is not None:
                low, high = interval
                fields["interval"] = (_number(low), _number(high))
            certainty = fields.get("certainty")
            if certainty is not None:
                fields["certainty"] = Certainty(_number(certainty["value"]), certainty["meaning"])
            for name in ("share", "value"):
                if name in fields:
                    fields[name] = _in(fields[name])
            return cls(**fields)
        except (TypeError, KeyError, ValueError) as error:
            raise FormatError(f"a stored finding is malformed: {error}") from error

    def __eq__(self, other: object) -> bool:
        """Equal in every field, positions by value."""
        return self.to_dict() == other.to_dict() if isinstance(other, Finding) else NotImplemented

    def __hash__(self) -> int:
        """Hash of what names the finding."""
        return hash((self.rule, self.status, self.columns, self.count))

    def __repr__(self) -> str:
        """Return rule, status and place in one line."""
        place = f" in {', '.join(map(repr, self.columns))}" if self.columns else ""
        number = ""
        if self.count is not None:
            number = f": {self.count} rows"
        elif self.value is not None:
            shown = f"{self.value:.4g}" if isinstance(self.value, float) else str(self.value)
            number = f": {shown} {self.unit}".rstrip()
        return f"Finding({self.rule!r} {self.status}{place}{number})"


def _has(finding: Finding, name: str) -> bool:
    try:
        object.__getattribute__(finding, name)
    except AttributeError:
        return False
    return True


def _frozen(positions: ArrayLike) -> NDArray[np.int64]:
    import numpy as np  # noqa: PLC0415  # findings about no rows never load numpy

    array = np.array(positions, dtype=np.int64)
    array.setflags(write=False)
    return array


def _out(value: Any) -> Any:
    """JSON has no infinity and no NaN; they are spelled as text in an object."""
    if isinstance(value, (bool, str)) or value is None:
        return value
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _in(value: Any) -> Any:
    return float(value["float"]) if isinstance(value, dict) else value


def _number(value: Any) -> float:
    return float(_in(value))
