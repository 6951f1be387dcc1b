"""What every `Distance` promises, as checks anyone can run on their own subclass."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
import pandas as pd

from maturekit.errors import ArgumentError, ProfileMismatchError
from maturekit.profile import CategoryColumn, Distance, NumericColumn

__all__ = ["DISTANCE_CHECKS"]

_TEXTS = pd.Series(["a"] * 50 + ["b"] * 30 + ["c"] * 20, name="text")
_CATEGORIES = CategoryColumn.of(_TEXTS, kind="string", learnt=np.ones(100, dtype=np.bool_))
_NUMBERS = NumericColumn.of(pd.Series(np.linspace(-3.0, 3.0, 1000), name="number"), kind="float")


def _moved(share: float) -> NumericColumn:
    """Count the numbers after a share of them, evenly spread, moved to the other end."""
    values = np.linspace(-3.0, 3.0, 1000)
    if share:
        values[:: round(1 / share)] = 3.0
    return _NUMBERS.count(pd.Series(values, name="number"))


def check_it_has_a_name_and_a_unit(distance: Distance) -> None:
    assert distance.name
    assert distance.unit


def check_equal_distributions_are_at_no_distance(distance: Distance) -> None:
    assert distance.between(_NUMBERS, _NUMBERS) == 0.0
    assert distance.between(_NUMBERS, _NUMBERS + _NUMBERS) == 0.0, "twice the rows are the same distribution"


def check_a_greater_change_is_farther(distance: Distance) -> None:
    far = [distance.between(_NUMBERS, _moved(share)) for share in (0.0, 0.1, 0.5, 1.0)]
    assert far == sorted(far)
    assert far[0] == 0.0 < far[1] < far[-1]


def check_it_applies_to_categories_unless_it_needs_an_order(distance: Distance) -> None:
    assert distance.applies_to(_NUMBERS)
    assert distance.applies_to(_CATEGORIES) != distance.ordered
    today = _CATEGORIES.count(pd.Series(["d"] * 10, name="text"))
    try:
        assert distance.between(_CATEGORIES, today) > 0.0
    except ArgumentError:
        assert distance.ordered


def check_many_at_once_are_as_one_by_one(distance: Distance) -> None:
    counts = np.stack([_moved(share).cells for share in (0.0, 0.1, 0.5)])
    one_by_one = [float(distance.over(_NUMBERS, _NUMBERS.cells, row)) for row in counts]
    for shape in ((3, -1), (1, 3, -1)):
        many = distance.over(_NUMBERS, _NUMBERS.cells, counts.reshape(shape))
        assert many.shape == counts.reshape(shape).shape[:-1]
        np.testing.assert_allclose(many.ravel(), one_by_one, rtol=1e-12)


def check_no_rows_are_at_no_known_distance(distance: Distance) -> None:
    nothing = _NUMBERS.emptied()
    assert np.isnan(distance.between(_NUMBERS, nothing))
    assert np.isnan(distance.between(nothing, _NUMBERS))


def check_other_bins_are_refused(distance: Distance) -> None:
    other = NumericColumn.of(pd.Series(np.linspace(0.0, 9.0, 500), name="number"), kind="float")
    for pair in ((_NUMBERS, other), (_NUMBERS, _CATEGORIES)):
        try:
            distance.between(*pair)
        except ProfileMismatchError:
            continue
        raise AssertionError("a distance over different bins means nothing")


def check_it_changes_nothing(distance: Distance) -> None:
    counts = _moved(0.1).cells
    counts.setflags(write=False)
    assert distance.over(_NUMBERS, counts, counts) == 0.0


def check_survives_pickling(distance: Distance) -> None:
    copy = pickle.loads(pickle.dumps(distance))
    assert copy.between(_NUMBERS, _moved(0.1)) == distance.between(_NUMBERS, _moved(0.1))


DISTANCE_CHECKS: tuple[Callable[[Distance], None], ...] = (
    check_it_has_a_name_and_a_unit,
    check_equal_distributions_are_at_no_distance,
    check_a_greater_change_is_farther,
    check_it_applies_to_categories_unless_it_needs_an_order,
    check_many_at_once_are_as_one_by_one,
    check_no_rows_are_at_no_known_distance,
    check_other_bins_are_refused,
    check_it_changes_nothing,
    check_survives_pickling,
)
"""Run each on any distance."""
