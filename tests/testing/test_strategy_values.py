"""Values at the edges of what a column can say are found, and none of them breaks it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import find, given, settings

from maturekit.errors import ArgumentError
from maturekit.schema import Column
from maturekit.schema.value import ValueCheck
from maturekit.testing.strategies import values

EDGES = [
    Column("int", ge=2**63),
    Column("int", gt=2**63 - 1),
    Column("int", lt=-(2**63) + 1),
    Column("int", multiple_of=7, lt=-(10**15)),
    Column("float", gt=0, lt=1e-300),
    Column("datetime", ge=datetime(9000, 1, 1)),
    Column("datetime", le=datetime(200, 1, 1)),
    Column("datetime", ge=datetime(9000, 1, 1), lt=datetime(9000, 1, 3), unit="s"),
    Column("datetime", zone="UTC-05:30"),
    Column("date", lt=date(2, 1, 1)),
    Column("date", gt=date(2300, 1, 1), le=date(2300, 1, 2)),
    Column("timedelta", ge=timedelta(days=200_000)),
    Column("timedelta", le=timedelta(days=-200_000)),
    Column("decimal", gt=Decimal("0.0001"), lt=Decimal("0.0002")),
    Column("decimal", ge=5000, max_digits=4),
    Column("decimal", max_digits=2, decimal_places=2),
    Column("decimal", ge=-5, le=5000, max_digits=4, decimal_places=0),
    Column("decimal", multiple_of=Decimal("0.05"), ge=1, le=2),
    Column("string", max_length=0),
    Column("string", min_length=100),
    Column("category", categories=[1, 2]),
]


@pytest.mark.parametrize("column", EDGES, ids=repr)
def test_values_at_the_edges_keep_their_column(column):
    check, drawn = ValueCheck("x", column), []

    @settings(max_examples=20, database=None, deadline=None)
    @given(values(column))
    def keeps(value):
        drawn.append(value)
        assert check(value) == ()

    keeps()
    assert drawn


def test_moments_stand_in_the_zone_that_is_asked_for():
    moment = find(values(Column("datetime", zone="UTC-05:30")), lambda _: True)
    assert moment.utcoffset() == -timedelta(hours=5, minutes=30)


def test_an_unknown_zone_is_refused():
    with pytest.raises(ArgumentError, match="no strategy for moments in the zone 'Mars/Olympus'"):
        values(Column("datetime", zone="Mars/Olympus"))
