"""A fingerprint tells data apart by their values, however they are stored and cut."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit._core.digest import digest_of
from maturekit.errors import ArgumentError, SourceMissingError, TableError
from maturekit.registry import fingerprint, fingerprint_files


def of(values):
    return fingerprint(pd.DataFrame({"x": values}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["a", None], pd.array(["a", None], dtype="string")),
        (["b", "a", None], pd.Categorical(["b", "a", None])),
        (["a", None], pd.Series(["a", np.nan], dtype=object)),
        ([1, 2], np.array([1, 2], dtype="int8")),
        ([1, 2], np.array([1, 2], dtype="uint64")),
        ([1.5, np.nan], pd.array([1.5, None], dtype="Float64")),
        ([True, False], pd.array([True, False], dtype="boolean")),
        ([0.0], [-0.0]),
        ([1, 2], [1.0, 2.0]),
        ([1, None], pd.array([1, None], dtype="Int64")),
        ([2**53 + 1], pd.Series([2**53 + 1], dtype=object)),
        (pd.Series([True, None, 1.5, "a"], dtype=object), pd.Series([True, None, 1.5, "a"], dtype=object)),
        ([True, None], pd.array([True, None], dtype="boolean")),
        (pd.Categorical([1, 2]), [1, 2]),
        (np.array(["2013-01-01"], dtype="M8[s]"), np.array(["2013-01-01"], dtype="M8[ns]")),
        (np.array([1], dtype="m8[s]"), np.array([1000], dtype="m8[ms]")),
    ],
)
def test_a_fingerprint_depends_on_values_not_on_storage(one, other):
    assert of(one) == of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1], [2]),
        ([1], [1.5]),
        ([1], [True]),
        ([1], ["1"]),
        (pd.Series([1, True], dtype=object), pd.Series([1, 1], dtype=object)),
        ([2**63], [-(2**63)]),
        (np.array([1], dtype="m8[s]"), np.array([1], dtype="M8[s]")),
        (pd.to_datetime(["2013-01-01"]), pd.to_datetime(["2013-01-01"], utc=True)),
        ([1, 2], [2, 1]),
        (["ab", ""], ["a", "b"]),
        (["None"], [None]),
        ([None, "a"], ["a", None]),
        ([0.0], [np.nan]),
        ([], [0]),
        (np.array(["2013-01-01"], dtype="M8[s]"), np.array(["2013-01-02"], dtype="M8[s]")),
    ],
)
def test_a_fingerprint_tells_other_values(one, other):
    assert of(one) != of(other)


def test_a_fingerprint_depends_on_names_and_order_of_columns():
    frame = pd.DataFrame({"a": [1], "b": [2]})
    others = [frame[["b", "a"]], frame.rename(columns={"a": "c"}), frame[["a"]]]
    assert len({fingerprint(table) for table in (frame, *others)}) == 4
    assert fingerprint(frame) == fingerprint(frame.set_index(pd.Index([9])))


def test_a_fingerprint_stays_what_it_is():
    frame = pd.DataFrame({"x": [1], "y": ["a"], "z": np.array(["2013-01-01"], dtype="M8[s]")})
    assert fingerprint(frame) == "sha256:f825ce8cc1eacd6a07a4422be781072e110d38ff7cbec0699ad7afc02c8c4f68"


VALUES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=6), st.integers(0, 6))
def test_a_fingerprint_does_not_depend_on_chunks(values, cut):
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
    assert fingerprint([frame[:cut], frame[cut:]]) == fingerprint(frame)


@pytest.mark.parametrize(
    "values",
    [[1, 2, None], [1.5, 2.0, None], [None, None, True], ["a", None, "b"], pd.to_datetime(["2013-01-01", None, None])],
    ids=["whole", "broken", "truth", "text", "time"],
)
def test_chunks_whose_types_differ_are_one_table(values):
    """pandas stores [1, 2] as integers, [1, 2, None] as floats, and [None] as objects."""
    frame = pd.DataFrame({"x": values})
    chunks = [pd.DataFrame({"x": list(frame["x"][at : at + 1])}).convert_dtypes() for at in range(3)]
    assert fingerprint(chunks) == fingerprint(frame)


def test_chunks_of_another_table_are_refused():
    with pytest.raises(TableError, match=r"behind row 1 has the columns \['b'\], the first has \['a'\]"):
        fingerprint([pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})])


def test_a_parquet_file_has_the_fingerprint_of_its_table(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"x": range(1000), "y": ["a", "b"] * 500})
    frame.to_parquet(tmp_path / "table.parquet", row_group_size=300)
    assert fingerprint(tmp_path / "table.parquet") == fingerprint(frame)


def test_files_are_known_by_name_and_bytes(tmp_path):
    (tmp_path / "a/deep").mkdir(parents=True)
    (tmp_path / "a/one").write_bytes(b"1")
    (tmp_path / "a/deep/two").write_bytes(b"2" * 3_000_000)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    first = fingerprint_files(tmp_path / "a")
    assert fingerprint_files(tmp_path / "b") == first
    (tmp_path / "b/one").rename(tmp_path / "b/three")
    assert fingerprint_files(tmp_path / "b") != first
    (tmp_path / "a/one").write_bytes(b"3")
    assert fingerprint_files(tmp_path / "a") != first
    assert fingerprint_files(tmp_path / "a/one") == digest_of(b"3")


def test_files_that_are_not_there_are_named(tmp_path):
    with pytest.raises(SourceMissingError, match="no file or folder"):
        fingerprint_files(tmp_path / "nothing")
    with pytest.raises(ArgumentError, match="holds no files"):
        fingerprint_files(tmp_path)
