"""One function over all chunks of a source, in order, with no more in memory than a few chunks a worker."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, TypeVar

from maturekit.scan.chunks import ROWS, Source, chunks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["mapped"]

R = TypeVar("R")

_A_WORKER: Final = 8
"""Chunks that a worker is given before all wait for one another."""


def mapped(
    source: Source,
    function: Callable[[pd.DataFrame], R],
    *,
    columns: Sequence[str] | None = None,
    rows: int = ROWS,
    n_jobs: int | None = None,
) -> Generator[R, None, None]:
    """Yield what a function makes of each chunk, from the first chunk to the last.

    Runs on joblib: `n_jobs`, or whatever ``joblib.parallel_config(...)`` says around the call, decides where. Workers
    get eight chunks each, and the next ones when all of these have been taken from here: so a slow reader of the
    results, or an endless source, never fills the memory.

    Parameters
    ----------
    source : table, path, function or iterable
        See `chunks`.
    function : function of a DataFrame
        With processes it is pickled, and so is what it returns.
    columns : sequence of str, optional
        Read only these.
    rows : int, default 262144
        Size of the pieces that a table in memory is cut into.
    n_jobs : int, optional
        As in joblib; None means one, unless a surrounding ``parallel_config`` says otherwise.

    Examples
    --------
    >>> import pandas as pd
    >>> list(mapped(pd.DataFrame({"late": [0, 1, 1]}), len, rows=2))
    [2, 1]
    """
    from joblib import Parallel, delayed, effective_n_jobs  # noqa: PLC0415  # reading chunks one by one needs no workers

    waiting = chunks(source, columns=columns, rows=rows)
    with Parallel(n_jobs=n_jobs, return_as="generator") as parallel:
        window = _A_WORKER * max(effective_n_jobs(n_jobs), 1)
        for first in waiting:
            made = parallel(delayed(_made)(read, function) for read in chain([first], islice(waiting, window - 1)))
            try:
                for result in made:  # noqa: UP028  # `yield from` would close `made` itself, before the remark is silenced
                    yield result
            finally:
                _close(made)


def _close(made: Generator[R, None, None]) -> None:
    """Cancel what still runs, without joblib's remark that this work was for nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        made.close()


def _made(read: Callable[[], pd.DataFrame], function: Callable[[pd.DataFrame], R]) -> R:
    return function(read())
