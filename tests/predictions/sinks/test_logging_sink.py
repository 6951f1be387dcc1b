"""Rows handed to whoever listens to a logger."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import pytest

from maturekit.errors import ArgumentError, ArgumentTypeError, StorageError
from maturekit.predictions import Entry, Log
from maturekit.predictions.blocks import blocks_of
from maturekit.predictions.sinks import LoggingSink

NOW = datetime(2013, 5, 3, 12, tzinfo=UTC)


def batch(*names):
    return list(blocks_of(Entry({"x": 1.5}, key={"id": name}, prediction=[1], time=NOW) for name in names))


class Listener(logging.Handler):
    """Keeps what it hears, and fails now and then."""

    def __init__(self):
        super().__init__()
        self.heard = []
        self.deaf_to = None

    def emit(self, record):
        if record.prediction["key"]["id"] == self.deaf_to:
            raise OSError("the collector is away")
        self.heard.append(record)


@pytest.fixture
def listener():
    handler, logger = Listener(), logging.getLogger("maturekit.predictions")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_every_row_is_one_record_in_json(listener):
    LoggingSink().write(batch("a", "b"))
    assert [record.levelname for record in listener.heard] == ["INFO", "INFO"]
    for record, name in zip(listener.heard, "ab", strict=True):
        assert json.loads(record.getMessage()) == record.prediction
        assert record.prediction["key"] == {"id": name}
        assert record.prediction["prediction"] == 1


def test_a_list_that_comes_again_goes_on_where_a_handler_failed(listener):
    sink, blocks = LoggingSink(), batch("a", "b", "c")
    listener.deaf_to = "b"
    with pytest.raises(StorageError, match="the collector is away"):
        sink.write(blocks)
    sink.write(batch("d"))
    listener.deaf_to = None
    sink.write(blocks)
    sink.write(blocks)
    assert [record.prediction["key"]["id"] for record in listener.heard] == ["a", "d", "b", "c", "a", "b", "c"]


def test_a_log_can_be_written_and_not_read(listener):
    log = Log(LoggingSink(), clock=lambda: NOW)
    log.write(Entry({"x": 1.5}, key={"id": "a"}))
    log.flush()
    assert len(listener.heard) == 1
    with pytest.raises(ArgumentError, match="only hands rows over"):
        log.frame()


def test_arguments_are_checked():
    with pytest.raises(ArgumentTypeError, match="name of a logger"):
        LoggingSink(7)
    with pytest.raises(ArgumentError, match=r"logging\.INFO"):
        LoggingSink(level="INFO")
