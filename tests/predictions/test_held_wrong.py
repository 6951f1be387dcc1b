"""Logs and sinks that are held wrong say so, and what one caller sends cannot spoil the log for all."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentError, ArgumentTypeError
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


def test_half_a_surrogate_pair_in_a_name_leaves_the_log_readable():
    log = Log(MemoryStore())
    log.write(Entry({"\ud800": 1, "Länge": 2}, prediction=[1]))
    log.write(Entry(pd.DataFrame({"Länge": [3]}), prediction=[1]))
    frame = log.frame()
    assert frame["input.\\ud800"].tolist()[0] == 1
    assert frame["input.Länge"].tolist() == [2, 3]
    log.close()


@pytest.mark.parametrize("inputs", [{"x": 1}, pd.DataFrame({"x": [1]})], ids=["record", "table"])
def test_a_score_that_is_no_number_is_dropped_and_leaves_the_log_readable(inputs, caplog):
    log = Log(MemoryStore())
    log.write(Entry(inputs, prediction=[1], score=["high"]))
    log.write(Entry(inputs, prediction=[1], score=[0.5]))
    assert log.frame()["score"].tolist() == [0.5]
    assert log.dropped == 1
    assert "a score is a number" in caplog.text
    log.close()


@pytest.mark.parametrize("inputs", [None, 3, "x", [1, 2], [{"x": 1}]])
def test_an_entry_is_about_a_table_or_a_record(inputs):
    with pytest.raises(ArgumentTypeError, match="inputs must be a DataFrame or a mapping"):
        Log(MemoryStore()).write(Entry(inputs))


def test_an_entry_has_an_aware_time():
    with pytest.raises(ArgumentTypeError, match="time must be a datetime, got str"):
        Log(MemoryStore()).write(Entry({"x": 1}, time="noon"))
    with pytest.raises(ArgumentError, match="has no time zone"):
        Log(MemoryStore()).write(Entry({"x": 1}, time=datetime(2026, 1, 1)))


def test_who_is_forgotten_is_named_by_one_value():
    log = Log(MemoryStore())
    log.write(Entry({"x": 1}, key={"id": "a"}, prediction=[1]))
    for key in (["a"], {"id": ["a"]}):
        with pytest.raises(ArgumentTypeError, match="the key must be one value in 'id', got list"):
            log.forget(key)
    assert log.forget("a") == 1
    log.close()


@pytest.mark.parametrize("name", ["request", "method", "version"])
def test_half_a_surrogate_pair_in_an_id_leaves_the_log_readable(name):
    log = Log(MemoryStore())
    log.write(Entry({"x": 1}, prediction=[1], **{name: "\ud800"}))
    assert log.frame()[name].tolist() == ["\ud800"]
    log.close()


@pytest.mark.parametrize("name", ["request", "method"])
def test_the_ids_of_an_entry_are_texts(name):
    with pytest.raises(ArgumentTypeError, match=f"{name} must be a text, got int"):
        Log(MemoryStore()).write(Entry({"x": 1}, **{name: 3}))
