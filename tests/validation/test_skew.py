"""Training / serving skew: the same keys, other values, whatever the storage and the order of rows."""

from __future__ import annotations

import datetime as dt
import uuid

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError
from maturekit.schema import Column, Schema
from maturekit.validation import skew

SCHEMA = Schema(
    {
        "id": Column("int", role="key"),
        "x": Column("float", nullable=True),
        "n": Column("int", nullable=True),
        "t": Column("string", nullable=True, severity="warning"),
        "paid": Column("bool", role="label"),
    }
)


def finding(report, rule, column=None):
    (found,) = (f for f in report.findings if f.rule == rule and (column is None or f.columns == (column,)))
    return found


def table(rows):
    return pd.DataFrame(rows, columns=["id", "x", "n", "t"])


def test_each_feature_says_which_served_rows_differ_from_training():
    training = table([(1, 0.5, 1, "a"), (2, None, 2, "b"), (3, 2.5, 3, None), (4, np.inf, 4, "d")])
    serving = table([(4, np.inf, 5, "d"), (3, 2.5, 3, ""), (2, 0.0, 2, "b"), (1, 0.5, 1, "a")])
    report = skew(training, serving, SCHEMA, on="id")
    assert report.kind == "skew"
    assert finding(report, "same", "x").positions.tolist() == [2]
    assert finding(report, "same", "n").positions.tolist() == [0]
    assert finding(report, "same", "t").positions.tolist() == [1]
    assert not report.ok
    assert [found.columns for found in report.findings if found.rule == "same"] == [("x",), ("n",), ("t",)]


def test_the_interval_of_a_share_is_that_of_wilson():
    training = table([(row, 0.0, 0, "a") for row in range(4)])
    serving = training.assign(x=[0.0, 0.0, 1.0, 1.0])
    found = finding(skew(training, serving, SCHEMA, on="id"), "same", "x")
    assert (found.count, found.share) == (2, 0.5)
    assert found.interval == pytest.approx((0.15, 0.85), abs=0.001)
    assert (found.certainty.value, found.certainty.meaning) == (0.95, "confidence")
    same = finding(skew(training, training, SCHEMA, on="id"), "same", "x")
    assert (same.status, same.count, same.interval[0]) == ("passed", 0, 0.0)


def test_a_share_that_may_differ_is_judged_with_its_uncertainty():
    def status(different, rows, at_most):
        training = table([(row, 0.0, 0, "a") for row in range(rows)])
        serving = training.assign(x=(np.arange(rows) < different).astype(float))
        return finding(skew(training, serving, SCHEMA, on="id", at_most=at_most), "same", "x").status

    assert status(2, 4, 0.4) == "not_enough_evidence"  # the interval begins at 0.15
    assert status(200, 400, 0.4) == "failed"  # it begins at 0.45
    assert status(2, 4, 0.5) == "passed"
    assert status(1, 400, 0.0) == "failed"


def test_rows_without_one_partner_are_named_and_not_compared():
    training = table([(1, 0.0, 0, "a"), (2, 0.0, 0, "a"), (2, 9.0, 0, "a")])
    serving = table([(7, 1.0, 0, "a"), (2, 1.0, 0, "a"), (1, 1.0, 0, "a"), (1, 0.0, 0, "a"), (None, 1.0, 0, "a")])
    report = skew(training, serving, SCHEMA, on="id")
    assert finding(report, "partner").positions.tolist() == [0, 4]
    assert finding(report, "ambiguous").positions.tolist() == [1]
    assert finding(report, "same", "x").positions.tolist() == [2]
    assert finding(report, "same", "x").share == 0.5  # of the two pairs


def test_tables_without_a_common_key_are_not_enough_evidence():
    report = skew(table([(1, 0.0, 0, "a")]), table([(2, 0.0, 0, "a")]), SCHEMA, on="id")
    assert (report.verdict, report.ok) == ("not_enough_evidence", False)
    assert [found.rule for found in report.findings] == ["partner", "ambiguous", "pairs"]
    assert skew(table([]), table([]), SCHEMA, on="id").verdict == "not_enough_evidence"


def test_a_feature_that_one_side_lacks_failed():
    training = table([(1, 0.0, 0, "a")])
    report = skew(training, training.drop(columns="n"), SCHEMA, on="id")
    assert finding(report, "present", "n").message == "absent in serving"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 6),
            st.sampled_from([0.0, 1.5, None]),
            st.sampled_from([0, 1, None]),
            st.sampled_from(["a", "b", None]),
        ),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_it_is_what_a_loop_over_rows_finds(rows, random):
    """The obvious way: look each served row up in a dict of training rows."""
    first = [row for place, row in enumerate(rows) if row[0] not in {other[0] for other in rows[:place]}]
    served = [(row[0], *random.choice(rows)[1:]) for row in rows]
    if not first:
        return
    known = {row[0]: row[1:] for row in first}
    report = skew(table(first), table(served), SCHEMA, on="id")
    for place, name in enumerate(["x", "n", "t"]):
        expected = [at for at, row in enumerate(served) if row[1:][place] != known[row[0]][place]]
        assert finding(report, "same", name).positions.tolist() == expected


@pytest.mark.parametrize(
    ("column", "values", "storages"),
    [
        (Column("int", nullable=True), [1, None, 2**60], ["Int64", object]),
        (Column("float", nullable=True), [0.5, None, 2], ["float32", "Float64", "category", object]),
        (Column("string", nullable=True), ["a", None, "b"], ["str", "string", "category", object]),
        (Column("bool"), [True, False, True], ["bool", "boolean", object]),
    ],
)
def test_storage_is_no_skew(column, values, storages):
    schema = Schema({"id": Column("int", role="key"), "v": column})
    tables = [pd.DataFrame({"id": [1, 2, 3], "v": pd.Series(values, dtype=dtype)}) for dtype in storages]
    for serving in tables:
        assert skew(tables[0], serving[::-1], schema, on="id").ok
        odd = serving.astype({"v": object})
        odd.loc[1, "v"] = "odd"
        assert finding(skew(tables[0], odd, schema, on="id"), "same").positions.tolist() == [1]


def test_single_precision_is_no_skew_and_a_millionth_more_is():
    one = table([(1, 0.1, 0, "a")])
    assert skew(one, one.assign(x=np.float32(0.1)), SCHEMA, on="id").ok
    assert not skew(one, one.assign(x=0.1 * (1 + 3e-6)), SCHEMA, on="id").ok
    assert skew(one, one.assign(x=0.1 * (1 + 3e-6)), SCHEMA, on="id", within=1e-5).ok
    assert not skew(one.assign(x=1e308), one.assign(x=-1e308), SCHEMA, on="id").ok
    assert not skew(one.assign(x=np.inf), one.assign(x=-np.inf), SCHEMA, on="id").ok


def test_moments_days_and_objects_are_compared_by_what_they_mean():
    schema = Schema({"id": Column("string"), "at": Column("datetime"), "u": Column("object", of="uuid.UUID")})
    moments = pd.to_datetime(["2013-01-01 05:00", "2013-01-02 00:00"], utc=True)
    training = pd.DataFrame({"id": ["a", "b"], "at": moments, "u": [uuid.UUID(int=1), uuid.UUID(int=2)]})
    serving = training.assign(at=training["at"].dt.tz_convert("America/New_York").astype("datetime64[s, UTC]"))
    serving["u"] = [uuid.UUID(int=1), uuid.UUID(int=3)]
    report = skew(training, serving, schema, on="id")
    assert finding(report, "same", "at").ok
    assert finding(report, "same", "u").positions.tolist() == [1]
    naive = skew(training, training.assign(at=moments.tz_localize(None)), schema, on="id")
    assert finding(naive, "same", "at").count == 2


def test_several_columns_make_a_key_of_any_kind():
    day = dt.datetime(2013, 1, 1)
    schema = Schema({"who": Column("category"), "at": Column("datetime"), "x": Column("float")})
    training = pd.DataFrame({"who": ["a", "a", "b"], "at": [day, day + pd.Timedelta("1D"), day], "x": [1.0, 2.0, 3.0]})
    serving = training[::-1].astype({"who": "category", "at": "datetime64[ns]"}).assign(x=[3.0, 2.5, 1.0])
    report = skew(training, serving, schema, on=["who", "at"])
    assert finding(report, "partner").ok
    assert finding(report, "same", "x").positions.tolist() == [1]
    assert skew(training.astype({"at": "datetime64[s]"}), training, schema, on=["at", "who"]).ok


def test_aliases_and_texts_of_coerced_columns_are_read():
    schema = Schema({"id": Column("int", coerce=True), "x": Column("float", coerce=True, aliases=["value"])})
    training = pd.DataFrame({"id": [1, 2], "x": [1.0, 2.0]})
    assert skew(training, pd.DataFrame({"id": ["2", "1"], "value": ["2e0", "1.0"]}), schema, on="id").ok


def test_polars_and_arrow_tables_are_compared_too():
    polars = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    training = table([(1, 0.5, 1, "a"), (2, None, None, None)])
    serving = polars.DataFrame({"id": [2, 1], "x": [None, 0.5], "n": [None, 1], "t": [None, "b"]})
    for other in (serving, serving.to_arrow()):
        report = skew(training, other, SCHEMA, on="id")
        assert {found.columns: found.positions.tolist() for found in report.findings if len(found.positions)} == {
            ("t",): [1]
        }


def test_wrong_arguments_are_refused():
    one = table([(1, 0.5, 1, "a")])
    for wrong in ({"within": 1}, {"at_most": -0.1}, {"confidence": 1.0}, {"on": []}):
        with pytest.raises(ArgumentError):
            skew(one, one, SCHEMA, **{"on": "id"} | wrong)
    with pytest.raises(ArgumentTypeError):
        skew(one, one, {"id": "int"}, on="id")
    with pytest.raises(NotFoundError, match="no column in the schema named"):
        skew(one, one, SCHEMA, on="idd")
    with pytest.raises(NotFoundError, match="no column in serving named"):
        skew(one, one.drop(columns="id"), SCHEMA, on="id")
