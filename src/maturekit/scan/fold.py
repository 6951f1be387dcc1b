"""One pass over a table of any size: summarise each chunk, merge the summaries."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import reduce
from typing import TYPE_CHECKING, TypeVar

from maturekit.errors import ArgumentError
from maturekit.scan.chunks import ROWS, Source
from maturekit.scan.workers import mapped

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fold"]

S = TypeVar("S")


def fold(
    source: Source,
    summarise: Callable[[pd.DataFrame], S],
    merge: Callable[[S, S], S] = operator.add,
    *,
    columns: Sequence[str] | None = None,
    rows: int = ROWS,
    n_jobs: int | None = None,
) -> S:
    """Return the merged summary of all chunks of a source.

    Runs on joblib: `n_jobs`, or whatever ``joblib.parallel_config(...)`` says around the call, decides where; chunks of
    files are read by the workers, tables in memory are sent to them. Chunks and the order of merging (from the first
    chunk to the last) never depend on that, so that the result does not either. Memory holds a few chunks a worker.

    Parameters
    ----------
    source : table, path, function or iterable
        See `chunks`.
    summarise : function of a DataFrame
        Makes the summary of one chunk. With processes it is pickled, and so is what it returns.
    merge : function of two summaries, default ``operator.add``
        Makes one of two neighbours; associative up to rounding. It runs in the calling process.
    columns : sequence of str, optional
        Read only these.
    rows : int, default 262144
        Size of the pieces that a table in memory is cut into.
    n_jobs : int, optional
        As in joblib; None means one, unless a surrounding ``parallel_config`` says otherwise.

    Raises
    ------
    ArgumentError
        The source holds no chunk at all (a table without rows is one chunk).

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"late": [0, 1, 1]})
    >>> fold(frame, lambda chunk: int(chunk["late"].sum()), rows=2)
    2
    >>> fold([], len)
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: the source holds nothing to read
    """
    with closing(mapped(source, summarise, columns=columns, rows=rows, n_jobs=n_jobs)) as summaries:
        for first in summaries:
            return reduce(merge, summaries, first)
    raise ArgumentError("the source holds nothing to read")
