"""Parameters of rules come back from JSON as what they were, or refuse to go."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit.errors import FormatError
from maturekit.schema.plain import from_json, is_plain, to_json

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(UTC)).map(lambda moment: moment.replace(fold=0))
    | st.timedeltas()
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)


@given(PLAIN)
def test_a_plain_value_comes_back_as_it_was(value):
    assert is_plain(value)
    again = from_json(json.loads(json.dumps(to_json(value))))
    assert (again, repr(again)) == (value, repr(value))


@pytest.mark.parametrize(
    "value",
    [
        [1],
        {"a": 1},
        {1},
        float("nan"),
        float("inf"),
        Decimal("nan"),
        Decimal("sNaN"),
        b"x",
        len,
        (1, [2]),
        pd.Timestamp("2013-01-01"),
    ],
    ids=repr,
)
def test_what_would_change_is_not_plain(value):
    assert not is_plain(value)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"module": "os"},
        {"date": "2013-01-01", "decimal": "1"},
        {"date": "yesterday"},
        {"date": 3},
        {"decimal": "NaN"},
        {"decimal": 3},
        {"decimal": "one"},
        {"datetime": 3},
        {"datetime": "noon"},
        {"timedelta": "1 day"},
    ],
    ids=repr,
)
def test_malformed_data_is_refused(data):
    with pytest.raises(FormatError):
        from_json(data)


def test_times_are_named_beside_their_text():
    assert to_json(date(2013, 1, 2)) == {"date": "2013-01-02"}
    assert to_json((Decimal("1.10"), timedelta(seconds=90))) == [{"decimal": "1.10"}, {"timedelta": "PT90.000000S"}]
    assert to_json(datetime(2013, 1, 2, 3, tzinfo=UTC)) == {"datetime": "2013-01-02T03:00:00.000000Z"}
