"""Rules about a table as a whole: summarised part by part, merged, and judged once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, final

from maturekit.errors import ArgumentError, SchemaError
from maturekit.schema.rule import Rule

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TableRule", "Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says about a table.

    Parameters
    ----------
    ok : bool
        Whether the table keeps the rule.
    value : float, int, str or None
        The number it was judged by, in `unit`.
    unit : str
        Unit of `value`.
    message : str
        What is wrong, when the table fails; empty: the rule's `words`.

    Examples
    --------
    >>> Verdict(False, value=3, unit="rows", message="must hold at least 5 rows")
    Verdict(ok=False, value=3, unit='rows', message='must hold at least 5 rows')
    """

    ok: bool
    value: float | int | str | None = None
    unit: str = ""
    message: str = ""


class TableRule(Rule, ABC):
    """What a table must keep as a whole; no row is to blame, so none is rejected.

    Write a rule by naming its parameters as in a dataclass and defining `_summarise` and `_judge`. The summary of a
    part of the rows must be small and merge with that of the following part by ``+`` (or `_merge`), so that a table is
    judged alike in one piece and in many. A table without rows is judged too.

    `_summarise` gets a frame of the rule's columns (of none, only the number of rows) and never meets a null, an
    infinity or a value of the wrong kind: a row with one in any of the rule's columns is left out.

    Parameters
    ----------
    severity
        As in `Rule`; there is no `mostly`.

    Examples
    --------
    >>> class SmallMean(TableRule):
    ...     column: str
    ...
    ...     def _summarise(self, frame):
    ...         return np.array([frame[self.column].sum(), len(frame)])
    ...
    ...     def _judge(self, summary):
    ...         return summary[0] <= 10 * summary[1]
    >>> import numpy as np, pandas as pd
    >>> rule = SmallMean("age")
    >>> parts = [rule.summarise(pd.DataFrame({"age": ages})) for ages in ([1, 2], [30])]
    >>> rule.judge(rule.merge(*parts)).ok
    False
    """

    about: ClassVar[str] = "table"

    def __post_init__(self) -> None:
        """Check the parameters; a subclass that adds checks calls this one too."""
        super().__post_init__()
        if self.mostly != 1.0:
            raise SchemaError(
                f"{type(self).__name__} judges the table as a whole, so mostly={self.mostly!r} has no meaning"
            )

    @abstractmethod
    def _summarise(self, frame: pd.DataFrame) -> Any:
        """Return what the rule needs to know of some rows, small and mergeable."""

    def _merge(self, left: Any, right: Any) -> Any:
        """Return the summary of both parts, of which `left` came before `right`."""
        return left + right

    @abstractmethod
    def _judge(self, summary: Any) -> bool | Verdict:
        """Return whether a table with this summary keeps the rule, or a `Verdict`."""

    @final
    def summarise(self, frame: pd.DataFrame) -> Any:
        """Return the summary of a frame of sound values."""
        return self._summarise(frame)

    @final
    def merge(self, left: Any, right: Any) -> Any:
        """Return the summary of two parts, of which `left` came before `right`."""
        return self._merge(left, right)

    @final
    def judge(self, summary: Any) -> Verdict:
        """Return the verdict on a table with this summary.

        Raises `ArgumentError` when `_judge` returns neither a truth value nor a `Verdict`, and whatever `_judge`
        raises: then the rule could not run.
        """
        verdict = self._judge(summary)
        ok = verdict.ok if isinstance(verdict, Verdict) else verdict
        if not isinstance(ok, bool) and type(ok).__name__ not in {"bool", "bool_"}:  # numpy's, under both its names
            raise ArgumentError(
                f"{type(self).__name__}._judge returned {type(verdict).__name__}"
                f"{f' whose ok is of type {type(ok).__name__}' if isinstance(verdict, Verdict) else ''}",
                hint="return True, False or a `Verdict`.",
            )
        return replace(verdict, ok=bool(ok)) if isinstance(verdict, Verdict) else Verdict(bool(ok))
