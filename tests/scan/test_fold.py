"""The result of a fold does not depend on where it runs."""

from __future__ import annotations

import operator
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit import scan
from maturekit.errors import ArgumentError, TableError
from maturekit.profile import Profile

FRAME = pd.DataFrame({"a": np.random.default_rng(0).normal(size=3000), "b": ["x", "y", "z"] * 1000})
REFERENCE = Profile.of(FRAME[:1000])


def count(frame):
    return Profile.of(frame, like=REFERENCE)


def positions(frame):
    return [int(frame.index[0])]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 50), st.lists(st.integers(0, 30), min_size=1, max_size=5))
def test_a_fold_sees_every_row_once(rows, sizes):
    parts = [FRAME[:size] for size in sizes]
    assert scan.fold(parts, len, rows=rows) == sum(sizes)
    assert scan.fold(parts, lambda frame: frame["a"].tolist(), rows=rows) == [a for part in parts for a in part["a"]]


def test_without_a_merge_summaries_are_added():
    assert scan.fold(FRAME, len, rows=7) == scan.fold(FRAME, len, operator.add, rows=7) == 3000
    assert scan.fold(FRAME, len, max, rows=7) == 7


def test_neighbours_are_merged_from_the_first_chunk_to_the_last():
    assert scan.fold(FRAME[:40], positions, lambda left, right: [left, right[0]], rows=10) == [[[[0], 10], 20], 30]


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_give_the_same_bits_as_a_serial_run(backend):
    serial = scan.fold(FRAME, count, rows=100)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert scan.fold(FRAME, count, rows=100).to_json() == serial.to_json()
        assert scan.fold(FRAME, positions, rows=100) == list(range(0, 3000, 100))
    assert scan.fold(FRAME, positions, rows=100, n_jobs=1) == list(range(0, 3000, 100))


def test_workers_read_the_chunks_of_files(tmp_path):
    pytest.importorskip("pyarrow")
    FRAME.to_parquet(tmp_path / "f.parquet", row_group_size=700)
    assert scan.fold(tmp_path, count, n_jobs=2).to_json() == scan.fold(tmp_path, count).to_json()


def test_functions_are_called_by_the_workers():
    chunks = [partial(FRAME.head, size) for size in (1, 2, 3)]
    assert scan.fold(chunks, len, n_jobs=2) == 6


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_in_a_chunk_or_in_the_source_reaches_the_caller(n_jobs):
    def days():
        yield from [FRAME[:10]] * 20
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        scan.fold(days(), len, n_jobs=n_jobs)
    with pytest.raises(TableError, match="column 'a' cannot be read"):
        scan.fold([FRAME, FRAME.assign(a="text")], count, n_jobs=n_jobs)


@pytest.mark.parametrize("source", [[], iter(()), [[], []]])
def test_a_source_that_holds_nothing_is_refused(source):
    with pytest.raises(ArgumentError, match="the source holds nothing to read"):
        scan.fold(source, len)


def test_a_table_without_rows_has_a_summary():
    assert scan.fold(FRAME.head(0), count).rows == 0
