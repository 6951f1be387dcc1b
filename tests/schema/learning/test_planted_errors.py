"""What is learned finds the errors that people make."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.validation import learn, validate


def typo(frame, rows):
    frame.loc[rows, "city"] = "Bom"


def other_unit(frame, rows):
    frame.loc[rows, "weight"] *= 1000  # grams


def swapped(frame, rows):
    frame.loc[rows, ["start", "end"]] = frame.loc[rows, ["end", "start"]].to_numpy()


def negative(frame, rows):
    frame.loc[rows, "net"] *= -1


def missing(frame, rows):
    frame.loc[rows, "tax"] = None


def repeated(frame, rows):
    frame.loc[rows, "order"] = frame.loc[0, "order"]


def other_code(frame, rows):
    frame.loc[rows, "order"] = "AB-" + frame.loc[rows, "order"].str[2:]


def wrong_sum(frame, rows):
    frame.loc[rows, "gross"] += 0.01


def wrong_city(frame, rows):
    frame.loc[rows, "city"] = frame.loc[rows, "city"].map({"Ulm": "Kiel"}).fillna("Ulm")


def long_ago(frame, rows):
    frame.loc[rows, "start"] = pd.Timestamp("1970-01-01")


@pytest.mark.parametrize(
    ("plant", "rule"),
    [
        (typo, "categories"),
        (other_unit, "le"),
        (swapped, "Compare"),
        (negative, "ge"),
        (missing, "nullable"),
        (repeated, "unique"),
        (other_code, "pattern"),
        (wrong_sum, "SumsTo"),
        (wrong_city, "Constant"),
        (long_ago, "ge"),
    ],
)
def test_a_planted_error_is_found_by_its_rule(orders, plant, rule):
    schema = learn(orders(0)).schema
    fresh = orders(1)
    assert validate(fresh, schema).ok
    rows = [30, 400, 777]
    plant(fresh, rows)
    report = validate(fresh, schema)
    assert rule in {finding.rule for finding in report.failed}
    assert set(rows) <= set(report.rejected.tolist())


@pytest.mark.parametrize("kind", ["normal", "exponential", "uniform", "poisson", "geometric", "mixture", "student"])
def test_another_unit_is_found_in_any_source_without_a_heavy_tail(numbers_of, kind):
    for seed in range(5):
        schema = learn(pd.DataFrame({"x": numbers_of(kind, seed)})).schema
        fresh = pd.DataFrame({"x": numbers_of(kind, seed + 100)})
        large = np.flatnonzero(fresh["x"].abs() >= fresh["x"].abs().median())[:5]
        fresh.loc[large, "x"] = fresh.loc[large, "x"] * 1000
        assert set(large) <= set(validate(fresh, schema).rejected.tolist())
