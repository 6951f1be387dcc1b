"""Whatever a log is given comes back from every sink as from the segments: same rows, same values, same types."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maturekit.predictions import Entry, Log, SegmentSink
from maturekit.predictions.blocks import blocks_of, each, key_matches
from maturekit.predictions.labels import label_blocks
from maturekit.storage import MemoryStore

NOW = datetime(2013, 5, 3, 12, tzinfo=UTC)


class Unshowable:
    """Cannot even be turned into text."""

    def __str__(self):
        raise RuntimeError("no")


HOSTILE = [
    1, 1.5, None, True, "a", '"; drop table predictions; --', "half \ud800", "x" * 2000, "\0nul\n\r\u2028", math.nan,
    math.inf, -math.inf, 2**63, -(2**63), 2**63 - 1, 2**200, 2**53 + 1, date(2020, 1, 1), datetime(2020, 1, 1),
    datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), NOW, timedelta(1), np.float32(1.1),
    np.datetime64("NaT", "s"), np.datetime64("2020-01-01T00:00:00.123456789"), pd.NA, Unshowable(), [1], {"float": "inf"},
    {"text": "x"}, -0.0, 5e-324, 1e308, b"x", "null", "NaN", "",
]  # fmt: skip
FRAME = pd.DataFrame(
    {
        "whole": [1, 2, 3],
        "number": [1.0, np.nan, np.inf],
        "text": ["a", None, "ü"],
        "category": pd.Categorical(["x", None, "y"]),
        "datetime": pd.to_datetime(["2020-01-01", None, "2021-01-01"]),
        "nanoseconds": pd.to_datetime(["2020-01-01T00:00:00.123456789", None, "2021-01-01"], format="ISO8601"),
        "instant": pd.to_datetime(["2020-01-01", None, "2021-01-01"], utc=True),
        "mixed": [1, "a", None],
        "nothing": [None] * 3,
        "Int64": pd.array([1, None, 3], dtype="Int64"),
        "boolean": pd.array([True, None, False], dtype="boolean"),
        "truth": [True, False, True],
        "unsigned": np.array([1, 2, 2**64 - 1], np.uint64),
        "span": pd.to_timedelta([1, 2, None], unit="s"),
        "numbers": pd.Series([1, 2.5, None], dtype=object),
        "quote\" '.x": [1, 2, 3],
        "input.x": [1, 2, 3],
    }
)


def entries():
    for place, value in enumerate(HOSTILE):
        yield Entry(
            {"value": value, "place": place, "gaps": 1.5 if place % 3 else None},
            time=NOW + timedelta(seconds=place),
            key={"id": f"r{place}"},
            prediction=[value],
            score=[0.5 if place % 2 else math.nan],
            version="late:1" if place % 4 else None,
            digest="sha256:ab",
            arm="champion" if place % 2 else "",
            request="half \ud800" if place == 3 else "y" * 1_000_000 if place == 4 else str(place),
        )
    yield Entry(FRAME, request="f", time=NOW, key={"id": ["x", "y", None]}, prediction=[1, None, 0], seconds=0.5,
                marks={1: ("rejected", ("gt:x", "nullable:y"))}, version=["late:1", None, "late:2"])  # fmt: skip
    yield Entry(FRAME[["whole"]], time=NOW, places=[5, 7, 9], prediction=np.array([1.0, 2.0, 3.0]))
    yield Entry(FRAME[["whole"]].astype(str), time=NOW, prediction=["a", "b", "c"])  # a column of another type
    yield Entry(pd.DataFrame(index=range(2)), time=NOW, prediction=["a", "b"])
    yield Entry({}, time=NOW)
    yield Entry({"a.b": 1}, time=NOW, key={"a.b": 2, "id": 3})


def told(blocks):
    """Return every row with the types of its columns, whichever blocks the rows stand in."""
    rows = []
    for block in blocks:
        for place in range(block["rows"]):
            row = {}
            for name, held in block.items():
                if name in ("key", "inputs"):
                    row[name] = [
                        (inner, column["type"], repr(column["values"][place])) for inner, column in held.items()
                    ]
                elif name in ("prediction", "score", "label"):
                    row[name] = held and (held["type"], repr(held["values"][place]))
                elif name not in ("rows", "marks", "format"):
                    row[name] = each(block, name)[place]
            status, reasons = block.get("marks", {}).get(str(place), ("ok", ()))
            rows.append({**row, "status": status, "reasons": list(reasons)})
    return rows


def stored(sink, kind="predictions"):
    return [block for blocks in sink.read(kind) for block in blocks]


def labels():
    late = pd.DataFrame({"id": ["r1", "x", "r2"], "late": [True, None, False], "minutes": [15, None, 0]})
    for column, hour in (("late", 13), ("minutes", 14), ("late", 15)):
        yield from label_blocks(late, column=column, keys=[("id",)], time=f"2013-05-03T{hour}:00:00.000000Z")


def test_every_value_comes_back_with_its_type(make):
    blocks = list(blocks_of(entries()))
    make().write(blocks[:7])
    make().write(blocks[7:])
    assert told(stored(make())) == told(blocks)


def test_labels_come_back_as_they_were(make):
    blocks = list(labels())
    for block in blocks:
        make().write([block])
    assert stored(make(), "labels") == blocks


def test_what_stays_after_an_erasure_is_unchanged(make):
    blocks = list(blocks_of(entries()))
    make().write(blocks)

    def hits(block):
        return key_matches(block, {"id": "x"}) | key_matches(block, {"id": "r2"})

    make().erase("predictions", hits)
    make().compact()
    left = [row for row in told(blocks) if not {"'x'", "'r2'"} & {value for _, _, value in row["key"]}]
    assert told(stored(make())) == left


def test_a_log_shows_the_same_table_from_every_sink(make):
    logs = [Log(SegmentSink(MemoryStore()), clock=lambda: NOW), Log(make(), clock=lambda: NOW)]
    for log in logs:
        for entry in entries():
            if entry.request.isascii():  # pandas 3 has no column for the others
                log.write(entry)
        log.label(pd.DataFrame({"id": ["r1", "y"], "late": [True, False]}), column="late")
    one, other = (log.frame() for log in logs)
    pd.testing.assert_frame_equal(other, one, check_exact=True)


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(), max_size=5), st.dates(),
    st.datetimes(), st.datetimes(timezones=st.just(UTC)), st.timedeltas(),
)  # fmt: skip
records = st.lists(st.dictionaries(st.text(st.characters(), max_size=3), values, max_size=3), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records, st.booleans())
def test_any_records_come_back_with_their_types(make, records, columns_agree):
    if columns_agree:  # one block, whose columns have several types
        records = [
            {**dict.fromkeys(records[0]), **{name: record.get(name) for name in records[0]}} for record in records
        ]
    given = [Entry(record, key={"id": place}, prediction=[None], time=NOW) for place, record in enumerate(records)]
    blocks = list(blocks_of(given))
    sink = make()
    sink.write(blocks)
    assert told(stored(sink)) == told(blocks)
    assert sink.erase("predictions", lambda block: np.ones(block["rows"], dtype=bool)) == len(records)


@pytest.mark.parametrize("texts", [["2013-05-03", "2013-05-03T12:00:00"], ["0001-01-01T00:00:00.123456789"]])
def test_moments_of_several_spellings_come_back_as_they_were(make, texts):
    (block,) = blocks_of([Entry({"day": None}, time=NOW)])
    block["inputs"]["day"] = {"type": "datetime", "values": texts}
    block |= {"rows": len(texts), "time": block["time"] * len(texts), "request": "", "seconds": None}
    make().write([block])
    assert told(stored(make())) == told([block])
