"""Blocks hold rows of one shape, and can lose rows without losing the others."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, FormatError
from maturekit.predictions import Entry
from maturekit.predictions.blocks import blocks_of, each, key_matches, lines_of, narrowed, parsed
from maturekit.predictions.tables import table_of

NOW = datetime(2013, 5, 3, tzinfo=UTC)


def batch(rows=4):
    frame = pd.DataFrame({"x": np.arange(float(rows)), "id": [f"k{row}" for row in range(rows)]})
    return Entry(
        frame,
        request="r",
        key={"id": frame["id"]},
        prediction=list(range(rows)),
        marks={1: ("rejected", ("ge:x", "le:x"))},
        time=NOW,
        seconds=0.5,
    )


def records(count=3):
    return [Entry({"x": float(n), "id": f"k{n}"}, request=f"r{n}", key={"id": f"k{n}"}, time=NOW) for n in range(count)]


def test_records_of_one_shape_share_a_block_and_others_begin_a_new_one():
    other = Entry({"y": 1}, time=NOW)
    blocks = list(blocks_of([*records(), other, *records(1), batch()]))
    assert [block["rows"] for block in blocks] == [3, 1, 1, 4]


def test_the_lines_of_a_block_read_back():
    blocks = list(blocks_of([batch(), *records()]))
    assert [{**block, "format": 1} for block in blocks] == list(parsed(lines_of(blocks), what="here"))


def test_half_a_surrogate_pair_survives():
    blocks = list(blocks_of([Entry({"x": "\ud800"}, time=NOW)]))
    (block,) = parsed(lines_of(blocks), what="here")
    assert block["inputs"]["x"]["values"] == ["\ud800"]


@settings(max_examples=25, deadline=None)
@given(keep=st.lists(st.booleans(), min_size=4, max_size=4))
def test_narrowing_a_block_is_narrowing_its_table(keep):
    mask = np.array(keep)
    for block in (*blocks_of([batch()]), *blocks_of(records(4))):
        expected = table_of([block])[mask].reset_index(drop=True)
        if mask.any():
            pd.testing.assert_frame_equal(table_of([narrowed(block, mask)]), expected)


def test_keys_requests_and_rows_can_be_looked_for():
    (frame,) = blocks_of([batch()])
    (runs,) = blocks_of(records())
    assert key_matches(frame, {"id": "k2"}).tolist() == [False, False, True, False]
    assert key_matches(frame, {"request": "r", "row": 3}).tolist() == [False, False, False, True]
    assert key_matches(runs, {"request": "r1"}).tolist() == [False, True, False]
    assert not key_matches(frame, {"id": 2}).any()
    assert not key_matches(frame, {"stranger": "k2"}).any()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"[]", "has no format number"),
        (b"{", "line 1 of here is not valid JSON"),
        (b'{"format": 2}', "upgrade maturekit"),
    ],
)
def test_what_is_no_block_says_where(line, words):
    with pytest.raises(FormatError, match=words):
        list(parsed(line, what="here"))


def test_an_entry_without_a_time_is_refused():
    with pytest.raises(ArgumentError, match="without a time"):
        list(blocks_of([Entry({"x": 1})]))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Entry(pd.DataFrame({"x": [1, 2]}), key={"id": [1]}), "the column 'id' has 1 values for 2 rows"),
        (Entry(pd.DataFrame({"x": [1, 2]}), prediction=[1, 2, 3]), "the column 'prediction' has 3 values for 2 rows"),
        (Entry(pd.DataFrame([[1, 2]], columns=["x", "x"])), "there are several columns 'x'"),
    ],
)
def test_columns_that_would_make_the_log_unreadable_are_refused(entry, words):
    entry.time = NOW
    with pytest.raises(ArgumentError, match=words):
        list(blocks_of([entry]))


def test_version_digest_and_arm_may_differ_from_row_to_row():
    entry = Entry(
        pd.DataFrame({"x": [1, 2, 3]}), version=["m:1", None, "m:2"], digest="d", arm=["", "champion", "b"], time=NOW
    )
    (block,) = blocks_of([entry])
    assert block["digest"] == "d"
    kept = narrowed(block, np.array([False, True, True]))
    assert table_of([kept])[["version", "digest", "arm"]].to_numpy(dtype=object).tolist()[1] == ["m:2", "d", "b"]
    assert each(kept, "arm") == ["champion", "b"]
