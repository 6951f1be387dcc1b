"""Whatever comes in: an answer or a clear rejection, no changed neighbour, and no changed input."""

from __future__ import annotations

import collections
import copy
import enum
import math
import types
import warnings
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.deployment import Call, Guarded
from maturekit.deployment.outputs import Outputs
from maturekit.errors import ArgumentError, ArgumentTypeError, RejectedRecordError, RejectedRowsError, TableError
from maturekit.schema import Column, Compare, Schema

SCHEMA = Schema(
    {
        "distance": Column("float", gt=0, le=5000),
        "seats": Column("int", ge=0, le=500, nullable=True),
        "carrier": Column("category", categories=["AA", "UA"]),
        "tail": Column("string", nullable=True, max_length=6),
        "late": Column("bool"),
        "when": Column("datetime", zone="naive", ge=datetime(1900, 1, 1)),
        "id": Column("string", role="key"),
    },
    rules=[Compare("seats", "<=", "distance")],
)
FEATURES = SCHEMA.features
GOOD = {
    "distance": 700.0,
    "seats": 180,
    "carrier": "UA",
    "tail": "N14228",
    "late": False,
    "when": datetime(2013, 5, 3, 7),
}


class Strict:
    """A model that gives a number to a sound row, and raises if a row that is not sound reaches it."""

    feature_names_in_ = np.array([*reversed(FEATURES)], dtype=object)

    def predict(self, X):
        assert list(X.columns) == list(self.feature_names_in_)
        values = []
        for row in X.itertuples(index=False):
            gap = pd.isna(row.seats)
            assert 0 < float(row.distance) <= 5000
            assert gap or 0 <= int(row.seats) <= min(500, float(row.distance))
            assert row.carrier in {"AA", "UA"}
            assert pd.isna(row.tail) or len(row.tail) <= 6
            assert bool(row.late) in {True, False}
            assert pd.Timestamp(row.when).year >= 1900
            tail = 0 if pd.isna(row.tail) else len(row.tail)
            values.append(
                float(row.distance) + (0 if gap else int(row.seats)) + tail + row.late + pd.Timestamp(row.when).day
            )
        X.iloc[:, 0] = None  # nobody else may see what a model does to its table
        return np.array(values)


SERVICE = Guarded(Strict(), schema=SCHEMA, outputs=Outputs(gt=0))


class Fruit(enum.IntEnum):
    APPLE = 3


class Shouting(str):
    """A text of another type."""

    __slots__ = ()


class Stubborn:
    """A value that will not be compared, turned into a number, or hashed."""

    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError("never")

    __ne__ = __lt__ = __gt__ = __le__ = __ge__ = __float__ = __int__ = __index__ = __bool__ = __eq__

    def __deepcopy__(self, memo):
        return self


ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)
ODD = [
    *(None, pd.NA, pd.NaT, math.nan, math.inf, -math.inf, np.float32("nan"), Decimal("NaN"), Decimal("sNaN")),
    *(0, -1, 1, 2**63, -(2**63) - 1, 10**400, True, False, np.bool_(True), Fruit.APPLE, Fraction(7, 2)),
    *(0.0, -0.0, 1e-320, 5000.000001, np.float16(3), np.longdouble(3), Decimal("1e6144"), Decimal(3), 1j),
    *(
        "",
        "AA",
        "aa",
        "\ud800",
        "\0",
        "N" * 70_000,
        Shouting("AA"),
        np.str_("UA"),
        b"AA",
        bytearray(b"AA"),
        "700",
        "true",
    ),
    *(datetime(1, 1, 1), datetime(9999, 12, 31), datetime(2013, 1, 1, tzinfo=UTC), date(2013, 1, 1), timedelta(1)),
    *(pd.Timestamp("2013-01-01"), np.datetime64("NaT", "s"), np.datetime64(2**62, "Y"), np.timedelta64(3, "M")),
    *([], [1.0], (), {}, {"a": 1}, {1}, ENDLESS, object(), Stubborn(), type, len, np.array(3.0), np.array([1, 2])),
    *(np.array([1, 2]), pd.Series([1]), pd.DataFrame({"a": [1]}), pd.Interval(0, 1), pd.Period("2013"), ...),
]
KINDS = [
    dict,
    types.MappingProxyType,
    collections.OrderedDict,
    collections.UserDict,
    lambda record: collections.ChainMap({}, record),
    lambda record: collections.defaultdict(float, record),
]
values_of = {
    "distance": st.floats(500.5, 5000.0),
    "seats": st.one_of(st.none(), st.integers(0, 500)),
    "carrier": st.sampled_from(["AA", "UA"]),
    "tail": st.one_of(st.none(), st.text(max_size=6)),
    "late": st.booleans(),
    "when": st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),
}
odd = st.sampled_from(ODD)
sound_records = st.fixed_dictionaries(values_of)
records = st.fixed_dictionaries({name: st.one_of(good, good, good, odd) for name, good in values_of.items()})


def same(left, right):
    """Whether two records hold the same objects; values that cannot be compared are themselves."""
    return list(left) == list(right) and all(left[name] is right[name] for name in left)


@settings(max_examples=100, deadline=None)
@given(
    record=records,
    gone=st.sets(st.sampled_from(FEATURES), max_size=1),
    more=st.dictionaries(st.one_of(st.text(max_size=3), st.integers(), st.none()), odd, max_size=2),
    kind=st.sampled_from(KINDS),
)
def test_any_record_is_answered_or_refused_with_reasons_and_stays_as_it_was(record, gone, more, kind):
    record = {**more, **{name: value for name, value in record.items() if name not in gone}}
    before = dict(record)
    answer = SERVICE.handle(Call(record=kind(record)))
    assert same(record, before)
    if answer.ok:
        assert answer.one() > 0
    else:
        assert answer.status == ["rejected"]
        assert all(answer.reasons)
        with pytest.raises(RejectedRecordError):
            SERVICE.predict_one(record)


@pytest.mark.parametrize("name", FEATURES)
def test_any_value_in_any_column_is_judged_alike_in_a_record_and_in_a_table(name):
    for value in ODD:
        cells = np.full(3, GOOD[name], dtype=object)
        cells[1] = value
        frame = pd.DataFrame([GOOD] * 3).assign(**{name: pd.Series(cells, dtype=object)})
        one, whole = SERVICE.handle(Call(record=GOOD | {name: value})), SERVICE.handle(Call(frame=frame))
        assert whole.status == ["ok", one.status[0], "ok"], repr(value)
        assert whole.reasons[1] == one.reasons[0], repr(value)
        assert whole.values[0] == SERVICE.predict_one(GOOD)
        if one.ok:
            assert one.values[0] == whole.values[1], repr(value)


STORAGES = {
    "distance": ["float64", "float32", "float16", "int64", "uint8", "Float64", "Int64", "object", "str", "bool"],
    "seats": ["float64", "Int64", "Float64", "object", "str"],
    "carrier": ["str", "string", "category", "object"],
    "tail": ["str", "string", "category", "object"],
    "late": ["bool", "boolean", "object", "category", "int8"],
    "when": ["datetime64[ns]", "datetime64[us]", "datetime64[s]", "datetime64[ns, UTC]", "object", "str"],
}


def in_storage(values, storage):
    """Return a column in a storage that holds these values, or as objects if there is no such thing."""
    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    series = pd.Series(cells, dtype=object)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            return series.astype(storage)
    except (TypeError, ValueError, ArithmeticError, NotImplementedError):
        return series


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.one_of(sound_records, records), min_size=1, max_size=6), data=st.data())
def test_any_frame_is_answered_row_by_row_and_stays_as_it_was(rows, data):
    columns = {
        name: in_storage([row[name] for row in rows], data.draw(st.sampled_from(STORAGES[name]))) for name in FEATURES
    }
    names = data.draw(st.permutations([*FEATURES, "id", "stranger"]))
    gone = data.draw(st.sets(st.sampled_from(FEATURES), max_size=1) if data.draw(st.booleans()) else st.just(set()))
    frame = pd.DataFrame({name: columns.get(name, range(len(rows))) for name in names if name not in gone})
    frame.index = data.draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows)))
    before = {name: list(frame[name].array) for name in frame}
    answer = SERVICE.handle(Call(frame=frame))
    for name, cells in before.items():
        assert [repr(cell) for cell in frame[name].array] == [repr(cell) for cell in cells]
    places = range(len(frame)) if answer.places is None else answer.places.tolist()
    assert [row for row, status in enumerate(answer.status) if status == "ok"] == list(places)
    assert all(bool(why) == (status != "ok") for status, why in zip(answer.status, answer.reasons, strict=True))
    for row in range(len(frame)):
        alone = SERVICE.handle(Call(frame=frame.iloc[[row]]))
        assert alone.status == [answer.status[row]]
        assert alone.reasons == [answer.reasons[row]]
        if alone.ok:
            assert alone.values[0] == answer.values[list(places).index(row)]


@pytest.mark.parametrize(
    "table",
    [
        *(None, 3, "flights.csv", b"", [], {}, object(), Stubborn(), ENDLESS, range(3), (row for row in [1])),
        *(np.zeros((2, 6)), np.array(3), np.array([object()]), [[1, 2]], [GOOD], {"distance": [1.0]}, pd.Series([1.0])),
        *(
            pd.DataFrame(),
            pd.DataFrame([GOOD]).iloc[:0],
            pd.DataFrame([[1, 2]]),
            pd.DataFrame([[1, 2]], columns=["a", "a"]),
        ),
        *(pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])), pd.DataFrame(index=[1, 2])),
    ],
    ids=lambda table: type(table).__name__,
)
def test_what_is_no_table_of_features_is_a_clear_error_or_refused(table):
    try:
        SERVICE.predict(copy.copy(table) if not isinstance(table, types.GeneratorType) else table)
    except (ArgumentError, ArgumentTypeError, TableError, RejectedRowsError) as error:
        assert str(error)
    else:
        pytest.fail("there was nothing to predict")


@pytest.mark.parametrize("record", [3, "distance", [GOOD], [("distance", 1.0)], object(), pd.Series(GOOD), ENDLESS])
def test_what_is_no_record_is_a_clear_error(record):
    with pytest.raises(ArgumentTypeError, match="a record is a mapping of names to values"):
        SERVICE.predict_one(record)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(sound_records, min_size=1, max_size=5), bad=st.integers(0, 4), library=st.sampled_from("pP"))
def test_other_tables_are_answered_as_their_pandas_form(rows, bad, library):
    polars = pytest.importorskip("polars")
    pytest.importorskip("narwhals")
    rows = [row | ({"distance": -1.0} if place == bad else {}) for place, row in enumerate(rows)]
    types_of = {"seats": polars.Int64, "tail": polars.String, "when": polars.Datetime("us")}
    frame = polars.DataFrame(rows, schema_overrides=types_of)
    table = frame if library == "p" else frame.to_arrow()
    answer = SERVICE.handle(Call(frame=table))
    assert answer.status == ["rejected" if place == bad else "ok" for place in range(len(rows))]
    expected = [SERVICE.predict_one(row) for place, row in enumerate(rows) if place != bad]
    assert answer.values.tolist() == expected
