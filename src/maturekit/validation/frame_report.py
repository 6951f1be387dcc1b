"""What validation found in a frame, and the frame split by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maturekit._core.frames import Table, as_frame
from maturekit.errors import ArgumentError, TableError
from maturekit.reports import Report
from maturekit.validation.fingerprint import fingerprint

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["FrameReport"]


class FrameReport(Report):
    """A report about the rows of a frame, by position; it holds no cell of the frame and never keeps it alive.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.schema import Column, Schema
    >>> from maturekit.validation import validate
    >>> frame = pd.DataFrame({"age": [31, -1, None]}, index=["a", "b", "b"])
    >>> report = validate(frame, Schema({"age": Column("int", ge=0)}))
    >>> report.rejected.tolist()
    [1, 2]
    >>> valid, rejected = report.split(frame)
    >>> valid.index.tolist()
    ['a']
    >>> rejected["reasons"].tolist()
    ['age: ge', 'age: nullable']
    >>> FrameReport.from_json(report.to_json()).split(frame)[0].equals(valid)
    True
    """

    @property
    def rows(self) -> int:
        """Number of rows of the frame that was judged."""
        found = next((finding.value for finding in self.findings if finding.rule == "rows"), None)
        if not isinstance(found, int):
            raise ArgumentError(f"this report of kind {self.kind!r} does not say how many rows it is about")
        return found

    @property
    def rejected(self) -> NDArray[np.int64]:
        """Positions of the rows that break a rule of severity error, ascending; tolerated or not."""
        import numpy as np  # noqa: PLC0415  # reports are read where numpy is not

        marked = np.zeros(self.rows, dtype=np.bool_)
        for finding in self.findings:
            if finding.severity == "error":
                marked[finding.positions] = True
        return np.flatnonzero(marked)

    def split(self, frame: Table, *, reasons: str = "reasons") -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the valid and the rejected rows of the frame that was judged, both with its index.

        Every row is in one of the two, in its old order; the rejected ones say why in an additional column. Validating
        the valid rows again finds nothing to reject: the verdict on a row does not depend on others, and of rows that
        share a unique value all are rejected.

        Parameters
        ----------
        frame : DataFrame or other table
            The frame that was validated, unchanged.
        reasons : str
            Name of the additional column.

        Raises
        ------
        TableError
            When the frame is not the one that was judged, or has a column of that name already.
        """
        import numpy as np  # noqa: PLC0415  # see above

        frame = as_frame(frame)
        if len(frame) != self.rows or fingerprint(frame) != self.subjects.get("data"):
            raise TableError(
                f"this report is about another frame of {self.rows:,} rows, so its positions mean nothing here",
                hint="split the frame that was validated, before it is changed or sorted.",
            )
        if reasons in frame.columns:
            raise TableError(
                f"the frame has a column {reasons!r} already", hint="name another: split(frame, reasons=...)."
            )
        rejected = self.rejected
        kept = np.ones(len(frame), dtype=np.bool_)
        kept[rejected] = False
        bad = frame.iloc[rejected].copy()
        bad[reasons] = self._reasons(rejected)
        return frame.iloc[np.flatnonzero(kept)].copy(), bad

    def _reasons(self, rejected: NDArray[np.int64]) -> NDArray[np.object_]:
        import numpy as np  # noqa: PLC0415  # see above

        texts = np.full(self.rows, "", dtype=object)
        for finding in self.findings:
            if finding.severity == "error" and len(finding.positions):
                texts[finding.positions] += f"; {', '.join(finding.columns)}: {finding.rule}"
        return np.array([text.removeprefix("; ") for text in texts[rejected]], dtype=object)
