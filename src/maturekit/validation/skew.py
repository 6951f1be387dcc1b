"""Training / serving skew: the same keys in two tables, and the features whose values are not the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit._core.clock import Clock, utc_now
from maturekit._core.frames import Table, as_frame
from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError
from maturekit.reports import Certainty, Finding, Report, Status
from maturekit.schema import Schema
from maturekit.validation.fingerprint import fingerprint
from maturekit.validation.pairing import Pairs
from maturekit.validation.reading import read

if TYPE_CHECKING:
    import pandas as pd

    from maturekit.schema import Column
    from maturekit.validation.cells import Cells, Mask

__all__ = ["skew"]

_NULL, _WRONG, _INFINITE = 1, 2, 3


def skew(
    training: Table,
    serving: Table,
    schema: Schema,
    *,
    on: str | Sequence[str],
    within: float = 1e-6,
    at_most: float = 0.0,
    confidence: float = 0.95,
    clock: Clock = utc_now,
) -> Report:
    """Compare the features of the same keys in what a model is trained on and what it is served.

    A row of `serving` is compared with the one row of `training` that has its key. Values are compared by what they
    mean under the schema, not by their storage; two nulls are the same, a null and a value are not. A feature has
    *failed* when the share of rows that differ is above `at_most`, at the stated confidence; it has *passed* when the
    share is not above it, and lies between when the rows are too few to say.

    Parameters
    ----------
    training, serving : DataFrame or other table
        The features as training has them, and as they were when predictions were made.
    schema : Schema
        What the columns mean; compared are its columns of role feature.
    on : str or sequence of str
        The columns that make the key; they stand in the schema too.
    within : float, default 1e-6
        Floats are the same if they differ by at most this share of the larger one; it lets single precision pass.
    at_most : float, default 0.0
        The share of rows that may differ.
    confidence : float, default 0.95
        That of the intervals (Wilson).
    clock : callable
        Says the time of the report.

    Returns
    -------
    Report
        Of kind ``"skew"``. The findings: ``partner`` (warning) with the rows of `serving` whose key is missing in
        `training`, has a null or is of another kind; ``ambiguous`` (warning) with those whose key stands in several
        rows of `training`; and for each feature ``same`` or ``present``. All positions are of `serving`. Without any
        pair of rows ``partner`` is *not enough evidence*, an error.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When `on` is empty, a number is out of range, or `schema` is no schema.
    NotFoundError
        When a column of `on` is not in the schema or in a table.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.schema import Column, Schema
    >>> schema = Schema({"id": Column("int", role="key"), "x": Column("float"), "y": Column("string")})
    >>> training = pd.DataFrame({"id": [1, 2, 3], "x": [0.5, 1.5, 2.5], "y": ["a", "b", "c"]})
    >>> serving = pd.DataFrame({"id": [3, 2, 9], "x": [2.5, 7.0, 0.0], "y": ["c", "b", "a"]})
    >>> print(skew(training, serving, schema, on="id").summary())
    skew: failed (2 failed, 2 passed)
      ✗ failed  partner  id  1 rows (33.33%)  no row of training has the key
      ✗ failed  same  x  1 rows (50.00%) [0.09453, 0.9055]  differs between training and serving
    """
    if not isinstance(schema, Schema):
        raise ArgumentTypeError(f"schema must be a Schema, got {type(schema).__name__}")
    if not all(isinstance(share, Real) for share in (within, at_most, confidence)) or (
        not 0 <= within < 1 or not 0 <= at_most < 1 or not 0 < confidence < 1
    ):
        raise ArgumentError(
            f"within={within!r} and at_most={at_most!r} must be from 0 to below 1, confidence={confidence!r} between"
        )
    key = (on,) if isinstance(on, str) else tuple(on) if isinstance(on, Iterable) else ()
    if not key or not all(isinstance(name, str) for name in key):
        raise ArgumentError(f"on={on!r} names no columns", hint="name the columns that make the key.")
    tables = {"training": as_frame(training, what="training"), "serving": as_frame(serving, what="serving")}
    stands = {side: schema.located(frame.columns) for side, frame in tables.items()}
    for name in key:
        if name not in schema.columns:
            raise NotFoundError.named("column in the schema", name, known=schema.columns)
        for side, names in stands.items():
            if name not in names:
                raise NotFoundError.named(f"column in {side}", name, known=tables[side].columns)
    sides = {
        side: {name: frame[stands[side][name]] for name in schema.columns if name in stands[side]}
        for side, frame in tables.items()
    }
    judge = _Judge(schema, key, within, at_most, confidence)
    subjects = {side: fingerprint(frame) for side, frame in tables.items()}
    return Report("skew", judge.findings(**sides), subjects=subjects, time=clock())


@dataclass(frozen=True, slots=True)
class _Judge:
    schema: Schema
    key: tuple[str, ...]
    within: float
    at_most: float
    confidence: float

    def findings(self, training: Mapping[str, pd.Series], serving: Mapping[str, pd.Series]) -> Iterator[Finding]:
        columns = [self.schema.columns[name] for name in self.key]
        pairs = Pairs.of([training[name] for name in self.key], [serving[name] for name in self.key], columns)
        yield from self._partners(pairs)
        for name in self.schema.features:
            if name in self.key:
                continue
            absent = [side for side, table in (("training", training), ("serving", serving)) if name not in table]
            if absent:
                message = f"absent in {' and '.join(absent)}"
                yield Finding("present", "failed", (name,), self.schema.columns[name].severity, message=message)
            elif len(pairs.serving):
                yield self._feature(name, training[name], serving[name], pairs)

    def _partners(self, pairs: Pairs) -> Iterator[Finding]:
        rows = pairs.rows
        for rule, alone, message in (
            ("partner", pairs.alone, "no row of training has the key"),
            ("ambiguous", pairs.ambiguous, "several rows of training have the key"),
        ):
            share = len(alone) / rows if rows else 0.0
            status: Status = "failed" if len(alone) else "passed"
            yield Finding(rule, status, self.key, "warning", len(alone), share, alone, message=message if share else "")
        if not len(pairs.serving):
            message = "no row of serving has exactly one partner, so no feature was compared"
            yield Finding("pairs", "not_enough_evidence", self.key, value=0, unit="pairs", message=message)

    def _feature(self, name: str, training: pd.Series, serving: pd.Series, pairs: Pairs) -> Finding:
        column, rows = self.schema.columns[name], len(pairs.serving)
        other = _differ(training.iloc[pairs.training], serving.iloc[pairs.serving], column, self.within)
        count = int(other.sum())
        share = count / rows
        low, high = _wilson(count, rows, self.confidence)
        status: Status = "passed"
        if share > self.at_most:
            status = "failed" if low > self.at_most else "not_enough_evidence"
        return Finding(
            "same",
            status,
            (name,),
            column.severity,
            count,
            share,
            pairs.serving[other],
            interval=(low, high),
            certainty=Certainty(self.confidence, "confidence"),
            message="differs between training and serving" if count else "",
        )


def _differ(first: pd.Series, second: pd.Series, column: Column, within: float) -> Mask:
    one, two = read(first, column), read(second, column)
    states = _states(one, len(first)), _states(two, len(second))
    other: Mask = states[0] != states[1]
    sound = np.flatnonzero((states[0] == 0) & (states[1] == 0))
    other[sound] = _unequal(one.at(sound, column), two.at(sound, column), within)
    odd = np.flatnonzero(~other & (states[0] >= _WRONG))  # both infinite, or both of another kind
    other[odd] = _unlike(first.iloc[odd].tolist(), second.iloc[odd].tolist())
    return other


def _states(cells: Cells, rows: int) -> Any:
    states = np.zeros(rows, dtype=np.int8)
    states[cells.null], states[cells.wrong], states[cells.infinite] = _NULL, _WRONG, _INFINITE
    return states


def _unequal(one: Any, two: Any, within: float) -> Mask:
    kinds = one.dtype.kind + two.dtype.kind
    if kinds in {"MM", "mm"}:
        if getattr(one.dt, "tz", None) is None and getattr(two.dt, "tz", None) is None:
            return np.asarray(one.to_numpy() != two.to_numpy())
        return np.asarray(one != two) if one.dt.tz == two.dt.tz else np.ones(len(one), dtype=np.bool_)
    if set(kinds) <= set("f"):
        with np.errstate(over="ignore"):  # a difference beyond all floats is one
            return np.asarray(np.abs(one - two) > within * np.maximum(np.abs(one), np.abs(two)))
    if set(kinds) <= set("biu"):
        return np.asarray(one != two)
    return _unlike(list(one), list(two))


def _unlike(one: Sequence[Any], two: Sequence[Any]) -> Mask:
    return np.fromiter((a is not b and not _equal(a, b) for a, b in zip(one, two, strict=True)), np.bool_, len(one))


def _equal(one: Any, two: Any) -> bool:
    try:
        return bool(one == two)
    except Exception:  # noqa: BLE001  # cells of any type: what cannot be compared is not the same
        return False


def _wilson(count: int, rows: int, confidence: float) -> tuple[float, float]:
    """Return Wilson's interval of a share; `statistics.share` has the same, and loads SciPy."""
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    share = count / rows
    centre = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = (z2 * (share * (1 - share) + z2 / (4 * rows)) / rows) ** 0.5 / (1 + z2 / rows)
    return (0.0 if count == 0 else centre - half), (1.0 if count == rows else centre + half)
