"""Relations across columns: proposed where chance would have broken them, and only as far as the evidence goes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from maturekit.schema import Compare, Constant, Key, Schema, SumsTo

ROWS = 1000


def rules(**columns):
    return set(Schema.learn(pd.DataFrame(columns)).rules)


def test_the_relations_of_a_table_are_found_and_nothing_else(orders):
    assert set(Schema.learn(orders(0)).rules) == {
        Compare("start", "<=", "end"),
        SumsTo("gross", ("net", "tax")),
        Constant("city", by=("zip",)),
    }


def test_what_the_bounds_imply_is_no_relation():
    rng = np.random.default_rng(0)
    assert not rules(age=rng.uniform(0, 100, ROWS), income=rng.uniform(20_000, 90_000, ROWS))


def test_columns_that_overlap_in_a_few_rows_are_not_compared():
    rng = np.random.default_rng(0)
    assert not rules(low=rng.normal(0, 1, ROWS), high=rng.normal(7, 1, ROWS))


def test_equal_columns_are_said_to_be_equal():
    values = np.random.default_rng(0).normal(size=ROWS)
    assert rules(a=values, b=values) == {Compare("a", "==", "b")}


def test_a_relation_that_follows_from_two_others_is_left_out():
    steps = np.random.default_rng(0).exponential(size=(3, ROWS)).cumsum(axis=0)
    steps[1:, :50] = steps[0, :50]  # they touch
    assert rules(a=steps[0], b=steps[1], c=steps[2]) == {Compare("a", "<=", "b"), Compare("b", "<=", "c")}


def test_one_broken_row_takes_the_relation_away():
    rng = np.random.default_rng(0)
    low = rng.exponential(size=ROWS)
    high = low + rng.exponential(size=ROWS)
    assert Compare("low", "<=", "high") in rules(low=low, high=high)
    high[5] = low[5] - 1
    assert Compare("low", "<=", "high") not in rules(low=low, high=high)


def test_nulls_and_infinities_neither_support_nor_break():
    rng = np.random.default_rng(0)
    low = rng.exponential(size=ROWS)
    high = low + rng.exponential(size=ROWS).round(1)
    low[::7], high[::11], high[3] = np.nan, np.nan, -np.inf
    assert rules(low=low, high=high) == {Compare("low", "<=", "high")}


def test_moments_with_a_zone_are_not_compared_with_moments_without():
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.random.default_rng(0).integers(0, 10**7, ROWS), unit="s")
    end = start + pd.Timedelta(hours=1)
    assert rules(start=start, end=end)
    assert not rules(start=start, end=end.tz_localize("UTC"))


def test_a_key_of_two_columns_is_found_where_no_column_is_a_key():
    flights, days = np.meshgrid(np.arange(40), np.arange(30))
    frame = {"flight": np.char.add("UA", flights.ravel().astype(str)), "day": days.ravel()}
    assert Key("flight", "day") in rules(**frame)
    assert not any(isinstance(rule, Key) for rule in rules(**frame, number=np.arange(1200)))


def test_columns_that_never_agree_by_chance_are_no_key():
    rng = np.random.default_rng(0)
    drawn = {name: np.char.add(name, rng.integers(0, 900, ROWS).astype(str)) for name in "ab"}  # 0.6 pairs are expected
    assert not rules(**drawn)


def test_of_dependences_in_a_chain_only_the_steps_are_kept():
    zips = np.random.default_rng(0).integers(0, 60, ROWS)
    names = {"zip": zips, "city": zips % 12, "state": zips % 3}
    frame = {name: np.char.add(name, values.astype(str)) for name, values in names.items()}
    assert rules(**frame) == {Constant("city", by=("zip",)), Constant("state", by=("city",))}


def test_what_is_nearly_always_the_same_follows_from_nothing():
    rng = np.random.default_rng(0)
    groups = np.char.add("g", rng.integers(0, 50, ROWS).astype(str))
    assert not rules(group=groups, rare=np.where(groups == "g7", "x", "y")[rng.permutation(ROWS)])


def test_a_sum_needs_parts_that_are_there():
    rng = np.random.default_rng(0)
    net = rng.exponential(size=ROWS).round(2)
    rarely = np.where(rng.uniform(size=ROWS) < 0.01, 1.0, 0.0)
    assert not any(isinstance(rule, SumsTo) for rule in rules(net=net, fee=rarely, gross=net + rarely))


def test_few_rows_suggest_no_relations():
    values = np.random.default_rng(0).exponential(size=99)
    assert not rules(a=values, b=values * 2)


def test_many_unrelated_columns_suggest_no_relation():
    rng = np.random.default_rng(0)
    assert not rules(**{f"x{i}": rng.normal(size=ROWS) for i in range(40)})
    assert not rules(**{f"x{i}": np.char.add("v", rng.integers(0, 9, ROWS).astype(str)) for i in range(25)})


def test_names_of_rows_are_compared_with_nothing():
    values = np.arange(ROWS)
    assert not rules(row_id=values, twice=2 * values + values % 2)
