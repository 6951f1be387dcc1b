"""How old the newest row may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Self

from maturekit.errors import ArgumentError, SchemaError
from maturekit.schema.table_rule import TableRule, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from maturekit.schema.column import Column

__all__ = ["Fresh"]


class Fresh(TableRule):
    """The newest moment of a column is recent, when the table is judged.

    Moments after that time do not count, so that one wrong row in the future does not make an old table fresh. Moments
    without a zone are taken as UTC, and a date as its first moment. A table without moments fails.

    Parameters
    ----------
    column : str
        Name of a column of kind datetime or date.
    within : timedelta
        How old the newest moment may be; above zero.
    severity
        As in `Rule`.

    Examples
    --------
    >>> import pandas as pd
    >>> rule = Fresh("time", within=timedelta(hours=6)).given({}, datetime(2013, 1, 2, 12, tzinfo=UTC))
    >>> times = pd.to_datetime(["2013-01-01 09:00", "2013-01-02 05:00", "2031-01-01 00:00"])
    >>> verdict = rule.judge(rule.summarise(pd.DataFrame({"time": times})))
    >>> verdict.ok, verdict.value, verdict.unit
    (False, 25200.0, 's')
    >>> verdict.message
    'the newest time must be at most 6:00:00 old, and is 7:00:00'
    """

    column: str
    within: timedelta

    def __post_init__(self) -> None:
        """Check the age."""
        super().__post_init__()
        if type(self.within) is not timedelta or self.within <= timedelta(0):
            raise SchemaError(
                f"within={self.within!r} is no age", hint="write a timedelta above zero, such as timedelta(hours=6)."
            )

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a rule as it is judged on New Year's Day of 2013 and in the year 2100."""
        rule = cls("a", timedelta(days=30))
        yield rule.given({}, datetime(2013, 1, 1, tzinfo=UTC))
        yield rule.given({}, datetime(2100, 1, 1, tzinfo=UTC))

    @property
    def words(self) -> str:
        """What must hold, for messages."""
        return f"the newest {self.column} must be at most {self.within} old"

    def _fits(self, columns: Mapping[str, Column]) -> None:
        if columns[self.column].kind not in {"datetime", "date"}:
            raise SchemaError(f"{self!r} needs moments, and {self.column!r} is of kind {columns[self.column].kind!r}")

    def _given(self, references: Mapping[str, object], now: datetime) -> Self:  # noqa: ARG002  # only the time matters
        return self._carrying(_now=now.astimezone(UTC))

    def _summarise(self, frame: pd.DataFrame) -> Any:
        import pandas as pd  # noqa: PLC0415  # a schema that is only read or written does not pay for pandas

        now = getattr(self, "_now", None)
        if now is None:
            raise ArgumentError(f"{self!r} was not told the time", hint="call rule.given(references, now) first.")
        moments = frame[self.column]
        if moments.dtype.kind == "M":
            aware = getattr(moments.dt, "tz", None) is not None
            newest = moments[moments <= pd.Timestamp(now if aware else now.replace(tzinfo=None))].max()
            return None if newest is pd.NaT else _in_utc(newest)
        return max((moment for moment in map(_in_utc, moments) if moment <= now), default=None)

    def _merge(self, left: Any, right: Any) -> Any:
        return max((newest for newest in (left, right) if newest is not None), default=None)

    def _judge(self, summary: Any) -> Verdict:
        if summary is None:
            return Verdict(False, message=f"{self.words}, and there is none up to now")
        age = getattr(self, "_now", summary) - summary
        ok = bool(age <= self.within)
        message = "" if ok else f"{self.words}, and is {timedelta(seconds=int(age.total_seconds()))}"
        return Verdict(ok, value=age.total_seconds(), unit="s", message=message)


def _in_utc(moment: Any) -> Any:
    if not isinstance(moment, date):
        raise TypeError(type(moment).__name__)
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(), UTC)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
