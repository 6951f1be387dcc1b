"""Killed writers, full disks, lost news and forks: no row is lost that was told to be stored, and none stands twice."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maturekit.errors import StorageError
from maturekit.predictions import Entry
from maturekit.predictions.blocks import blocks_of
from maturekit.predictions.sinks import sqlite

NOW = datetime(2013, 5, 3, 12, tzinfo=UTC)
STRUCK = Path(__file__).with_name("struck.py")


def batch(*names):
    return list(blocks_of(Entry({"x": 1.5}, key={"id": name}, time=NOW) for name in names))


def ids(sink):
    return [value for blocks in sink.read() for block in blocks for value in block["key"]["id"]["values"]]


@pytest.mark.parametrize("thoroughness", ["quick", pytest.param("long", marks=pytest.mark.long)])
def test_no_row_is_lost_and_none_stands_twice_whatever_strikes(tmp_path, kind, thoroughness):
    script = [sys.executable, str(STRUCK), kind, str(tmp_path), thoroughness]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == dict.fromkeys(
        ["lines", "moments", "beside others", "full disk", "fork", "child of the dead"], "fine"
    )


def test_a_list_that_comes_again_after_it_was_stored_counts_once(make, kind, monkeypatch):
    sink, blocks = make(), batch("a", "b")
    sink.write(batch("first"))
    with monkeypatch.context() as patched:
        (_after_commit if kind == "sqlite" else _after_flush)(patched, calls=2 if kind == "parquet" else 1)
        with pytest.raises(StorageError, match="the reply was lost"):
            sink.write(blocks)
    assert ids(make()) == ["first", "a", "b"], "it is there although the writer was told otherwise"
    sink.write(batch("c"))
    sink.write(blocks)
    assert sorted(ids(make())) == ["a", "b", "c", "first"]
    sink.write(blocks)  # now it is news
    assert sorted(ids(make())) == ["a", "a", "b", "b", "c", "first"]


def _after_flush(patched, calls):
    """Lose the news of a flush, and the way to cut off what was written."""
    flush, left = os.fsync, [calls]

    def lost_news(descriptor, *_):
        flush(descriptor)
        left[0] -= 1
        if left[0] <= 0:
            raise OSError(5, "the reply was lost")

    patched.setattr(os, "fsync", lost_news)
    patched.setattr(os, "ftruncate", lost_news)


def _after_commit(patched, calls):
    transaction = sqlite._transaction

    @contextlib.contextmanager
    def lost_news(database):
        with transaction(database):
            yield
        raise OSError(5, "the reply was lost")

    assert calls == 1
    patched.setattr(sqlite, "_transaction", lost_news)
