"""Sinks for prediction logs: JSON lines, SQLite, parquet, and the logging of Python; and what sinks are made of."""

from maturekit.predictions.sinks.json_lines import JsonLinesSink
from maturekit.predictions.sinks.logging_sink import LoggingSink
from maturekit.predictions.sinks.numbering import Batch, Numbering
from maturekit.predictions.sinks.parquet import ParquetSink
from maturekit.predictions.sinks.rows import blocks_from, rows_of
from maturekit.predictions.sinks.sqlite import SqliteSink

__all__ = ["Batch", "JsonLinesSink", "LoggingSink", "Numbering", "ParquetSink", "SqliteSink", "blocks_from", "rows_of"]
