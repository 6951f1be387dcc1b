"""The two parts of a split are the frame, and the valid one stays valid."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import SchemaError, TableError
from maturekit.schema import Column, Compare, GroupSize, Key, Schema
from maturekit.validation import FrameReport, validate

SCHEMA = Schema(
    {
        "key": Column("int", unique=True, role="key"),
        "a": Column("float", nullable=True, ge=0, mostly=0.6),
        "b": Column("float", lt=3),
        "c": Column("category", categories=["x", "y"], unknown="flag"),
        "d": Column("string", nullable=True, max_length=2, severity="warning"),
    },
    rules=[Compare("a", "<=", "b")],
)
rows = st.tuples(
    st.sampled_from([0, 1, 2, 3, 4, 5, None, "six"]),
    st.sampled_from([0.0, 1.0, 2.0, -1.0, None, np.inf]),
    st.sampled_from([0, 1.0, 2.5, 4.0, np.nan]),
    st.sampled_from(["x", "y", "z"]),
    st.sampled_from(["ok", "long", None]),
)


def frame_of(drawn, labels):
    frame = pd.DataFrame(drawn, columns=list(SCHEMA.columns), dtype=object)
    frame.index = pd.Index(labels)
    return frame


@given(st.lists(st.tuples(rows, st.sampled_from([0, 1, 2])), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_the_union_is_the_frame_by_position_and_the_valid_part_is_clean(drawn):
    frame = frame_of([row for row, _ in drawn], [label for _, label in drawn])
    report = validate(frame, SCHEMA)
    good, bad = report.split(frame, schema=SCHEMA)
    places = np.arange(len(frame))
    kept = np.setdiff1d(places, report.rejected)
    pd.testing.assert_frame_equal(good, frame.iloc[kept])
    pd.testing.assert_frame_equal(bad.drop(columns="reasons"), frame.iloc[report.rejected])
    assert (bad["reasons"] != "").all()
    again = validate(good, SCHEMA)
    assert again.rejected.tolist() == []
    assert again.ok or not len(good)


@given(st.lists(rows, min_size=1, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_verdict_on_a_row_does_not_depend_on_the_order_of_rows(drawn, random):
    order = list(range(len(drawn)))
    random.shuffle(order)
    verdicts = [row in validate(frame_of(drawn, order), SCHEMA).rejected for row in range(len(drawn))]
    moved = validate(frame_of([drawn[row] for row in order], order), SCHEMA).rejected
    assert [order[row] for row in moved] == [row for row in order if verdicts[row]]


def test_all_rows_that_share_a_unique_value_are_refused():
    frame = pd.DataFrame({"key": [1, 2, 1, 3, 2, None, None]})
    report = validate(frame, Schema({"key": Column("int", unique=True, nullable=True)}))
    good, bad = report.split(frame)
    assert bad["key"].tolist() == [1, 2, 1, 2]
    assert good["key"].tolist()[0] == 3
    assert len(good) == 3  # two nulls are no twins


def test_a_row_says_all_its_reasons():
    frame = pd.DataFrame({"a": [1.0, -5.0], "b": [5.0, -6.0]})
    schema = Schema({"a": Column("float", ge=0), "b": Column("float", lt=3)}, rules=[Compare("a", "<=", "b")])
    bad = validate(frame, schema).split(frame, reasons="why")[1]
    assert bad["why"].tolist() == ["b: lt", "a: ge; a, b: Compare"]


def test_a_frame_that_was_not_judged_is_refused():
    frame = pd.DataFrame({"a": np.arange(100.0), "b": [f"t{row}" for row in range(100)]})
    report = validate(frame, Schema({"a": Column("float", ge=50)}))
    for other in (
        frame[:99],
        frame[::-1],
        frame.sort_values("b"),
        frame.assign(a=frame["a"] + 1),
        frame.rename(columns={"b": "c"}),
        frame.drop(columns="b"),
        frame[frame["a"] >= 50],
    ):
        with pytest.raises(TableError, match="another frame of 100 rows"):
            report.split(other)
    same = frame.set_index(pd.Index([0] * 100)).astype({"b": "category"})
    assert len(report.split(same)[0]) == 50


def test_a_column_named_reasons_is_never_overwritten():
    frame = pd.DataFrame({"reasons": ["mine", "own"], "a": [1.0, -1.0]})
    report = validate(frame, Schema({"a": Column("float", ge=0)}))
    with pytest.raises(TableError, match="'reasons' already"):
        report.split(frame)
    assert report.split(frame, reasons="why")[1]["why"].tolist() == ["a: ge"]


def test_storage_and_index_of_both_parts_are_the_old_ones():
    frame = pd.DataFrame(
        {
            "a": pd.array([1, None, -3], dtype="Int64"),
            "b": pd.Categorical(["x", "y", "x"]),
            "c": pd.to_datetime(["2013-01-01", None, "2013-01-03"], utc=True),
        },
        index=pd.Index([7, 7, 8], name="label"),
    )
    schema = Schema(
        {"a": Column("int", ge=0, nullable=True), "b": Column("category"), "c": Column("datetime", nullable=True)}
    )
    good, bad = validate(frame, schema).split(frame)
    assert good.dtypes.equals(frame.dtypes)
    assert bad.drop(columns="reasons").dtypes.equals(frame.dtypes)
    assert (good.index.tolist(), good.index.name, bad.index.tolist()) == ([7, 7], "label", [8])


def test_dropping_bad_rows_never_loses_good_ones_that_share_their_label():
    frame = pd.DataFrame({"a": [1.0, -1.0, 2.0]}, index=["same", "same", "same"])
    good, bad = validate(frame, Schema({"a": Column("float", ge=0)})).split(frame)
    assert good["a"].tolist() == [1.0, 2.0]
    assert bad["a"].tolist() == [-1.0]


def test_an_index_of_several_levels_is_kept_in_both_parts():
    index = pd.MultiIndex.from_tuples([("x", 1), ("x", 1), ("y", 2)], names=["part", "number"])
    frame = pd.DataFrame({"a": [1.0, -1.0, 2.0]}, index=index)
    good, bad = validate(frame, Schema({"a": Column("float", ge=0)})).split(frame)
    pd.testing.assert_index_equal(good.index, index[[0, 2]])
    pd.testing.assert_index_equal(bad.index, index[[1]])


def test_nulls_are_counted_placed_split_and_judged_alone_by_one_rule():
    """A null breaks `nullable` where that is false, and no other rule anywhere."""
    schema = Schema({"a": Column("int", ge=0), "b": Column("int", ge=0, nullable=True, unique=True)})
    frame = pd.DataFrame({"a": [1, None, 3], "b": [None, None, 5]}, dtype=object)
    report = validate(frame, schema)
    (found,) = (f for f in report.findings if (f.rule, f.columns) == ("nullable", ("a",)))
    assert (found.count, found.positions.tolist(), report.rejected.tolist()) == (1, [1], [1])
    good, bad = report.split(frame)
    assert (len(good), bad["reasons"].tolist()) == (2, ["a: nullable"])
    refused = [[f.rule for f in schema.check_record(row) if not f.ok] for row in frame.to_dict("records")]
    assert refused == [[], ["nullable"], []]


@pytest.mark.parametrize("values", [[1.0, 2.0], [-1.0, -2.0], []])
def test_parts_without_rows_have_all_columns(values):
    frame = pd.DataFrame({"a": pd.Series(values, dtype="float64"), "b": pd.Categorical(["x"] * len(values))})
    good, bad = validate(frame, Schema({"a": Column("float", ge=0)})).split(frame)
    assert good.dtypes.equals(frame.dtypes)
    assert bad.columns.tolist() == ["a", "b", "reasons"]
    assert len(good) + len(bad) == len(frame)


def test_the_valid_part_comes_as_declared_and_the_rejected_one_as_it_was():
    schema = Schema(
        {"n": Column("int", coerce=True, ge=0, aliases=["count"]), "x": Column("float", coerce=True, nullable=True)}
    )
    frame = pd.DataFrame(
        {"count": ["1", "-2", "many", "4"], "x": ["0.5", "1e3", "1", None], "y": 1}, index=[9, 9, 8, 7]
    )
    report = validate(frame, schema)
    good, bad = report.split(frame, schema=schema)
    assert good.columns.tolist() == ["n", "x", "y"]
    assert (good["n"].tolist(), good["n"].dtype, good.index.tolist()) == ([1, 4], np.dtype("int64"), [9, 7])
    assert good["x"].dtype == np.dtype("float64")
    assert bad["count"].tolist() == ["-2", "many"]  # not null: what could not be read is what was there
    assert bad["reasons"].tolist() == ["n: ge", "n: kind"]
    assert validate(good, schema).ok
    plain = report.split(frame)[0]
    pd.testing.assert_frame_equal(plain, frame.iloc[[0, 3]])


def test_another_schema_than_the_one_that_judged_is_refused():
    frame = pd.DataFrame({"a": [1.0]})
    report = validate(frame, Schema({"a": Column("float")}))
    with pytest.raises(SchemaError, match="another schema"):
        report.split(frame, schema=Schema({"a": Column("float", ge=0)}))
    with pytest.raises(SchemaError, match="another schema"):
        report.splits(frame, schema=Schema({"a": Column("float", ge=0)}))


def test_a_table_of_another_kind_is_split_into_its_own_kind():
    polars = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    schema = Schema({"n": Column("int", coerce=True, ge=0, aliases=["count"]), "c": Column("category")})
    frame = polars.DataFrame(
        {"count": ["1", "-2", "many"], "c": ["x", "y", "x"], "d": [[1], [2], [3]]},
        schema_overrides={"c": polars.Categorical},
    )
    for given_table in (frame, frame.with_columns(polars.col("c").cast(str)).to_arrow()):
        report = validate(given_table, schema)
        good, bad = report.split(given_table)
        assert type(good) is type(bad) is type(given_table)
        assert polars.DataFrame(good).equals(polars.DataFrame(given_table)[[0]])
        assert polars.DataFrame(bad)["reasons"].to_list() == ["n: ge", "n: kind"]
        good, bad = report.split(given_table, schema=schema)
        assert polars.DataFrame(good)["n"].to_list() == [1]
        assert polars.DataFrame(good)["n"].dtype == polars.Int64
        assert polars.DataFrame(good)["d"].to_list() == [[1]]
        assert polars.DataFrame(bad)["count"].to_list() == ["-2", "many"]


@given(st.lists(rows, min_size=1, max_size=12), st.integers(1, 5), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_the_parts_of_chunks_are_the_parts_of_the_whole_however_it_is_cut(drawn, judged, cut):
    frame = frame_of(drawn, range(len(drawn)))
    report = validate(frame, SCHEMA, rows=judged)
    parts = list(report.splits([frame[at : at + cut] for at in range(0, len(frame), cut)]))
    good, bad = report.split(frame)
    assert [label for part, _ in parts for label in part.index] == good.index.tolist()
    assert [label for _, part in parts for label in part.index] == bad.index.tolist()
    assert [text for _, part in parts for text in part["reasons"]] == bad["reasons"].tolist()


def test_chunks_come_as_declared_too_and_a_table_is_cut():
    schema = Schema({"n": Column("int", coerce=True, ge=0)}, rules=[Key("n")])
    frame = pd.DataFrame({"n": ["1", "2", "-1", "2", "3"]})
    parts = list(validate(frame, schema).splits(frame, rows=2, schema=schema, reasons="why"))
    assert [part["n"].tolist() for part, _ in parts] == [[1], [], [3]]
    assert [part["why"].tolist() for _, part in parts] == [["n: Key"], ["n: ge", "n: Key"], []]


def test_chunks_of_another_source_are_refused_at_the_latest_behind_the_last():
    frame = pd.DataFrame({"a": np.arange(2_000.0)})
    report = validate(frame, Schema({"a": Column("float", ge=50)}))
    for other in (frame[:-1], frame[::-1], pd.concat([frame, frame])):
        with pytest.raises(TableError, match="another frame of 2,000 rows"):
            list(report.splits(other, rows=500))
        with pytest.raises(TableError, match="another frame of 2,000 rows"):
            report.sample(other)
    with pytest.raises(TableError, match="'a' already"):
        next(report.splits(frame, reasons="a"))


def test_a_report_read_back_splits_as_the_first_one_did():
    frame = pd.DataFrame({"a": [1.0, -1.0], "b": ["x", None]})
    report = validate(frame, Schema({"a": Column("float", ge=0), "b": Column("string", nullable=True)}))
    again = FrameReport.from_json(report.to_json())
    for one, other in zip(report.split(frame), again.split(frame), strict=True):
        pd.testing.assert_frame_equal(one, other)


@given(st.lists(st.tuples(st.sampled_from("gh"), st.sampled_from([1.0, -1.0, None])), min_size=1, max_size=10))
@settings(max_examples=60, deadline=None)
def test_the_valid_part_is_clean_also_when_a_rejected_row_leaves_a_group_too_small(drawn):
    frame = pd.DataFrame(drawn, columns=["g", "a"]).astype({"a": float})
    schema = Schema({"g": Column("category"), "a": Column("float", ge=0)}, rules=[GroupSize("g", at_least=2)])
    good, bad = validate(frame, schema).split(frame)
    assert sorted([*good.index, *bad.index]) == list(range(len(frame)))
    assert validate(good, schema).rejected.tolist() == []
    sizes = frame[frame["a"] >= 0].groupby("g")["a"].transform("size")  # groups of what is sound
    assert good.index.tolist() == sizes.index[sizes >= 2].tolist()


def test_the_parts_can_be_written_to_and_the_frame_stays_as_it_was():
    frame = pd.DataFrame({"a": [1.0, -1.0], "b": [1, 2]})
    before = frame.copy()
    for part in validate(frame, Schema({"a": Column("float", ge=0)})).split(frame):
        part["a"] = 0.0  # a warning would fail the test
        part.loc[:, "b"] = 7
        part["new"] = 1
    pd.testing.assert_frame_equal(frame, before)


def test_a_column_without_a_single_value_and_a_table_without_rows_never_pass_silently():
    empty = pd.DataFrame({"a": pd.Series([], dtype="float64")})
    assert validate(empty, Schema({"a": Column("float")})).verdict == "not_enough_evidence"
    report = validate(pd.DataFrame({"a": [None, None]}), Schema({"a": Column("float", ge=0)}))
    assert (report.ok, report.rejected.tolist()) == (False, [0, 1])
    allowed = validate(pd.DataFrame({"a": [None, None]}), Schema({"a": Column("float", ge=0, nullable=True)}))
    assert [(found.rule, found.status) for found in allowed.failed] == [("kind", "not_enough_evidence")]


def test_numbers_spelled_as_texts_are_another_kind_with_a_count_and_positions():
    frame = pd.DataFrame({"a": ["1", "2"]})
    report = validate(frame, Schema({"a": Column("float", ge=0)}))
    (found,) = report.failed
    assert (found.rule, found.count, found.positions.tolist()) == ("kind", 2, [0, 1])
    assert report.split(frame)[1]["reasons"].tolist() == ["a: kind", "a: kind"]
