"""The log keeps what it was given, joins what came later, and forgets whom it must."""

from __future__ import annotations

import os
import pickle
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    ForeignFolderError,
    NotFoundError,
    StorageError,
    TableError,
)
from maturekit.predictions import Entry, Log
from maturekit.predictions.tables import FIXED_COLUMNS
from maturekit.storage import MemoryStore

START = datetime(2013, 5, 1, tzinfo=UTC)
BEFORE_LABEL = list(FIXED_COLUMNS[:10])


class Clock:
    """Stands still until it is told to move."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


def flights(*names):
    return pd.DataFrame({"flight": names, "distance": [100.0 * len(name) for name in names]})


def entry(*names, **more):
    frame = flights(*names)
    return Entry(frame, request=f"r{len(names)}", key={"flight": frame["flight"]}, prediction=[0] * len(names), **more)


def memory(**more):
    return Log(MemoryStore(), clock=more.pop("clock", Clock()), **more)


def test_a_batch_comes_back_row_by_row():
    log = memory()
    frame = flights("a", "b", "c")
    log.write(
        Entry(
            frame,
            request="r1",
            method="predict_proba",
            prediction=[1, None, 0],
            score=[0.75, None, 0.25],
            key={"flight": frame["flight"]},
            marks={1: ("rejected", ("gt:distance", "nullable:carrier"))},
            version="late:3",
            digest="sha256:ab",
            seconds=0.5,
        )
    )
    back = log.frame()
    assert list(back.columns) == [*BEFORE_LABEL, "flight", "input.distance", "prediction", "score", "label"]
    assert back["time"].tolist() == [pd.Timestamp(START)] * 3
    assert back["request"].tolist() == ["r1"] * 3
    assert back["row"].tolist() == [0, 1, 2]
    assert back["version"].tolist() == ["late:3"] * 3
    assert back["digest"].tolist() == ["sha256:ab"] * 3
    assert back["status"].tolist() == ["ok", "rejected", "ok"]
    assert back["reasons"].tolist() == ["", "gt:distance, nullable:carrier", ""]
    assert back["flight"].tolist() == ["a", "b", "c"]
    assert back["input.distance"].tolist() == [100.0] * 3
    assert back["prediction"].dtype == "Int64"
    assert back["prediction"].isna().tolist() == [False, True, False]
    assert back["score"].dtype == np.float64
    assert back["label"].isna().all()


def test_a_record_comes_back_as_one_row():
    log = memory()
    log.write(Entry({"x": float("inf"), "id": 7}, request="r", key={"id": 7}, prediction=np.array([1.5]), seconds=0.1))
    (row,) = log.frame().to_dict("records")
    assert (row["id"], row["input.x"], row["prediction"], row["row"], row["seconds"]) == (7, np.inf, 1.5, 0, 0.1)
    assert "input.id" not in row


def test_later_changes_to_what_was_written_do_not_reach_the_log():
    log = memory()
    record, frame = {"x": 1}, pd.DataFrame({"x": [1]})
    log.write(Entry(record))
    log.write(Entry(frame))
    record["x"] = 2
    frame.loc[0, "x"] = 2
    assert log.frame()["input.x"].tolist() == [1, 1]


def test_an_empty_log_has_all_its_columns_and_types():
    log = memory()
    log.label(pd.DataFrame({"request": ["r"], "row": [0], "late": [True]}), column="late")
    frame = log.frame()
    assert list(frame.columns) == [*BEFORE_LABEL, "prediction", "score", "label"]
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert frame["row"].dtype == np.int64
    assert list(log.frames()) == []


@pytest.mark.parametrize("read", [Log.frame, Log.labels, lambda log: list(log.frames()), lambda log: log.forget("a")])
def test_reading_where_no_log_is_raises_and_creates_nothing(tmp_path, read):
    with pytest.raises(NotFoundError, match="there is no prediction log"):
        read(Log(tmp_path / "nowhere"))
    assert list(tmp_path.iterdir()) == []


def test_a_foreign_folder_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    log = Log(tmp_path)
    with pytest.raises(ForeignFolderError):
        log.frame()
    with pytest.raises(ForeignFolderError):
        log.label(pd.DataFrame({"request": ["r"], "row": [0], "late": [True]}), column="late")
    log.write(entry("a"))
    with pytest.raises(ForeignFolderError):
        log.flush()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    (tmp_path / "thesis.tex").unlink()
    log.flush()


def test_labels_join_by_key_whenever_they_come():
    log = memory()
    log.write(entry("a", "b"))
    log.label(pd.DataFrame({"late": [1, 0], "flight": ["b", "c"], "else": ["x", "y"]}), column="late")
    log.write(entry("c", "d"))
    frame = log.frame()
    assert dict(zip(frame["flight"], frame["label"].tolist(), strict=True)) == {"a": pd.NA, "b": 1, "c": 0, "d": pd.NA}
    assert frame["label"].dtype == "Int64"


def test_labels_of_keys_never_seen_are_kept_and_shown():
    log = memory()
    log.write(entry("a"))
    assert log.label(pd.DataFrame({"flight": ["a", "zz"], "late": [1.0, 0.0]}), column="late") == 2
    labels = log.labels()
    assert labels[["flight", "label", "seen"]].to_numpy().tolist() == [["a", 1.0, True], ["zz", 0.0, False]]


def test_the_label_stored_last_counts_also_a_null_one():
    log = memory()
    log.write(entry("a", "b", "c"))
    log.label(pd.DataFrame({"flight": ["a", "b", "b"], "late": [1.0, 0.0, 1.0]}), column="late")
    log.label(pd.DataFrame({"flight": ["a", "c"], "late": [None, 0.0]}), column="late")
    assert log.frame()["label"].tolist()[1:] == [1.0, 0.0]
    assert log.frame()["label"].isna().tolist() == [True, False, False]


def test_a_key_of_several_columns_joins_on_all_of_them():
    log = memory()
    frame = pd.DataFrame({"day": [1, 1, 2], "seat": ["a", "b", "a"], "x": [0.0, 1.0, 2.0]})
    log.write(Entry(frame, key={"day": frame["day"], "seat": frame["seat"]}))
    log.label(pd.DataFrame({"seat": ["a"], "day": [2], "late": [True]}), column="late")
    assert log.frame()["label"].isna().tolist() == [True, True, False]


@pytest.mark.parametrize("names", [["day"], ["day", "seat"]])
@pytest.mark.parametrize(
    "values", [[1, None, 2], ["a", None, "b"], [1.5, None, 2.0], pd.to_datetime(["2013", None, "2014"])]
)
def test_records_without_a_key_get_no_label_and_are_not_forgotten_with_others(names, values):
    log = memory()
    frame = pd.DataFrame({"day": values, "seat": ["x", "x", "x"]})
    log.write(Entry(frame, key={name: frame[name] for name in names}))
    for record in frame.to_dict("records"):
        log.write(Entry(record, key={name: record[name] for name in names}))
    log.label(frame[frame["day"].notna()].assign(late=[True, False]), column="late")
    assert log.frame()["label"].tolist() == [True, pd.NA, False] * 2
    assert log.forget({name: frame[name][0] for name in names}) == 3
    assert log.frame()["label"].tolist() == [pd.NA, False] * 2


def test_labels_of_another_type_do_not_join_and_do_no_harm():
    log = memory()
    log.write(Entry(pd.DataFrame({"x": [0, 0]}), key={"id": [1, 2]}))
    log.label(pd.DataFrame({"id": ["1", "2"], "late": [1, 1]}), column="late")
    assert log.frame()["label"].isna().all()
    log.label(pd.DataFrame({"id": [1.0], "late": [1]}), column="late")
    assert log.frame()["label"].tolist() == [1, pd.NA]


def test_without_a_key_labels_join_by_request_and_row():
    log = memory()
    log.write(Entry(pd.DataFrame({"x": [1, 2]}), request="r1"))
    log.write(Entry({"x": 3}, request="r2"))
    log.label(pd.DataFrame({"request": ["r1", "r2"], "row": [1, 0], "late": [5, 6]}), column="late")
    assert log.frame()["label"].tolist() == [pd.NA, 5, 6]


def test_several_labels_must_be_asked_for_by_name():
    log = memory()
    log.write(entry("a"))
    log.label(pd.DataFrame({"flight": ["a"], "late": [True]}), column="late")
    log.label(pd.DataFrame({"flight": ["a"], "delay": [31.5]}), column="delay")
    with pytest.raises(ArgumentError, match="several labels: 'delay', 'late'"):
        log.frame()
    assert log.frame(label="delay")["label"].tolist() == [31.5]
    assert log.frame(label="late")["label"].tolist() == [True]
    with pytest.raises(ArgumentError, match="no label 'lat'"):
        log.frame(label="lat")


@pytest.mark.parametrize(
    ("frame", "error", "words"),
    [
        (
            pd.DataFrame({"late": [1], "id": [1]}),
            ArgumentError,
            r"lack the key columns: this log joins by \('flight'\)",
        ),
        (pd.DataFrame({"flight": ["a"]}), ArgumentError, "no column 'late'; they have 'flight'"),
        (pd.DataFrame({"flight": ["a", None], "late": [1, 0]}), TableError, "1 labels have no key in flight|'flight'"),
        ([1, 2], ArgumentTypeError, "must be a table"),
    ],
)
def test_labels_that_cannot_be_joined_are_refused_and_nothing_is_stored(frame, error, words):
    log = memory()
    log.write(entry("a"))
    with pytest.raises(error, match=words):
        log.label(frame, column="late")
    assert log.labels().empty


def test_spans_of_time_include_their_beginning_and_exclude_their_end():
    clock = Clock()
    log = memory(clock=clock)
    for day in range(4):
        clock.now = START + timedelta(days=day)
        log.write(entry(str(day)))
    found = log.frame(since=START + timedelta(days=1), until=START + timedelta(days=3))
    assert found["flight"].tolist() == ["1", "2"]
    assert [list(frame["flight"]) for frame in log.frames(until=START + timedelta(days=1))] == [["0"]]
    with pytest.raises(ArgumentError, match="no time zone"):
        log.frame(since=datetime(2013, 5, 1))  # naive on purpose


def test_rows_of_several_writers_come_in_order_of_time():
    store, clock = MemoryStore(), Clock()
    one, two = Log(store, clock=clock), Log(store, clock=clock)
    for day in range(6):
        clock.now = START + timedelta(days=day)
        (one, two)[day % 2].write(entry(str(day)))
    one.flush()
    assert two.frame()["flight"].tolist() == list("012345")


def test_frames_hold_the_same_rows_as_the_frame():
    log = memory(flush_rows=3)
    for number in range(10):
        log.write(Entry({"id": number}, key={"id": number}))
    log.label(pd.DataFrame({"id": [3, 9], "late": [1.0, 0.0]}), column="late")
    pieces = list(log.frames())
    assert [len(piece) for piece in pieces] == [3, 3, 3, 1]
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), log.frame(), check_dtype=False)


def test_a_person_is_forgotten_in_records_and_labels():
    store = MemoryStore()
    log = Log(store, clock=Clock(), flush_rows=1)
    log.write(entry("zoe", "bob", "zoe"))
    log.write(Entry({"flight": "zoe", "distance": 1.0}, key={"flight": "zoe"}))
    log.label(pd.DataFrame({"flight": ["zoe", "bob"], "late": [1, 0]}), column="late")
    assert log.forget("zoe") == 4
    assert log.forget("zoe") == 0
    assert log.frame()["flight"].tolist() == ["bob"]
    assert log.frame()["row"].tolist() == [1]
    assert log.labels()["flight"].tolist() == ["bob"]
    assert not any(b"zoe" in store.get(key) for key in store.list())


def test_forgetting_takes_a_mapping_and_generated_ids():
    log = memory()
    frame = pd.DataFrame({"person": ["p", "q", "p"], "day": [1, 1, 2]})
    log.write(Entry(frame, request="r", key={"person": frame["person"], "day": frame["day"]}))
    assert log.forget({"person": "p", "day": 2}) == 1
    assert log.forget({"request": "r", "row": 1}) == 1
    assert log.frame()["person"].tolist() == ["p"]
    with pytest.raises(ArgumentError, match="no key of one column"):
        log.forget("p")
    with pytest.raises(ArgumentError, match="would forget everything"):
        log.forget({})
    with pytest.raises(ArgumentError, match="the key has no value in 'person'"):
        log.forget({"person": None})


def test_two_processes_that_forget_in_the_same_segment_both_succeed():
    store = MemoryStore()
    log = Log(store, clock=Clock())
    log.write(entry("a", "b", "c"))
    log.flush()

    class Meddling(MemoryStore):
        """Lets another process forget at the worst moment."""

        meddled = False

        def _put_new(self, key, data):
            if not self.meddled:
                self.meddled = True
                Log(self, clock=Clock()).forget("b")
            super()._put_new(key, data)

    meddling = Meddling()
    meddling._items = store._items
    assert Log(meddling, clock=Clock()).forget("a") == 1
    assert log.frame()["flight"].tolist() == ["c"]


@settings(max_examples=25, deadline=None)
@given(
    names=st.lists(st.sampled_from("abcd"), min_size=1, max_size=12),
    labels=st.dictionaries(st.sampled_from("abcdx"), st.booleans()),
    gone=st.sampled_from("abcdx"),
    rows=st.integers(1, 5),
)
def test_the_log_is_the_table_of_what_was_written_labelled_and_not_forgotten(names, labels, gone, rows):
    log = memory(flush_rows=rows)
    for place, name in enumerate(names):
        log.write(Entry({"place": place, "flight": name}, key={"flight": name}))
    log.label(pd.DataFrame({"flight": list(labels), "late": list(labels.values())}), column="late")
    erased = log.forget(gone)
    frame = log.frame()
    kept = [(place, name) for place, name in enumerate(names) if name != gone]
    assert erased == len(names) - len(kept) + (gone in labels)
    if kept:
        assert list(zip(frame["input.place"], frame["flight"], strict=True)) == kept
    known = frame["label"].notna()
    assert frame["label"][known].tolist() == [labels[name] for name in frame["flight"][known]]
    assert known.sum() == sum(name in labels for _, name in kept)


def test_a_failing_store_drops_nothing_before_the_limit_and_never_raises_in_write(caplog, shaky):
    shaky.down = True
    log = Log(shaky, clock=Clock(), flush_rows=2, keep_rows=5)
    for number in range(8):
        log.write(entry(str(number)))
    assert log.dropped == 3
    assert log.waiting == 5
    for _ in range(2):
        with pytest.raises(StorageError, match="the disk is away"):
            log.flush()
    assert len(caplog.records) == 1
    shaky.down = False
    assert log.frame()["flight"].tolist() == list("01234")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_a_clear_error(tmp_path):
    tmp_path.chmod(0o555)
    log = Log(tmp_path / "log")
    log.write(entry("a"))
    with pytest.raises(StorageError, match="may not write"):
        log.flush()


def test_arguments_are_checked():
    with pytest.raises(ArgumentError, match="flush_rows must be positive, got 0"):
        Log(MemoryStore(), flush_rows=0)
    with pytest.raises(ArgumentTypeError, match="takes an Entry, got dict"):
        memory().write({"x": 1})


def test_a_pickled_log_begins_anew_on_the_same_place(tmp_path):
    log = Log(tmp_path / "log", flush_rows=7)
    log.write(entry("a"))
    copy = pickle.loads(pickle.dumps(log))
    assert copy.flush_rows == 7
    copy.write(entry("b"))
    copy.flush()
    assert copy.frame()["flight"].tolist() == ["b"]
    assert log.frame()["flight"].tolist() == ["a", "b"]
