"""A sink of every kind that can be read, each in a place of its own."""

from __future__ import annotations

import importlib.util

import pytest

from maturekit.predictions.sinks import JsonLinesSink, ParquetSink, SqliteSink

MAKERS = {
    "json_lines": JsonLinesSink,
    "sqlite": lambda place: SqliteSink(place / "log.db"),
    "parquet": ParquetSink,
}
needs_pyarrow = pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not installed")


@pytest.fixture(params=["json_lines", "sqlite", pytest.param("parquet", marks=needs_pyarrow)])
def kind(request):
    return request.param


@pytest.fixture
def make(kind, tmp_path):
    """Return another sink on the same place with every call."""
    return lambda: MAKERS[kind](tmp_path / "log")
