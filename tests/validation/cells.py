"""Cells of every kind, and columns that judge them: what the tests that compare verdicts draw from."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from maturekit.schema import Column

NULLS = [None, float("nan"), pd.NA, pd.NaT, np.datetime64("NaT", "us"), np.float32("nan"), Decimal("NaN")]
NUMBERS = [0, 1, -1, 3, 2.0, 2.5, -0.0, np.int64(7), np.float32(0.1), np.uint8(200), Decimal(2), Decimal("0.5")]
NUMBERS += [math.inf, -math.inf, 2**53 + 1, 2**63, 2**64, 10**400, -(2**63), -(2**63) - 1, 1e300, Fraction(1, 2)]
TEXTS = ["", "a", "b", "AB12", "AB١٢", "3", "AB12\n", "b\n", "_", "é", np.str_("a")]
MOMENTS = [datetime(2013, 1, 1), datetime(2013, 1, 1, tzinfo=UTC), pd.Timestamp("2013-01-01 00:00:00.000000001")]
MOMENTS += [datetime(2013, 6, 1), pd.Timestamp("2013-06-01", tz="America/New_York"), datetime(1500, 1, 1)]
SPANS = [timedelta(0), timedelta(hours=1), pd.Timedelta(1, "ns"), timedelta(days=-1)]
OTHERS = [True, False, np.bool_(True), b"a", date(2013, 1, 1), date(2013, 6, 1), 1j, (1,), UUID(int=1)]
NUMBERS += [Decimal("-12.500"), Decimal("0.001"), Decimal("1E+3"), Decimal("Infinity")]
TEXTS += ["x" * 65_536, "y" * 65_537, "3.0", "-1e2", "true", "FALSE", "2013-01-01", "2013-01-01T00:00:00+00:00"]
MOMENTS += [datetime(2013, 1, 1, 12, 0, 0, 5000), datetime(2013, 1, 1, 13, tzinfo=ZoneInfo("Europe/Berlin"))]
ANYTHING = NULLS + NUMBERS + TEXTS + MOMENTS + SPANS + OTHERS

COLUMNS = [
    Column("float"),
    Column("float", nullable=True, ge=0.1, lt=2.5),
    Column("float", gt=-1, le=2**53, unique=True),
    Column("int", ge=0, unique=True),
    Column("int", nullable=True, multiple_of=2, lt=200),
    Column("int", le=2**63, gt=-(2**63)),
    Column("bool", nullable=True, unique=True),
    Column("string", min_length=1, max_length=4),
    Column("string", nullable=True, pattern=r"[A-Z]{2}\d+"),
    Column("string", pattern=r"\w*", categories=["", "a", "3"], unknown="flag", unique=True),
    Column("category"),
    Column("category", nullable=True, categories=["a", "b"]),
    Column("category", categories=[0, 1, 7], unique=True),
    Column("category", categories=["a"], unknown="allow"),
    Column("category", pattern="a|b.*"),
    Column("category", pattern=r"[^\d]+", severity="warning"),
    Column("datetime", nullable=True),
    Column("datetime", ge=datetime(2013, 1, 1), lt=datetime(2013, 6, 1), unique=True),
    Column("datetime", gt=datetime(2013, 1, 1, tzinfo=UTC), le=datetime(2013, 12, 1, tzinfo=UTC)),
    Column("timedelta", ge=timedelta(0), lt=timedelta(hours=1), unique=True),
    Column("datetime", zone="aware"),
    Column("datetime", zone="naive", unit="s", nullable=True),
    Column("datetime", zone="UTC", unit="ms", unique=True),
    Column("date", ge=date(2013, 1, 1), lt=date(2013, 6, 1), unique=True),
    Column("date", nullable=True),
    Column("decimal", ge=Decimal("0.1"), lt=Decimal("2.5"), unique=True),
    Column("decimal", nullable=True, max_digits=4, decimal_places=2),
    Column("decimal", le=2**63, multiple_of=Decimal("0.5")),
    Column("object", of="uuid.UUID", unique=True),
    Column("object", of=bytes, nullable=True),
    Column("float", coerce=True, le=3),
    Column("int", coerce=True, nullable=True, unique=True),
    Column("bool", coerce=True),
    Column("datetime", coerce=True, ge=datetime(2013, 1, 1)),
]
