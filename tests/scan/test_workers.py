"""Results come in the order of the chunks, and no worker runs far ahead of whoever takes them."""

from __future__ import annotations

import joblib
import pandas as pd
import pytest

from maturekit import scan

FRAME = pd.DataFrame({"a": range(500)})


def first(frame):
    return int(frame["a"].iloc[0])


@pytest.mark.parametrize("backend", ["sequential", "threading"])
def test_results_come_in_the_order_of_the_chunks(backend):
    with joblib.parallel_config(backend=backend, n_jobs=3):
        assert list(scan.mapped(FRAME, first, rows=7)) == list(range(0, 500, 7))
    assert list(scan.mapped([], first)) == []


@pytest.mark.parametrize(("n_jobs", "ahead"), [(1, 1), (2, 16)])
def test_a_slow_reader_of_results_is_waited_for(n_jobs, ahead):
    handed_out = 0

    def endless():
        nonlocal handed_out
        while True:
            handed_out += 1
            yield FRAME

    with joblib.parallel_config(backend="threading"):
        results = scan.mapped(endless(), len, n_jobs=n_jobs)
        for taken in range(40):
            assert next(results) == 500
            assert handed_out <= taken + 1 + ahead
        results.close()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_who_stops_early_is_not_reproached(n_jobs):
    def merge(left, right):
        raise ConnectionError("gone")

    with joblib.parallel_config(backend="threading"), pytest.raises(ConnectionError, match="gone"):
        scan.fold(FRAME, len, merge, rows=10, n_jobs=n_jobs)
