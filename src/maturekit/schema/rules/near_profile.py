"""How far the distribution of a column may be from that in a profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from maturekit.errors import ArgumentError, ArgumentTypeError, NotEnoughEvidenceError, NotFoundError, SchemaError
from maturekit.schema.table_rule import TableRule, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NearProfile"]

Name = str  # a text that names no column


class NearProfile(TableRule):
    """The distribution of a column is close to that in a `maturekit.profile.Profile`.

    The distance is total variation over the profile's bins or values: half the sum of the absolute differences of the
    shares, from 0 (equal) to 1 (nothing in common). Rows without a sound value are left out on both sides.

    A sample of the same source is never at distance 0: `n` rows over `k` bins of equal share are expected at about
    ``sqrt(k / (2 * pi * n))``, which is 0.07 for 1,000 rows and 33 bins. For alarms at a stated rate, use
    `maturekit.drift`.

    Parameters
    ----------
    column : str
        Name of the column, here and in the profile.
    profile : str
        The name the profile is passed under: ``validate(frame, schema, references={"january": profile})``.
    within : float
        The largest distance that passes, above 0 and below 1.
    severity
        As in `Rule`.

    Examples
    --------
    >>> import pandas as pd
    >>> from datetime import UTC, datetime
    >>> from maturekit.profile import Profile
    >>> january = Profile.of(pd.DataFrame({"origin": ["JFK", "EWR"] * 50}))
    >>> rule = NearProfile("origin", "january", within=0.1).given({"january": january}, datetime.now(UTC))
    >>> rule.judge(rule.summarise(pd.DataFrame({"origin": ["JFK"] * 3 + ["EWR"]}))).value
    0.25
    """

    column: str
    profile: Name
    within: float

    def __post_init__(self) -> None:
        """Check the distance."""
        super().__post_init__()
        if not isinstance(self.profile, str) or not self.profile:
            raise SchemaError(
                f"NearProfile stores the name of a profile, got {type(self.profile).__name__}",
                hint='write NearProfile("age", "january", within=0.1) and pass references={"january": profile}.',
            )
        if not isinstance(self.within, float) or not 0 < self.within < 1:
            raise SchemaError(f"within={self.within!r} is no share above 0 and below 1")

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield one with a profile of three numbers, which stands for a real one."""
        yield cls("a", "before", 0.5).given({"before": _Example()}, datetime(2013, 1, 1, tzinfo=UTC))

    @property
    def words(self) -> str:
        """What must hold, for messages."""
        return f"the distribution of {self.column} must be within {self.within:g} of {self.profile!r}"

    def _given(self, references: Mapping[str, object], now: datetime) -> Self:  # noqa: ARG002  # time does not matter
        columns = getattr(self._reference(references, self.profile), "columns", None)
        if not isinstance(columns, Mapping):
            raise ArgumentTypeError(
                f"{self!r}: the reference {self.profile!r} is no profile",
                hint="pass `maturekit.profile.Profile.of(frame)`.",
            )
        if self.column not in columns:
            missing = NotFoundError.named("column", self.column, known=columns)
            raise NotFoundError(f"the profile {self.profile!r}: {missing.message}", name=self.column, hint=missing.hint)
        return self._carrying(_before=columns[self.column])

    def _summarise(self, frame: pd.DataFrame) -> Any:
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

        return np.asarray(self._known().count(frame[self.column]).cells)

    def _judge(self, summary: Any) -> Verdict:
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

        before = np.asarray(self._known().cells)
        if not before.sum() or not summary.sum():
            raise NotEnoughEvidenceError(f"{self!r}: there are no values of {self.column!r} to compare")
        distance = float(np.abs(before / before.sum() - summary / summary.sum()).sum() / 2)
        ok = distance <= self.within
        message = "" if ok else f"{self.words}; the total variation distance is {distance:.3g}"
        return Verdict(ok, value=distance, unit="total variation", message=message)

    def _known(self) -> Any:
        before = getattr(self, "_before", None)
        if before is None:
            raise ArgumentError(f"{self!r} was not given its profile", hint="call rule.given(references, now) first.")
        return before


class _Example:
    """What a rule needs of a profile, over the sign of numbers."""

    def __init__(self, cells: tuple[int, ...] = (1, 2, 3)) -> None:
        self.cells = cells

    @property
    def columns(self) -> Mapping[str, _Example]:
        return {"a": self}

    def count(self, series: pd.Series) -> _Example:
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

        signs = np.sign(series.to_numpy(dtype=np.float64)).astype(np.int64) + 1
        return _Example(tuple(np.bincount(signs, minlength=3).tolist()))
