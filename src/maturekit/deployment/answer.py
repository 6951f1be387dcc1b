"""An answer of a model: values for the rows that got one, reasons for the others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit.deployment.call import Call
from maturekit.deployment.values import count_of, joined, one_of
from maturekit.errors import ArgumentError, RejectedRecordError, RejectedRowsError
from maturekit.reports import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Answer", "Share"]

Mark = tuple[str, tuple[str, ...]]
"""Status and reasons of a row."""

_ABSENT: Any = object()


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """Who answered some rows of a call that several models answered together.

    Attributes
    ----------
    places : array of int64
        Row numbers in the call, ascending.
    arm : str
        ``"champion"``, ``"challenger"``, ``"fallback"``, ...
    version, digest : str or None
        As in `Answer`.

    Examples
    --------
    >>> share = Share(np.array([0, 3]), arm="challenger", version="late-flights:7")
    >>> share.places.tolist(), share.arm
    ([0, 3], 'challenger')
    """

    places: NDArray[np.int64]
    arm: str = ""
    version: str | None = None
    digest: str | None = None


class Answer:
    """What came back for a `Call`, possibly for some of its rows only.

    Whoever gets an answer may change it before passing it on.

    Parameters
    ----------
    values : array
        One output a row, for the rows at `places`.
    rows : int
        How many rows were asked about.
    places : array of int64, optional
        Row numbers that `values` belong to, ascending; None for all rows.
    marks : mapping of int to (str, tuple of str), optional
        Status and reasons of every row that is not simply ``"ok"``: ``"rejected"`` (the input broke the contract),
        ``"invalid"`` (the output did), ``"failed"`` (the model raised), and ``"filled"`` for a value that came from
        a fallback.
    findings : iterable of Finding
        What was found about the whole.
    request, method : str
        As in the call.
    version, digest : str, optional
        Reference and digest of the version that answered.
    arm : str
        Which model answered, where there was a choice: ``"champion"``, ``"challenger"``, ``"fallback"``.
    seconds : float
        How long it took, measured by the outermost wrapper; until then, how long the model alone took.

    Examples
    --------
    >>> import numpy as np
    >>> answer = Answer(np.array([0.25]), rows=2, places=np.array([1]), marks={0: ("rejected", ("nullable:age",))})
    >>> answer.status
    ['rejected', 'ok']
    >>> answer.to_frame().values.tolist()
    [['rejected', 'nullable:age', nan], ['ok', '', 0.25]]
    >>> answer.all()
    Traceback (most recent call last):
    maturekit.errors.RejectedRowsError: 1 of 2 rows got no answer: nullable:age (1 row)
    <BLANKLINE>
    Hint: `handle(Call(...))` returns the answers of the other rows; this error carries them as `answer`.
    """

    rows: int = 1
    places: NDArray[np.int64] | None = None
    marks: Mapping[int, Mark] = MappingProxyType({})
    findings: tuple[Finding, ...] = ()
    version: str | None = None
    digest: str | None = None
    arm: str = ""
    shares: tuple[Share, ...] = ()
    """Who answered which rows, if several models did; then `version` is None where they differ."""
    seconds: float = math.nan
    _request: str = ""
    _call: Call | None = None
    _values: Any = None
    _one: Any = _ABSENT
    _dtype: Any = None

    def __init__(
        self,
        values: Any,
        *,
        rows: int,
        places: NDArray[np.int64] | None = None,
        marks: Mapping[int, Mark] | None = None,
        findings: tuple[Finding, ...] = (),
        request: str = "",
        method: str = "predict",
        version: str | None = None,
        digest: str | None = None,
        arm: str = "",
        seconds: float = math.nan,
    ) -> None:
        self._values = values
        self.rows = rows
        self.places = places
        if marks:
            self.marks = marks
        self.findings = findings
        self._request = request
        self.method = method
        self.version = version
        self.digest = digest
        self.arm = arm
        self.seconds = seconds

    @classmethod
    def of_one(cls, value: Any, dtype: Any, call: Call) -> Answer:
        """Return the answer about one record, from the plain value and the dtype that an array of it has."""
        answer = cls.__new__(cls)
        answer._one = value  # noqa: SLF001  # the same class
        answer._dtype = dtype  # noqa: SLF001  # the same class
        answer._call = call  # noqa: SLF001  # the same class
        answer.method = call.method
        return answer

    @classmethod
    def merged(cls, call: Call, parts: Sequence[tuple[NDArray[np.int64], Answer]]) -> Answer:
        """Return the answers of several models about parts of a call as one answer about all of it.

        Every row of the call is in the `places` of exactly one part. The values are joined as `values.joined` says: what
        the parts return must have the same columns, and the same number of outputs.

        >>> call = Call(frame=[[0.0], [1.0]], request="7f3a")
        >>> first, second = (Answer(np.array([value]), rows=1, version=f"m:{value}") for value in (1, 2))
        >>> merged = Answer.merged(call, [(np.array([1]), first), (np.array([0]), second)])
        >>> merged.values.tolist(), [(share.places.tolist(), share.version) for share in merged.shares]
        ([2, 1], [([1], 'm:1'), ([0], 'm:2')])
        """
        shares: list[Share] = []
        marks: dict[int, Mark] = {}
        answered: list[NDArray[np.int64]] = []
        for places, answer in parts:
            if len(parts) > 1:
                answer._check_count()  # noqa: SLF001  # the same class
            marks.update({int(places[row]): mark for row, mark in answer.marks.items()})
            answered.append(places if answer.places is None else places[answer.places])
            inner = answer.shares or (Share(np.arange(answer.rows), answer.arm, answer.version, answer.digest),)
            shares += [Share(places[each.places], each.arm, each.version, each.digest) for each in inner]
        order = np.concatenate(answered)
        sorting = np.argsort(order, kind="stable")
        merged = cls(
            joined([answer.values for _, answer in parts if answer.rows and count_of(answer.values) != 0], sorting),
            rows=call.rows,
            places=None if len(order) == call.rows else order[sorting],
            marks=dict(sorted(marks.items())),
            findings=tuple(finding for _, answer in parts for finding in answer.findings),
            request=call.request,
            method=call.method,
        )
        merged.version, merged.digest = _common([(each.version, each.digest) for each in shares])
        merged.shares = tuple(shares)
        return merged

    @property
    def request(self) -> str:
        """Id of the question."""
        return self._call.request if self._call is not None else self._request

    @property
    def values(self) -> Any:
        """One output a row, for the rows at `places`."""
        if self._values is None and self._one is not _ABSENT:
            self._values = np.array([self._one], dtype=self._dtype)
        return self._values

    @values.setter
    def values(self, values: Any) -> None:
        self._values = values
        self._one = _ABSENT

    @property
    def ok(self) -> bool:
        """Whether every row got an answer."""
        return self.places is None

    @property
    def status(self) -> list[str]:
        """Status of every row: ``"ok"``, ``"rejected"``, ``"invalid"``, ``"failed"``, ``"filled"``."""
        return [self.marks[row][0] if row in self.marks else "ok" for row in range(self.rows)]

    @property
    def reasons(self) -> list[tuple[str, ...]]:
        """Reasons of every row: names of rules with their columns, never a value; empty for ``"ok"``."""
        return [self.marks[row][1] if row in self.marks else () for row in range(self.rows)]

    def all(self) -> Any:
        """Return one value for every row, or raise `RejectedRowsError`, which carries this answer."""
        if self.places is None:
            return self.values
        unanswered = set(range(self.rows)).difference(self.places.tolist())
        counts = Counter(reason for row in unanswered for reason in self.marks.get(row, ("", ()))[1])
        shown = ", ".join(f"{reason} ({count} row{'s' * (count > 1)})" for reason, count in counts.most_common(5))
        more = f" and {len(counts) - 5} more reasons" if len(counts) > 5 else ""
        raise RejectedRowsError(
            f"{len(unanswered)} of {self.rows} rows got no answer: {shown}{more}",
            answer=self,
            hint="`handle(Call(...))` returns the answers of the other rows; this error carries them as `answer`.",
        )

    def one(self) -> Any:
        """Return the value of the only row as plain Python, or raise `RejectedRecordError`, which names every reason.

        A number, text or truth value; a list where a row has several, such as probabilities.
        """
        if self._one is not _ABSENT:
            return self._one
        if self.rows != 1:
            raise ArgumentError(f"this answer is about {self.rows} rows, not one", hint="`all` returns them.")
        if self.places is None:
            self._check_count()
            return one_of(self._values)
        status, reasons = self.marks[0]
        raise RejectedRecordError(
            f"the record was {'rejected' if status == 'rejected' else 'not answered'}: {', '.join(reasons)}",
            answer=self,
            hint="`error.answer.findings` says more of each." if self.findings else "",
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each row asked about: ``status``, ``reasons`` and the value or values."""
        table = pd.DataFrame({"status": self.status, "reasons": [", ".join(why) for why in self.reasons]})
        self._check_count()
        values = self.values if isinstance(self.values, pd.DataFrame) else pd.DataFrame(np.asarray(self.values))
        if values.shape[1] == 1:
            values.columns = ["value"]
        values = values.set_axis(range(self.rows) if self.places is None else self.places).reindex(range(self.rows))
        return pd.concat([table, values], axis=1)

    def _check_count(self) -> None:
        asked = self.rows if self.places is None else len(self.places)
        count = count_of(self.values)
        if count != asked:
            returned = type(self.values).__name__ if count is None else f"{count} rows"
            raise RejectedRowsError(
                f"the model was asked about {asked} row{'s' * (asked != 1)} and returned {returned}",
                answer=self,
                hint="a model must return one output a row; `Guarded` marks what does not as 'invalid'.",
            )

    def lifted(self, call: Call, *, places: NDArray[np.int64], marks: Mapping[int, Mark]) -> Answer:
        """Return this answer about the rows at `places` as an answer about all rows of the outer `call`.

        `marks` are those of the rows that were not asked about.
        """
        inner = places if self.places is None else places[self.places]
        self.marks = {**marks, **{int(places[row]): mark for row, mark in self.marks.items()}}
        self.places = None if len(inner) == call.rows else inner
        self.shares = tuple(Share(places[each.places], each.arm, each.version, each.digest) for each in self.shares)
        self.rows = call.rows
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what is answered, not what was asked."""
        state = {**vars(self), "_values": self.values, "_request": self.request, "_call": None}
        state.pop("_one", None)
        return state

    def __repr__(self) -> str:
        """Return method, number of answered rows and version, never a value."""
        answered = self.rows if self.places is None else len(self.places)
        by = f" by {self.version}" if self.version else ""
        return f"<Answer {self.method}: {answered} of {self.rows} rows{by}>"


def _common(versions: Sequence[tuple[str | None, str | None]]) -> tuple[str | None, str | None]:
    return versions[0] if len(set(versions)) == 1 else (None, None)
