"""What validation found in a frame, and the frame split by it."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import pandas as pd

from maturekit._core.frames import Table, as_frame
from maturekit.errors import ArgumentError, ArgumentTypeError, SchemaError, TableError
from maturekit.reports import Report
from maturekit.scan import frames
from maturekit.schema import Schema
from maturekit.validation.fingerprint import Fingerprint, fingerprint
from maturekit.validation.parts import conformed, part
from maturekit.validation.sample import sample
from maturekit.validation.together import Together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maturekit.scan.chunks import Source

__all__ = ["FrameReport"]


class FrameReport(Report):
    """A report about the rows of a frame, by position; it holds no cell of the frame and never keeps it alive.

    One value of the data is shown on purpose: the newest moment of each column of role ``"time"``, since the freshness of
    a batch is read from it. A column without that role shows none.

    What needs cells gets the frame again, and refuses another one: it compares the number of rows, the names of the
    columns and some 30 rows, whatever the index and the storage.

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
        return self._rejected().rows

    def split(self, frame: Table, *, schema: Schema | None = None, reasons: str = "reasons") -> tuple[Table, Table]:
        """Return the valid and the rejected rows of the frame that was judged, both with its index.

        Every row is in one of the two, in its old order; the rejected ones say why in an additional column. Validating
        the valid rows again finds nothing to reject. Both parts are tables of the kind that was given: pandas, polars
        or pyarrow.

        Parameters
        ----------
        frame : DataFrame or other table
            The frame that was validated, unchanged.
        schema : Schema, optional
            The contract it was validated by. With it the valid part is handed over as declared (`Schema.conform`):
            columns under an alias get their name, texts of coerced columns become values. The rejected part always
            keeps what was there.
        reasons : str
            Name of the additional column.

        Raises
        ------
        TableError
            When the frame is not the one that was judged, or has a column of that name already.
        SchemaError
            When the schema is not the one it was judged by.

        Examples
        --------
        >>> import pandas as pd
        >>> from maturekit.schema import Column, Schema
        >>> from maturekit.validation import validate
        >>> frame = pd.DataFrame({"id": [1, 2, 2, 3]})
        >>> valid, rejected = validate(frame, Schema({"id": Column("int", unique=True)})).split(frame)
        >>> rejected
           id     reasons
        1   2  id: unique
        2   2  id: unique
        """
        self._check_schema(schema)
        table = as_frame(frame)
        if len(table) != self.rows or fingerprint(table) != self.subjects.get("data"):
            self._refuse()
        _check_free(table, reasons)
        rejected = self._rejected()
        kept = np.ones(self.rows, dtype=np.bool_)
        kept[rejected.rows] = False
        valid = part(frame, np.flatnonzero(kept))
        bad = part(frame, rejected.rows, name=reasons, texts=rejected.texts())
        return (valid if schema is None else conformed(valid, schema)), bad

    def splits(
        self, source: Source, *, rows: int | None = None, schema: Schema | None = None, reasons: str = "reasons"
    ) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Yield the valid and the rejected rows of each chunk of the source that was judged, as DataFrames.

        Only one chunk is in memory at a time. That the source is the one that was judged is known behind its last
        chunk: write what comes to a place of its own, and use it when the loop has ended without an error.

        Parameters
        ----------
        source : table, path, function or iterable
            What was validated, as `scan.chunks` takes it; it may be cut in another way.
        rows : int, optional
            Size of the pieces that a table in memory is cut into.
        schema : Schema, optional
            As for `split`.
        reasons : str
            Name of the additional column.

        Raises
        ------
        TableError, SchemaError
            As `split` does.

        Examples
        --------
        >>> import pandas as pd
        >>> from maturekit.schema import Column, Schema
        >>> from maturekit.validation import validate
        >>> days = [pd.DataFrame({"id": [1, 2]}), pd.DataFrame({"id": [2, 3]})]
        >>> report = validate(pd.concat(days), Schema({"id": Column("int", unique=True)}))
        >>> [(len(valid), len(rejected)) for valid, rejected in report.splits(days)]
        [(1, 1), (1, 1)]
        """
        self._check_schema(schema)
        return self._parts(frames(source) if rows is None else frames(source, rows=rows), schema, reasons)

    def sample(self, source: Source, n: int = 10) -> pd.DataFrame:
        """Return cells that failed, as they stand in the source: of each rule the first `n` rows.

        Parameters
        ----------
        source : table, path, function or iterable
            What was validated, as `scan.chunks` takes it; it is read to its end.
        n : int, default 10
            Rows of each finding.

        Returns
        -------
        DataFrame
            One row a cell: rule, column, position, value.

        Raises
        ------
        TableError
            When the source is not what was judged.

        Examples
        --------
        >>> import pandas as pd
        >>> from maturekit.schema import Column, Schema
        >>> from maturekit.validation import validate
        >>> frame = pd.DataFrame({"age": [31, -1, -7, 8.5]})
        >>> validate(frame, Schema({"age": Column("int", ge=0)})).sample(frame, 1)
           rule column  position value
        0  kind    age         3   8.5
        1    ge    age         1  -1.0
        """
        _check_count(n)
        return sample(self.findings, self._checked(frames(source)), n)

    def together(self, n: int = 20) -> pd.DataFrame:
        """Return which rules fail on the same rows, the most frequent sets first.

        A row is counted once, under the set of all rules that it breaks; of any severity, tolerated or not.

        Parameters
        ----------
        n : int, default 20
            Sets at most.

        Returns
        -------
        DataFrame
            One row a set: rules (as in the reasons of `split`), count, share of all rows, and the first position.

        Examples
        --------
        >>> import pandas as pd
        >>> from maturekit.schema import Column, Schema
        >>> from maturekit.validation import validate
        >>> frame = pd.DataFrame({"a": [-1, 1, -1, -1], "b": [5, 5, 0, 0]})
        >>> schema = Schema({"a": Column("int", ge=0), "b": Column("int", ge=1)})
        >>> validate(frame, schema).together()
                  rules  count  share  first
        0  a: ge; b: ge      2   0.50      2
        1         a: ge      1   0.25      0
        """
        _check_count(n)
        found = Together.of(self.findings)
        counts = np.bincount(found.codes, minlength=len(found.sets))
        first = np.zeros(len(found.sets), dtype=np.int64)
        first[found.codes[::-1]] = found.rows[::-1]
        order = sorted(np.flatnonzero(counts), key=lambda code: (-counts[code], first[code]))[:n]
        return pd.DataFrame(
            {
                "rules": ["; ".join(found.sets[code]) for code in order],
                "count": counts[order],
                "share": counts[order] / self.rows if self.rows else 0.0,
                "first": first[order],
            }
        )

    def _rejected(self) -> Together:
        return Together.of(finding for finding in self.findings if finding.severity == "error")

    def _parts(
        self, chunks: Iterator[pd.DataFrame], schema: Schema | None, reasons: str
    ) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        rejected = self._rejected()
        texts = rejected.texts()
        start = 0
        for frame in self._checked(chunks):
            _check_free(frame, reasons)
            low, high = np.searchsorted(rejected.rows, [start, start + len(frame)])
            bad = rejected.rows[low:high] - start
            kept = np.ones(len(frame), dtype=np.bool_)
            kept[bad] = False
            valid = part(frame, np.flatnonzero(kept))
            yield (
                valid if schema is None else conformed(valid, schema),
                part(frame, bad, name=reasons, texts=texts[low:high]),
            )
            start += len(frame)

    def _checked(self, chunks: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Yield chunks, and raise as soon as they cannot be those that were judged."""
        total = Fingerprint()
        for frame in chunks:
            total += Fingerprint.of(frame)
            if total.rows > self.rows:
                self._refuse()
            yield frame
        if total.digest() != self.subjects.get("data"):
            self._refuse()

    def _check_schema(self, schema: Schema | None) -> None:
        if not isinstance(schema, Schema | None):
            raise ArgumentTypeError(f"schema must be a Schema, got {type(schema).__name__}")
        judged = self.subjects.get("schema")
        if schema is not None and judged is not None and schema.digest != judged:
            raise SchemaError(
                "this report is about another schema", hint="pass the schema that the frame was validated by."
            )

    def _refuse(self) -> NoReturn:
        raise TableError(
            f"this report is about another frame of {self.rows:,} rows, so its positions mean nothing here",
            hint="pass what was validated, before it is changed or sorted.",
        )


def _check_count(n: int) -> None:
    if not isinstance(n, Integral) or isinstance(n, bool) or n < 1:
        raise ArgumentError(f"n must be at least 1, got {n!r}")


def _check_free(frame: pd.DataFrame, reasons: str) -> None:
    if not isinstance(reasons, str) or not reasons:
        raise ArgumentTypeError(f"reasons={reasons!r} is no name of a column", hint="pass a text that is not empty.")
    if reasons in frame.columns:
        raise TableError(f"the frame has a column {reasons!r} already", hint="name another with `reasons=`.")
