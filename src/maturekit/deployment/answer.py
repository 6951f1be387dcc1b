"""An answer of a model: values for the rows that got one, reasons for the others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit.deployment.call import Call
from maturekit.errors import RejectedRecordError, RejectedRowsError
from maturekit.reports import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Answer"]

Mark = tuple[str, tuple[str, ...]]
"""Status and reasons of a row."""


class Answer:
    """What came back for a `Call`, possibly for some of its rows only.

    Parameters
    ----------
    values : array
        One output a row, for the rows at `places`.
    rows : int
        How many rows were asked about.
    places : array of int64, optional
        Row numbers that `values` belong to, ascending; None for all rows.
    marks : mapping of int to (str, tuple of str), optional
        Status (``"rejected"``: the input broke the contract; ``"invalid"``: the output did) and reasons of every row
        that is not simply ``"ok"``.
    findings : iterable of Finding
        What was found about the whole.
    request, method : str
        As in the call.
    version, digest : str, optional
        Reference and digest of the version that answered.
    seconds : float
        How long it took, measured by the outermost wrapper.

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

    __slots__ = (
        "digest", "findings", "marks", "method", "places", "request", "rows", "seconds", "values", "version",
    )  # fmt: skip

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
        seconds: float = math.nan,
    ) -> None:
        self.values = values
        self.rows = rows
        self.places = places
        self.marks = marks or {}
        self.findings = findings
        self.request = request
        self.method = method
        self.version = version
        self.digest = digest
        self.seconds = seconds

    @property
    def ok(self) -> bool:
        """Whether every row got an answer."""
        return self.places is None

    @property
    def status(self) -> list[str]:
        """Status of every row: ``"ok"``, ``"rejected"``, ``"invalid"``."""
        return [self.marks[row][0] if row in self.marks else "ok" for row in range(self.rows)]

    @property
    def reasons(self) -> list[tuple[str, ...]]:
        """Reasons of every row: names of rules with their columns, never a value; empty for ``"ok"``."""
        return [self.marks[row][1] if row in self.marks else () for row in range(self.rows)]

    def all(self) -> Any:
        """Return one value for every row, or raise `RejectedRowsError`, which carries this answer."""
        if self.places is None:
            return self.values
        refused = self.rows - len(self.places)
        counts = Counter(reason for _, reasons in self.marks.values() for reason in reasons)
        shown = ", ".join(f"{reason} ({count} row{'s' * (count > 1)})" for reason, count in counts.most_common(5))
        more = f" and {len(counts) - 5} more reasons" if len(counts) > 5 else ""
        raise RejectedRowsError(
            f"{refused} of {self.rows} rows got no answer: {shown}{more}",
            answer=self,
            hint="`handle(Call(...))` returns the answers of the other rows; this error carries them as `answer`.",
        )

    def one(self) -> Any:
        """Return the value of the only row, or raise `RejectedRecordError`, which names every reason."""
        if self.places is None:
            return self.values[0]
        status, reasons = self.marks[0]
        raise RejectedRecordError(
            f"the record was {'rejected' if status == 'rejected' else 'not answered'}: {', '.join(reasons)}",
            answer=self,
            hint="`error.answer.findings` says more of each." if self.findings else "",
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each row asked about: ``status``, ``reasons`` and the value or values."""
        table = pd.DataFrame({"status": self.status, "reasons": [", ".join(why) for why in self.reasons]})
        values = self.values if isinstance(self.values, pd.DataFrame) else pd.DataFrame(np.asarray(self.values))
        if values.shape[1] == 1:
            values.columns = ["value"]
        values = values.set_axis(range(self.rows) if self.places is None else self.places).reindex(range(self.rows))
        return pd.concat([table, values], axis=1)

    def lifted(self, call: Call, *, places: NDArray[np.int64], marks: Mapping[int, Mark]) -> Answer:
        """Return this answer about the rows at `places` as an answer about all rows of the outer `call`.

        `marks` are those of the rows that were not asked about.
        """
        inner = places if self.places is None else places[self.places]
        self.marks = {**marks, **{int(places[row]): mark for row, mark in self.marks.items()}}
        self.places = None if len(inner) == call.rows else inner
        self.rows = call.rows
        return self

    def __repr__(self) -> str:
        """Return method, number of answered rows and version, never a value."""
        answered = self.rows if self.places is None else len(self.places)
        by = f" by {self.version}" if self.version else ""
        return f"<Answer {self.method}: {answered} of {self.rows} rows{by}>"
