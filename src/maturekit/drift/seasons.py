"""Season classes learned from timestamps: which days of the week and which hours are alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from maturekit._core.frames import Table, as_frame
from maturekit.drift.encoding import Encoding
from maturekit.errors import ArgumentError, ArgumentTypeError, NotEnoughEvidenceError, NotFoundError, TableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Seasons"]

_WEEKS: Mapping[str, Sequence[str]] = {
    "every day alike": [""] * 7,
    "working days and weekends": ["working day"] * 5 + ["weekend"] * 2,
    "working days, Saturdays, Sundays": ["working day"] * 5 + ["Saturday", "Sunday"],
    "every day of the week": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
}
_HOURS: Mapping[str, Sequence[str]] = {
    "every hour alike": [""] * 24,
    "day and night": ["night"] * 6 + ["day"] * 16 + ["night"] * 2,
    "quarters of the day": [f"{first:02d}-{first + 6:02d} h" for first in (0, 6, 12, 18) for _ in range(6)],
    "every hour": [f"{hour:02d} h" for hour in range(24)],
}
_FEWEST = 14
_EACH = 3  # a class of fewer batches could not be predicted from the others in it
_MOST_ROWS = 500_000


@dataclass(frozen=True, slots=True)
class Seasons:
    """Which season class a moment belongs to: a class of weekdays, a class of hours, or both.

    Parameters
    ----------
    weekdays : tuple of str, length 7
        Class of each weekday from Monday on; all empty when weekdays are alike.
    hours : tuple of str, length 24
        Class of each hour of the day; all empty when hours are alike.

    Examples
    --------
    Twelve weeks with more sales on Saturdays and Sundays:

    >>> days = pd.date_range("2024-01-01", periods=84, freq="D").repeat(50)
    >>> rng = np.random.default_rng(0)
    >>> sales = pd.DataFrame({"day": days, "amount": rng.normal(10, 2, len(days)) + 2 * (days.day_of_week >= 5)})
    >>> seasons = Seasons.learn(sales, time="day", batches="day")
    >>> seasons.of("2024-06-01"), seasons.of("2024-06-03")
    ('weekend', 'working day')
    >>> sorted(set(seasons.labels(sales["day"])))
    ['weekend', 'working day']
    """

    weekdays: tuple[str, ...] = ("",) * 7
    hours: tuple[str, ...] = ("",) * 24

    def __post_init__(self) -> None:
        """Check the lengths."""
        object.__setattr__(self, "weekdays", tuple(self.weekdays))
        object.__setattr__(self, "hours", tuple(self.hours))
        if (len(self.weekdays), len(self.hours)) != (7, 24):
            raise ArgumentError(
                f"seasons need a class for 7 weekdays and 24 hours, got {len(self.weekdays)} and {len(self.hours)}"
            )

    @classmethod
    def learn(cls, frame: Table, *, time: str, batches: str) -> Self:
        """Choose the simplest classes that predict a batch from the others of its class as well as any.

        Each batch is described by the mean rank of every column; a candidate is judged by how well the mean of the
        *other* batches of a class predicts the batch left out, and the coarsest one is taken whose error is within one
        standard error of the least. Weekdays are divided as working days and weekends, with Saturday and Sunday apart,
        or all seven; hours as day and night, in quarters, or all 24.

        Parameters
        ----------
        frame : table
            The reference with a column of moments; of more than 500,000 rows, so many evenly spaced ones are used.
        time : str
            That column. Local time is what seasons follow, so let it be local.
        batches : {"day", "hour"}
            What one batch is going to be. Hours of the day matter only if a batch is an hour.

        Raises
        ------
        NotEnoughEvidenceError
            There are fewer than 14 batches.
        """
        if batches not in {"day", "hour"}:
            raise ArgumentError(f"batches must be 'day' or 'hour', got {batches!r}")
        frame = as_frame(frame)
        frame = frame.iloc[:: max(1, len(frame) // _MOST_ROWS)]
        moments = _moments(frame, time)
        frame, moments = frame.loc[moments.notna().to_numpy()], moments.dropna()
        marks, means = _means(frame.drop(columns=time), moments.dt.floor("D" if batches == "day" else "h"))
        if len(means) < _FEWEST:
            raise NotEnoughEvidenceError(
                f"seasons need at least {_FEWEST} batches, got {len(means)}",
                hint="pass a longer reference, or state the classes yourself.",
            )
        hours = _HOURS.values() if batches == "hour" else [[""] * 24]
        wanted = [cls(tuple(week), tuple(hour)) for week in _WEEKS.values() for hour in hours]
        wanted.sort(key=lambda seasons: len(set(seasons.labels(marks))))
        judged = [(seasons, _left_out(means, seasons.labels(marks))) for seasons in wanted]
        losses = [(seasons, loss) for seasons, loss in judged if loss is not None]
        _, least = min(losses, key=lambda case: float(case[1].mean()))
        for seasons, loss in losses:
            worse = loss - least
            if worse.mean() <= worse.std() / np.sqrt(len(worse)):
                return seasons
        raise AssertionError("the best candidate is no worse than itself")

    def of(self, moment: str | date | datetime) -> str:
        """Return the class of a moment, for `Monitor.update(..., season=...)`.

        >>> Seasons(hours=["night"] * 6 + ["day"] * 18).of("2024-06-01 05:59")
        'night'
        """
        return str(self.labels([moment])[0])

    def labels(self, moments: Any) -> NDArray[np.object_]:
        """Return the class of each moment, for `Profile.of(..., classes=...)`.

        Raises `TableError` where one is missing, or is no moment (a number is none, since its unit is unknown).
        """
        index = _index(moments, what="the list")
        if index.hasnans:
            raise TableError(f"{int(np.sum(index.isna()))} moments are missing", hint="leave those rows out.")
        table = np.array([[_joined(week, hour) for hour in self.hours] for week in self.weekdays], dtype=object)
        return np.asarray(table[index.day_of_week, index.hour])

    def __repr__(self) -> str:
        """Return the classes."""
        names = dict.fromkeys(_joined(week, hour) for week in self.weekdays for hour in self.hours)
        return f"Seasons({', '.join(map(repr, names))})"


def _joined(week: str, hour: str) -> str:
    return " ".join(part for part in (week, hour) if part) or "all"


def _moments(frame: pd.DataFrame, time: str) -> pd.Series[Any]:
    if time not in frame.columns:
        raise NotFoundError.named("column of moments", time, known=frame.columns)
    return pd.Series(_index(frame[time], what=f"column {time!r}"), index=frame.index)


def _index(moments: Any, *, what: str) -> pd.DatetimeIndex:
    if not pd.api.types.is_list_like(moments):
        raise ArgumentTypeError(f"{what} must be a list, an array or a column, got {moments!r}")
    moments = pd.Index(moments if hasattr(moments, "__array__") else list(moments))
    if pd.api.types.is_numeric_dtype(moments.dtype):
        raise TableError(
            f"{what} cannot be read as moments: it holds numbers", hint="convert it by `pd.to_datetime(..., unit=...)`."
        )
    try:
        return pd.DatetimeIndex(moments)
    except (TypeError, ValueError, OverflowError) as error:
        raise TableError(
            f"{what} cannot be read as moments: {error}", hint="convert it by `pd.to_datetime`."
        ) from error


def _means(frame: pd.DataFrame, marks: pd.Series[Any]) -> tuple[pd.DatetimeIndex, NDArray[np.float64]]:
    """Return the batches and the mean rank of every column in each, in standard deviations over batches."""
    numbers = pd.DataFrame(Encoding.learn(frame).encoded(frame), index=frame.index)
    means = (numbers.rank(pct=True) - 0.5).fillna(0.0).groupby(marks).mean()
    values = means.to_numpy()
    spread = values.std(axis=0)
    values = (values - values.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    return pd.DatetimeIndex(means.index), np.asarray(values)


def _left_out(means: NDArray[np.float64], labels: NDArray[np.object_]) -> NDArray[np.float64] | None:
    """Return the squared error of predicting each batch from the others of its class; None if a class is too small."""
    codes, _ = pd.factorize(labels)
    counts = np.bincount(codes)
    if counts.min() < _EACH:
        return None
    sums = np.zeros((len(counts), means.shape[1]))
    np.add.at(sums, codes, means)
    others = (sums[codes] - means) / (counts[codes] - 1)[:, None]
    return np.asarray(((means - others) ** 2).sum(axis=1))
