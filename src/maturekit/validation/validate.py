"""A table of any size against its contract: every failure, by row position.

The data flow. `scan` cuts the source into chunks, and its workers judge each one alone (`chunk.judged`): a column is
read into sound values and all others, each rule of the column gives the rows that break it, and so do rules about rows;
what a chunk cannot say alone, it hands over: the values of unique and of ordered columns, the columns that rules about
groups read, and the summaries of rules about the table. That is one frozen value, which the calling process adds up
(`merged.Merged`): counts add, row numbers shift by the rows before, order goes on from the most extreme value so far,
and rows that must be seen together wait in `spill.Spill`, on disk when they are many. At last `findings` judges these,
and judges rules about groups again without the rejected rows (`closure`). A table in memory is one chunk: its values
are compared where they are, nothing is hashed and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, suppress
from functools import partial
from typing import Any

from maturekit._core.clock import Clock, utc_now
from maturekit._core.frames import as_frame
from maturekit.errors import ArgumentError, ArgumentTypeError, SchemaError
from maturekit.scan import mapped
from maturekit.scan.chunks import ROWS, Source, is_table
from maturekit.schema import Schema
from maturekit.validation import spill
from maturekit.validation.chunk import Contract, judged
from maturekit.validation.findings import findings, findings_of_table, given
from maturekit.validation.fingerprint import fingerprint
from maturekit.validation.frame_report import FrameReport
from maturekit.validation.merged import Merged, collections

__all__ = ["validate"]


def validate(
    source: Source,
    schema: Schema,
    *,
    references: Mapping[str, Any] | None = None,
    rows: int | None = None,
    n_jobs: int | None = None,
    clock: Clock = utc_now,
) -> FrameReport:
    """Judge a table by a schema and return every failure, by row position.

    Each rule of each column gives one finding, passed or not. Nulls are judged by ``nullable`` alone, values of another
    kind by ``kind`` alone, infinities by ``finite`` alone; every other rule sees only sound values. A column that is
    absent fails in every row (``present``), one that the schema does not declare is information (``undeclared``), and so
    are an alias that was used (``renamed``) and the newest moment of a column of role time (``newest``). A table without
    rows is *not enough evidence*; so is, as information, a nullable column without a single value.

    Rules about groups are judged twice when rows are rejected: a second finding of the same name holds the rows that
    break it once these are out, so that what is left keeps all rules.

    A source in chunks gives the report of the whole table, also for what spans chunks: uniqueness, keys, order, groups
    and tolerance. Chunks run on joblib. Memory holds a few chunks a worker, and of the rows that must be seen together
    (the values of unique columns, and the columns of rules about groups) two million; when there are more, these go to
    a temporary folder of the calling process, which is removed at the end. A group is judged whole, in memory.

    Parameters
    ----------
    source : table, path, function or iterable
        What to judge; it is not changed. A table in memory; or chunks, as `scan.chunks` takes them: the path of a
        parquet file or of a folder of them, a function that returns a table, or an iterable of any of these.
    schema : Schema
        The contract.
    references : mapping of str to object, optional
        Other tables and profiles, by the name that rules know them by.
    rows : int, optional
        Size of the pieces that tables in memory are cut into; by default a table is judged in one piece, and those
        inside of an iterable in pieces of 262,144 rows.
    n_jobs : int, optional
        As in joblib; None means one, unless a surrounding ``joblib.parallel_config`` says otherwise.
    clock : callable
        Says the time of the report, which is also the time that rules about freshness go by.

    Raises
    ------
    ArgumentTypeError
        When `source` is or holds no table, `schema` is no schema, or `references` no mapping.
    ArgumentError
        When the source holds nothing at all.
    TableError
        When a table repeats a column name.
    StorageError
        When a file cannot be read, or the disk is too small for the rows that must be seen together.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.schema import Column, Schema
    >>> schema = Schema({"age": Column("int", ge=0), "name": Column("string")})
    >>> frame = pd.DataFrame({"age": [31, -1, 2.5], "name": ["Ada", None, "Bob"]})
    >>> report = validate(frame, schema)
    >>> print(report.summary())
    validation: failed (3 failed, 4 passed)
      ✗ failed  kind  age  1 rows (33.33%)  must be a whole number of 64 bits
      ✗ failed  ge  age  1 rows (33.33%)  must be >= 0
      ✗ failed  nullable  name  1 rows (33.33%)  must not be missing
    >>> validate(iter([frame[:2], frame[2:]]), schema).findings == report.findings
    True
    """
    if not isinstance(schema, Schema):
        raise ArgumentTypeError(
            f"schema must be a Schema, got {type(schema).__name__}", hint="for instance `Schema.learn(frame)`."
        )
    if not isinstance(references, Mapping | None):
        raise ArgumentTypeError(
            f"references must map names to tables and profiles, got {type(references).__name__}",
            hint='write references={"airlines": table}, under the names that the rules know.',
        )
    now = clock()
    able, missing = given(schema.rules, references or {}, now)
    alone = rows is None and is_table(source)
    contract = Contract(dict(schema.columns), able, alone)
    if alone:
        frame = as_frame(source, what="source")
        found = findings_of_table(frame, contract, schema.rules, missing)
        mark = fingerprint(frame)
    else:
        with spill.Spill(collections(contract), limit=spill.LIMIT) as together:
            merged = Merged(contract, together)
            judge, size = partial(judged, contract=contract), ROWS if rows is None else rows
            with closing(mapped(source, judge, rows=size, n_jobs=n_jobs)) as chunks:
                for chunk in chunks:
                    merged.add(chunk)
            if not merged.chunks:
                raise ArgumentError("the source holds nothing to read")
            mark = merged.mark.digest()
            found = findings(merged, schema.rules, missing)
    subjects = {"data": mark}
    with suppress(SchemaError):  # a rule that cannot be stored has no digest, and runs all the same
        subjects["schema"] = schema.digest
    return FrameReport("validation", found, subjects=subjects, time=now)
