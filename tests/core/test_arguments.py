"""What somebody passed as an argument is judged before anything is done with it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from maturekit._core.arguments import check_number, checked_names
from maturekit.errors import ArgumentError, ArgumentTypeError


@pytest.mark.parametrize("value", [0, -1, 2.5, float("inf"), float("nan"), np.int8(3), np.float32(0.5), Fraction(1, 3)])
def test_every_real_number_is_a_number(value):
    check_number(value, what="seconds")


@pytest.mark.parametrize(
    "value", [None, True, "1", b"1", [], [1], {}, object(), 1j, pd.NA, np.array([1.0, 2.0]), pd.DataFrame(), int]
)
def test_nothing_else_is_a_number(value):
    with pytest.raises(ArgumentTypeError, match=f"seconds must be a number, got {type(value).__name__}"):
        check_number(value, what="seconds")


@pytest.mark.parametrize("value", [1.5, float("inf"), 2.0])
def test_a_float_is_no_whole_number(value):
    with pytest.raises(ArgumentTypeError, match="rows must be a whole number"):
        check_number(value, what="rows", whole=True)


@pytest.mark.parametrize("value", [None, 7, b"day", {"day": 1}, object(), [7], ["day", None]])
def test_what_holds_something_else_is_no_names(value):
    with pytest.raises(ArgumentTypeError, match="key must be names of columns, got"):
        checked_names(value, what="key")


def test_a_name_stands_once():
    with pytest.raises(ArgumentError, match="key names 'day' twice"):
        checked_names(["day", "day"], what="key")
