"""Rules about one row at a time: two lines of a user's own, and every path knows them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, ClassVar, final

from maturekit.errors import ArgumentError
from maturekit.schema.rule import Rule

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["RowRule"]


class RowRule(Rule, ABC):
    """A relation between the columns of one row.

    Write a rule by naming its parameters as in a dataclass and defining `_holds`.

    `_holds` never meets a null, an infinity or a value of the wrong kind: the one null rule is that a row passes when
    any of the rule's columns is null there, and rows broken in another way are the column's to report. A rule about
    nulls themselves lists columns in `presence`, and gets truth values for them. It judges each row by itself, so that
    a row gets one verdict alone and among others.

    Parameters
    ----------
    severity, mostly
        As in `Rule`.

    Examples
    --------
    >>> class Near(RowRule):
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
    >>> rule.keeps({"a": 1.0, "b": 2.0})
    True
    """

    about: ClassVar[str] = "rows"
    judges_records: ClassVar[bool] = True

    @property
    def presence(self) -> tuple[str, ...]:
        """Those of its columns of which the rule is only told whether a value is there: True, or False for a null."""
        return ()

    @abstractmethod
    def _holds(self, frame: pd.DataFrame) -> ArrayLike:
        """Return one truth value a row: whether the row keeps the rule; `frame` holds the rule's columns only."""

    def _holds_one(self, record: Mapping[str, Any]) -> bool:
        """Return whether one record keeps the rule; override it where a one-row frame is too slow."""
        import pandas as pd  # noqa: PLC0415  # rules that override this never pay for pandas

        return not self.breaking(pd.DataFrame({name: _column(record[name]) for name in self.columns}))[0]

    @final
    def breaking(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which rows of a frame of sound values break the rule, as an array of bool.

        A Series may come in another order of rows. Raises `ArgumentError` when `_holds` does not return one truth value
        a row.
        """
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy
        import pandas as pd  # noqa: PLC0415  # see above

        rows = frame.index  # a rule may change its frame
        answer = self._holds(frame)
        if isinstance(answer, pd.Series) and not answer.index.equals(rows):
            if len(answer) != len(rows) or not answer.index.isin(rows).all() or not answer.index.is_unique:
                raise ArgumentError(
                    f"{type(self).__name__}._holds returned {len(answer)} rows, which are not the {len(rows)} of its frame",
                    hint="return one bool a row, under the label of the row.",
                )
            answer = answer.reindex(rows)
        if isinstance(answer, pd.Series) and answer.dtype.kind == "b" and not answer.hasnans:
            answer = answer.to_numpy(dtype=np.bool_)  # Arrow's and nullable truth values become objects otherwise
        holds = np.asarray(answer)
        if holds.dtype != np.bool_ or holds.shape != (len(rows),):
            raise ArgumentError(
                f"{type(self).__name__}._holds returned {holds.dtype} of shape {holds.shape} for {len(rows)} rows",
                hint="return one bool a row, such as `frame[a] <= frame[b]`.",
            )
        return ~holds

    @final
    def keeps(self, record: Mapping[str, Any]) -> bool:
        """Return whether one record of sound values keeps the rule."""
        return bool(self._holds_one(record))


def _column(value: Any) -> Any:
    """Return the column of one value as a frame holds it: aware moments in UTC, and days as their first moment."""
    import numpy as np  # noqa: PLC0415  # see above
    import pandas as pd  # noqa: PLC0415  # see above

    if not isinstance(value, date):
        return [value]
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    aware = moment.tzinfo is not None
    if aware:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    # older pandas keeps nanoseconds of what is plain, which reach from 1677 to 2262 only
    column = pd.Series([moment] if isinstance(moment, pd.Timestamp) else np.array([moment], dtype="M8[us]"))
    return column.dt.tz_localize("UTC") if aware else column
