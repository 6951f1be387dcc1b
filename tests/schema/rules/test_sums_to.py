"""Sums: exact where the values are, up to rounding where they are floats, and the same for a record as for a row."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit.errors import SchemaError
from maturekit.schema import Column, Schema, SumsTo

RULE = SumsTo("total", ("net", "tax"))


def broken(rule=RULE, **columns):
    return rule.breaking(pd.DataFrame(columns)).tolist()


def test_rounding_of_floats_is_no_error_and_a_cent_is_one():
    assert broken(total=[0.3, 0.31], net=[0.1, 0.1], tax=[0.2, 0.2]) == [False, True]
    million = 1_000_000_000_000.0
    assert broken(total=[million + 0.3, million + 0.31], net=[million + 0.1] * 2, tax=[0.2] * 2) == [False, True]


def test_whole_numbers_and_decimals_add_exactly():
    big = 2**62
    assert broken(total=[2 * big - 1, 2**63 - 1], net=[big, big], tax=[big - 1, big]) == [False, True]
    assert (
        broken(total=np.array([2**64 - 1] * 2, dtype="uint64"), net=[2**63 - 1] * 2, tax=[2**63 - 1] * 2) == [True] * 2
    )
    sixth = np.array([2**64 - 1, 2**64 - 2], dtype="uint64")
    assert broken(total=sixth, net=np.array([2**64 - 2] * 2, dtype="uint64"), tax=[1, 1]) == [False, True]
    tenths = [Decimal("0.1"), Decimal("0.1")]
    assert broken(total=[Decimal("0.3"), Decimal("0.30000000000000001")], net=tenths, tax=[Decimal("0.2")] * 2) == [
        False,
        True,
    ]


def test_within_is_in_the_unit_of_the_columns_and_inclusive():
    rule = SumsTo("total", ("net", "tax"), within=2)
    assert broken(rule, total=[12, 13, 8, 7], net=[5] * 4, tax=[5] * 4) == [False, True, False, True]
    assert rule.words == "total must be net + tax, within 2"


def test_sums_beyond_all_floats_break_the_rule():
    assert broken(total=[1e308], net=[1.7e308], tax=[1.7e308]) == [True]
    assert not RULE.keeps({"total": 1e308, "net": 1.7e308, "tax": 1.7e308})


NUMBERS = {
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "int": st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3),
}


@given(st.data())
def test_a_record_gets_the_verdict_of_its_row(data):
    kinds = [data.draw(st.sampled_from(sorted(NUMBERS))) for _ in range(3)]
    net, tax, other = (data.draw(NUMBERS[kind]) for kind in kinds)
    total = data.draw(st.sampled_from([net + tax, other]))
    if isinstance(total, int) and not -(2**63) <= total < 2**63:
        total = other
    record = {"total": total, "net": net, "tax": tax}
    for rule in (RULE, SumsTo("total", ("net", "tax"), within=0.5)):
        assert rule.keeps(record) != rule.breaking(pd.DataFrame([record]))[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SumsTo("a", ()), "a total and parts"),
        (lambda: SumsTo("a", ("a", "b")), "that all differ"),
        (lambda: SumsTo("a", ("b", "b")), "that all differ"),
        (lambda: SumsTo("a", ("b",), within=-1), "no distance"),
        (lambda: SumsTo("a", ("b",), within=float("inf")), "no distance"),
        (
            lambda: Schema({"a": Column("int"), "b": Column("string")}, rules=[SumsTo("a", ("b",))]),
            "adds 'b', which is of kind 'string'",
        ),
    ],
)
def test_a_sum_that_cannot_be_is_refused(make, message):
    with pytest.raises(SchemaError, match=message):
        make()
