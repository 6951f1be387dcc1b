"""What every `Metric` promises, as checks anyone can run on their own subclass."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.errors import ArgumentError, NotEnoughEvidenceError
from maturekit.statistics import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["METRIC_CHECKS"]

_ROWS = 200


def _data(metric: Metric) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Truth, good answers and worse answers of the kind the metric reads, for 200 rows."""
    numbers = np.random.default_rng(0)
    signal, noise, more = numbers.normal(size=(3, _ROWS))
    good, worse = signal + 0.5 * noise, signal + 2.0 * more
    if metric.reads == "number":
        return signal, good, worse
    truth = (signal > 0).astype(int)
    if metric.reads == "label":
        return truth, (good > 0).astype(int), (worse > 0).astype(int)
    return truth, 1 / (1 + np.exp(-good)), 1 / (1 + np.exp(-worse))


def check_interval_contains_its_value(metric: Metric) -> None:
    truth, good, _ = _data(metric)
    found = metric.interval(truth, good)
    assert found.low <= found.value <= found.high, found
    assert found.n == _ROWS


def check_more_confidence_is_a_wider_interval(metric: Metric) -> None:
    truth, good, _ = _data(metric)
    sure, unsure = metric.interval(truth, good, confidence=0.99), metric.interval(truth, good, confidence=0.8)
    assert sure.low < unsure.low <= unsure.high < sure.high, (sure, unsure)


def check_greater_is_better(metric: Metric) -> None:
    truth, good, worse = _data(metric)
    assert metric.interval(truth, good).value > metric.interval(truth, worse).value
    assert metric.difference(truth, worse, good).value > 0


def check_difference_is_of_the_two_values(metric: Metric) -> None:
    truth, good, worse = _data(metric)
    gain = metric.difference(truth, worse, good)
    assert np.isclose(gain.value, gain.second - gain.first)
    assert np.isclose(gain.first, metric.interval(truth, worse).value)
    assert np.isclose(gain.second, metric.interval(truth, good).value)
    assert gain.low <= gain.value <= gain.high, gain


def check_swapping_the_models_turns_the_sign(metric: Metric) -> None:
    truth, good, worse = _data(metric)
    there, back = metric.difference(truth, worse, good), metric.difference(truth, good, worse)
    width = there.high - there.low
    assert np.isclose(there.value, -back.value)
    assert abs(there.low + back.high) < 0.2 * width, (there, back)  # a bootstrap draws other rows
    assert abs(there.high + back.low) < 0.2 * width, (there, back)


def check_same_input_gives_the_same_answer(metric: Metric) -> None:
    truth, good, worse = _data(metric)
    for array in (truth, good, worse):
        array.setflags(write=False)
    assert metric.interval(truth, good) == metric.interval(truth, good)
    assert metric.difference(truth, worse, good) == metric.difference(truth, worse, good)


def check_order_of_rows_does_not_matter(metric: Metric) -> None:
    truth, good, _ = _data(metric)
    assert np.isclose(metric.interval(truth, good).value, metric.interval(truth[::-1], good[::-1]).value)


def check_units_of_one_row_each_give_about_the_same_interval(metric: Metric) -> None:
    truth, good, worse = _data(metric)
    rows = np.arange(_ROWS)
    for plain, by_unit in (
        (metric.interval(truth, good), metric.interval(truth, good, units=rows)),
        (metric.difference(truth, worse, good), metric.difference(truth, worse, good, units=rows)),
    ):
        assert np.isclose(by_unit.value, plain.value)
        assert 0.75 < (by_unit.high - by_unit.low) / (plain.high - plain.low) < 1.33, (plain, by_unit)


def check_no_rows_are_not_enough_evidence(metric: Metric) -> None:
    try:
        metric.interval([], [])
    except NotEnoughEvidenceError:
        return
    raise AssertionError("a metric of no rows must raise NotEnoughEvidenceError")


def check_answers_of_other_rows_are_refused(metric: Metric) -> None:
    truth, good, _ = _data(metric)
    try:
        metric.interval(truth, good[:-1])
    except ArgumentError:
        return
    raise AssertionError("answers of another number of rows must raise ArgumentError")


def check_survives_pickling(metric: Metric) -> None:
    truth, good, _ = _data(metric)
    assert pickle.loads(pickle.dumps(metric)).interval(truth, good) == metric.interval(truth, good)


METRIC_CHECKS: tuple[Callable[[Metric], None], ...] = (
    check_interval_contains_its_value,
    check_more_confidence_is_a_wider_interval,
    check_greater_is_better,
    check_difference_is_of_the_two_values,
    check_swapping_the_models_turns_the_sign,
    check_same_input_gives_the_same_answer,
    check_order_of_rows_does_not_matter,
    check_units_of_one_row_each_give_about_the_same_interval,
    check_no_rows_are_not_enough_evidence,
    check_answers_of_other_rows_are_refused,
    check_survives_pickling,
)
"""Run each on any metric."""
