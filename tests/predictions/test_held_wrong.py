"""Logs and sinks that are held wrong say so, and what one caller sends cannot spoil the log for all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentTypeError
from maturekit.predictions import Entry, Log, Sample, SegmentSink
from maturekit.predictions.sinks import JsonLinesSink, ParquetSink, SqliteSink
from maturekit.storage import MemoryStore


@pytest.mark.parametrize(
    ("make", "name"),
    [
        *((lambda **given: Log(MemoryStore(), **given), name) for name in ("flush_rows", "flush_seconds", "keep_rows")),
        (lambda **given: Log(MemoryStore(), **given), "exit_seconds"),
        (lambda **given: SegmentSink(MemoryStore(), **given), "large_rows"),
        (lambda **given: ParquetSink("folder", **given), "large_rows"),
        (lambda **given: SqliteSink("file", **given), "busy_seconds"),
        *((lambda **given: JsonLinesSink("folder", **given), name) for name in ("rotate_bytes", "rotate_seconds")),
        (Sample, "share"),
    ],
)
@pytest.mark.parametrize(
    "value",
    [None, True, "1", [], object(), pd.NA, np.array([1.0, 2.0]), pd.DataFrame()],
    ids=lambda v: type(v).__name__,
)
def test_what_is_no_number_is_refused_where_one_belongs(make, name, value):
    with pytest.raises(ArgumentTypeError, match="must be a"):
        make(**{name: value})


def test_the_clock_of_a_log_is_a_function():
    with pytest.raises(ArgumentTypeError, match="clock must be callable, got int"):
        Log(MemoryStore(), clock=7)


def test_half_a_surrogate_pair_among_other_things_leaves_the_log_readable():
    log = Log(MemoryStore())
    values = ["\ud800", 1, {"a": 1}, "x"]
    for value in values:
        log.write(Entry({"name": value}, prediction=[1]))
    assert log.frame()["input.name"].tolist() == ["\ud800", 1, "{'a': 1}", "x"]
    log.close()
