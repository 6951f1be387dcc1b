"""Order is judged against all rows before, wherever the table is cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit.errors import TableError
from maturekit.schema import Column, Schema
from maturekit.validation import validate
from maturekit.validation.order import Order

BREAKS = {
    "increasing": lambda value, before: value < max(before),
    "strictly_increasing": lambda value, before: value <= max(before),
    "decreasing": lambda value, before: value > min(before),
    "strictly_decreasing": lambda value, before: value >= min(before),
}
DAY = datetime(2013, 1, 1)
STORAGES = {
    "numbers": lambda values: np.array(values, dtype=float),
    "wholes": lambda values: np.array(values, dtype="int64"),
    "small": lambda values: np.array(values, dtype="int8"),
    "objects": lambda values: np.array([Decimal(value) for value in values] + [None], dtype=object)[:-1],
    "seconds": lambda values: pd.Series(np.array(values, dtype="M8[s]")),
    "nanoseconds": lambda values: pd.Series(np.array(values, dtype="M8[s]").astype("M8[ns]")),
    "moments": lambda values: np.array([datetime(1970, 1, 1) + timedelta(seconds=v) for v in values] + [None])[:-1],
}
FAMILIES = {"numbers": ["numbers", "wholes", "small", "objects"], "moments": ["seconds", "nanoseconds", "moments"]}


@given(
    order=st.sampled_from(sorted(BREAKS)),
    family=st.sampled_from(sorted(FAMILIES)),
    chunks=st.lists(st.lists(st.integers(0, 6), max_size=5), max_size=4),
    data=st.data(),
)
def test_a_row_breaks_the_order_when_it_is_beyond_the_most_extreme_row_before(order, family, chunks, data):
    judge, before = Order(order), []
    for values in chunks:
        storage = data.draw(st.sampled_from(FAMILIES[family]))
        found = judge.breaking(STORAGES[storage](values)).tolist()
        for value, broken in zip(values, found, strict=True):
            assert broken == (bool(before) and BREAKS[order](value, before))
            before.append(value)


def test_fractions_of_a_coarser_unit_keep_their_side():
    for order, seconds, expected in [
        ("increasing", [1, 2], [True, False]),
        ("strictly_increasing", [1, 2], [True, False]),
        ("decreasing", [1, 2], [False, True]),
        ("strictly_decreasing", [1, 2], [False, True]),
    ]:
        judge = Order(order)
        judge.breaking(pd.Series(np.array([1500], dtype="M8[ms]")))
        assert judge.breaking(pd.Series(np.array(seconds, dtype="M8[s]"))).tolist() == expected


def test_what_remains_is_in_order():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.integers(0, 100, 500)})
    for order in BREAKS:
        report = validate(frame, Schema({"x": Column("int", order=order)}), rows=33)
        good, bad = report.split(frame)
        steps = np.diff(good["x"])
        assert len(bad)
        assert ((steps if "increasing" in order else -steps) >= ("strictly" in order)).all()


def test_nulls_and_broken_values_have_no_place_in_the_order():
    frame = pd.DataFrame({"x": [1, None, "a", 3, 2]}, dtype=object)
    report = validate(frame, Schema({"x": Column("int", nullable=True, order="increasing")}))
    assert {f.rule: f.positions.tolist() for f in report.findings if f.status == "failed"} == {
        "kind": [2],
        "order": [4],
    }


def test_moments_with_and_without_a_zone_have_no_common_order():
    naive, aware = pd.Series([DAY]), pd.Series([DAY.replace(tzinfo=UTC)])
    judge = Order("increasing")
    judge.breaking(naive)
    with pytest.raises(TableError, match="no common order"):
        judge.breaking(aware)
    schema = Schema({"x": Column("datetime", order="increasing", role="time")})
    whole = pd.DataFrame({"x": pd.Series([DAY, DAY.replace(tzinfo=UTC)], dtype=object)})
    report = validate(whole, schema)
    assert validate([naive.to_frame("x"), aware.to_frame("x")], schema, clock=lambda: report.time) == report
    (order,) = [finding for finding in report.findings if finding.rule == "order"]
    assert (order.status, order.severity) == ("could_not_run", "error")
