"""A change that breaks nobody breaks no table: random pairs of contracts, and tables that one of them takes."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maturekit.errors import SchemaError
from maturekit.schema import (
    Column,
    Compare,
    Constant,
    Fresh,
    GroupSize,
    Implies,
    Key,
    Present,
    RowCount,
    Schema,
    SumsTo,
)
from maturekit.schema.value import ValueCheck
from maturekit.testing.strategies import frames
from maturekit.validation import validate

OBJECTS = {"uuid.UUID": st.uuids(), "builtins.bytes": st.binary(max_size=2)}
NOW = datetime(2013, 1, 10, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FIRST = datetime(2013, 1, 1)
BOUNDS = {
    "float": [-1.0, 0.0, 1.0, 2.5, 2.0**53],
    "int": [-1, 0, 1, 3, 2**53, 2**53 + 1, -(2**63)],
    "decimal": [Decimal(-1), Decimal(0), Decimal("2.5"), Decimal(200)],
    "date": [date(2013, 1, 1), date(2013, 1, 2), date(2013, 1, 4)],
    "timedelta": [timedelta(0), SECOND, DAY],
    "datetime": [FIRST, FIRST + DAY, FIRST + 2 * DAY],
}
ORDERS = ["increasing", "strictly_increasing", "decreasing", "strictly_decreasing"]
TEXTS = {
    "min_length": [0, 1, 2],
    "max_length": [2, 3, 65_536, 70_000],
    "pattern": ["[a-z]*", "a+"],
    "categories": [("a",), ("a", "bb"), ("bb", "a"), ("aa", "aaa"), ("a" * 66_000,)],
    "unknown": ["reject", "flag", "allow"],
}
OWN = {
    "float": {"multiple_of": [0.5, 1.0, 2.0], "coerce": [True]},
    "int": {"multiple_of": [1, 2, 4], "coerce": [True]},
    "bool": {"coerce": [True]},
    "string": TEXTS,
    "category": TEXTS | {"categories": [*TEXTS["categories"], (1,), (0, 1), (1, 2, 3)]},
    "datetime": {"zone": ["aware", "naive", "UTC", "Europe/Berlin"], "unit": ["s", "ms", "us"], "coerce": [True]},
    "timedelta": {"coerce": [True]},
    "date": {"coerce": [True]},
    "decimal": {
        "multiple_of": [Decimal("0.5"), Decimal("0.05"), Decimal(1), Decimal(2)],
        "max_digits": [2, 3, 5],
        "decimal_places": [0, 1, 2],
        "coerce": [True],
    },
    "object": {"of": ["uuid.UUID", "builtins.bytes"]},
}
ANY = {
    "nullable": [True],
    "unique": [True],
    "severity": ["warning", "info"],
    "mostly": [0.5, 0.75],
    "role": ["key", "label"],
    "tags": [["personal"]],
    "environments": [["training"], ["serving", "training"]],
}
KIN = [("int", "float"), ("int", "decimal"), ("decimal", "float"), ("string", "category"), ("int", "category")]
KIN += [("date", "datetime"), ("category", "float"), ("bool", "int"), ("timedelta", "string")]
NUMBERS = [None, True, -1, 0, 1, 2, 3, 2.5, 3.0, -0.5, 2**53, 2**53 + 1, 2**53 + 2, -(2**63), 10**30, math.inf]
NUMBERS += [Decimal("0.5"), Decimal("0.05"), Decimal(200), Decimal("123.45"), Decimal("1e400"), "2", "2.5"]
WORDS = [None, "", "a", "aa", "aaa", "bb", "B", "a" * 65_537, 0, 1, 2.0, "1"]
TIMES = [None, FIRST, FIRST + DAY, FIRST + 1.5 * SECOND, date(2013, 1, 2), FIRST.replace(tzinfo=UTC), "2013-01-02"]
TIMES += [DAY, SECOND, "PT1S", pd.Timestamp("2013-01-01 00:00:00.000000001")]
CELLS = {"float": NUMBERS, "int": NUMBERS, "decimal": NUMBERS, "string": WORDS, "category": WORDS + NUMBERS}
CELLS |= dict.fromkeys(["datetime", "date", "timedelta"], TIMES)
CELLS |= {"bool": [None, True, False, 1, "true"], "object": [None, UUID(int=1), b"", b"a", "a"]}
suited = partial(
    settings,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def parameters(kind, aware):
    """All that a column of a kind may say, without and with a time zone."""
    pools = ANY | OWN[kind]
    if kind in BOUNDS:
        bounds = [end.replace(tzinfo=UTC) for end in BOUNDS[kind]] if aware and kind == "datetime" else BOUNDS[kind]
        pools |= {"order": ORDERS} | dict.fromkeys(["ge", "gt", "le", "lt"], bounds)
    return pools


def built(kind, said):
    """A column, without what contradicts the rest."""
    kept = {"of": "uuid.UUID"} if kind == "object" else {}
    for name, value in said.items():
        with suppress(SchemaError, TypeError):
            Column(kind, **kept, **{name: value}) if name not in kept else Column(kind, **{name: value})
            kept[name] = value
    return Column(kind, **kept)


@st.composite
def pairs(draw):
    """Two columns that differ in a few parameters, or in their kind."""
    aware = draw(st.booleans())
    kind = draw(st.sampled_from([*OWN, *(kind for kin in KIN for kind in kin)]))
    before, shared = draw(said_of(kind, aware, 2)), draw(said_of(kind, aware, 2))
    pools = parameters(kind, aware)
    after = {name: draw(st.sampled_from([None, *pools[name]])) for name in before}
    after = {name: value for name, value in after.items() if value is not None}
    kin = [other for pair in KIN for other in pair if kind in pair]
    return built(kind, before | shared), built(draw(st.sampled_from([kind] * 6 + kin)), after | shared)


def said_of(kind, aware, most):
    pools = parameters(kind, aware)
    often = [*sorted(pools), *sorted(OWN[kind]) * 2]
    names = st.lists(st.sampled_from(often), max_size=most, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: st.sampled_from(pools[name]) for name in chosen}))


def promised(new, old):
    """Whom the change breaks by what it says: (producers, consumers)."""
    words = {change.breaks for change in new.changes_from(old)}
    return bool(words & {"producers", "both"}), bool(words & {"consumers", "both"})


def takes(schema, frame):
    return validate(frame, schema, clock=lambda: NOW).ok


def assert_kept(old, new, frame):
    producers, consumers = promised(new, old)
    was, now = takes(old, frame), takes(new, frame)
    assert now or not was or producers, new.changes_from(old)
    assert was or not now or consumers, new.changes_from(old)


@st.composite
def columns_and_cells(draw):
    """Two columns and a few cells, most of which one of the columns takes, and the other one perhaps not."""
    old, new = draw(pairs())
    cells = CELLS[old.kind] + CELLS[new.kind]
    verdicts = [(bool(ValueCheck("x", old)(cell)), bool(ValueCheck("x", new)(cell))) for cell in cells]
    kinds = [cells, *([c for c, v in zip(cells, verdicts, strict=True) if test(v)] for test in (any_takes, one_takes))]
    return old, new, draw(st.lists(st.one_of(*map(st.sampled_from, filter(None, kinds))), min_size=1, max_size=4))


def any_takes(broken):
    return not all(broken)


def one_takes(broken):
    return broken[0] != broken[1]


def wild(drawn):
    old, new, cells = drawn
    frame = pd.DataFrame({"x": pd.Series(cells, dtype=object)})
    assert_kept(Schema({"x": old}), Schema({"x": new}), frame)


test_any_cells = suited(max_examples=200)(given(columns_and_cells())(wild))
test_many_cells = pytest.mark.long(suited(max_examples=5_000)(given(columns_and_cells())(wild)))


RULES = [
    *(Compare("n", sign, "m") for sign in ("<", "<=", "==", "!=", ">=", ">")),
    *(Compare("m", sign, "n") for sign in ("<", ">=")),
    *(Key("n"), Key("m", "n"), Key("n", "m", "t"), Key("n", mostly=0.5), Key("n", "m", severity="warning")),
    *(Constant("t", by="n"), Constant("t", by=("n", "m")), Constant("t", by="n", mostly=0.5)),
    *(GroupSize("n", at_least=1), GroupSize("n", at_least=2), GroupSize("n", 1, 2), GroupSize("n", at_most=1)),
    *(RowCount(at_least=1), RowCount(2), RowCount(1, 2), RowCount(at_most=2), RowCount(2, severity="warning")),
    *(Fresh("d", within=DAY), Fresh("d", within=7 * DAY), Fresh("d", within=30 * DAY)),
    *(SumsTo("n", ("m",)), SumsTo("n", ("m",), within=1.0), SumsTo("n", ("m",), within=2, mostly=0.5)),
    *(Implies("t", "a", "n", **limits) for limits in ({"ge": 1}, {"gt": 0}, {"gt": 1}, {"ge": 1, "le": 2}, {"lt": 2})),
    *(Implies("t", values, "n", allowed=allowed) for values in ("a", ("a", "b")) for allowed in ((1,), (0, 1))),
    *(Present("m", "t", "a"), Present("m", "t", ("a", "b")), Present("m", "t", "a", mostly=0.5)),
]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "n": st.sampled_from([None, 0, 1, 2]),
            "m": st.sampled_from([None, 0, 1, 2]),
            "t": st.sampled_from([None, "a", "b"]),
            "d": st.sampled_from([None, date(2013, 1, 9), date(2013, 1, 5), date(2012, 12, 20)]),
        }
    ),
    max_size=5,
)
PLAIN = {name: Column("int", nullable=True) for name in "nm"} | {
    "t": Column("string", nullable=True),
    "d": Column("date", nullable=True),
}


def held(drawn):
    old, new, rows = drawn
    frame = pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=object) for name in PLAIN})
    if rows:  # a table without rows is no evidence for anything
        assert_kept(Schema(PLAIN, rules=old), Schema(PLAIN, rules=new), frame)


alike = st.sampled_from([[rule for rule in RULES if type(rule) is kind] for kind in dict.fromkeys(map(type, RULES))])
both = alike.flatmap(lambda rules: st.tuples(*[st.lists(st.sampled_from(rules), min_size=1, max_size=2)] * 2))
rule_changes = st.builds(lambda rules, rows: (*rules, rows), both, ROWS)
test_any_rules = suited(max_examples=150)(given(rule_changes)(held))
test_many_rules = pytest.mark.long(suited(max_examples=5_000)(given(rule_changes)(held)))


@st.composite
def schemas(draw):
    """Two contracts of a few columns: columns come, go, change, swap places and get names; and one rule or none."""
    drawn = draw(st.lists(pairs(), min_size=1, max_size=2))
    old = {f"c{place}": pair[0] for place, pair in enumerate(drawn)}
    new = {f"c{place}": pair[1] for place, pair in enumerate(drawn)}
    edit = draw(st.sampled_from(["none", "none", "add", "drop", "rename", "alias", "swap", "warn"]))
    extra = draw(pairs())[0]
    if edit == "add":
        new["more"] = extra
    if edit == "warn":
        new["more"] = extra.model_copy(update={"severity": "warning"})
    if edit == "drop":
        old["more"] = extra
    if edit == "swap":
        new = dict(reversed(new.items()))
    if edit in {"rename", "alias"}:
        column = new.pop("c0").model_copy(update={"aliases": draw(st.sampled_from([("c0",), ("c0", "x"), ("x",)]))})
        new["y" if edit == "rename" else "c0"] = (
            column if edit == "rename" else column.model_copy(update={"aliases": ("x",)})
        )
    rules = draw(
        st.sampled_from([[], [Compare("c0", "<=", "c1")], [Compare("c0", "<", "c1", mostly=0.5)], [Key("c0")]])
    )
    return tuple(ruled(columns, rules) for columns in (old, new))


def ruled(columns, rules):
    with suppress(SchemaError):
        return Schema(columns, rules=rules)
    return Schema(columns)


@st.composite
def schemas_and_frames(draw):
    """Two contracts, and a table that one of them takes, perhaps under other names that it accepts."""
    old, new = draw(schemas())
    side = draw(st.sampled_from([old, new]))
    frame = draw(frames(side, min_rows=1, max_rows=3, objects=OBJECTS))
    names = {name: draw(st.sampled_from([name, *column.aliases])) for name, column in side.columns.items()}
    return old, new, frame.rename(columns=names)


def generated(drawn):
    old, new, frame = drawn
    assert_kept(old, new, frame)
    producers, consumers = promised(new, old)
    for contract, breaks in ((new, producers), (old, consumers)):
        other = old if contract is new else new
        if not breaks and not validate(frame, other, clock=lambda: NOW).rejected.size:
            assert not validate(frame, contract, clock=lambda: NOW).rejected.size


test_generated_tables = suited(max_examples=60)(given(schemas_and_frames())(generated))
test_many_generated_tables = pytest.mark.long(suited(max_examples=1_000)(given(schemas_and_frames())(generated)))


@given(schemas())
@settings(max_examples=50, deadline=None)
def test_the_same_contract_has_no_change_and_another_one_has(drawn):
    old, new = drawn
    assert old.changes_from(old) == ()
    assert bool(new.changes_from(old)) == (new != old)


@given(pairs())
@settings(max_examples=100, deadline=None)
def test_the_way_back_breaks_the_others(drawn):
    old, new = (Schema({"x": column}) for column in drawn)
    other = {"producers": "consumers", "consumers": "producers", "both": "both", "nobody": "nobody"}
    there = [other[change.breaks] for change in new.changes_from(old) if change.what != "role"]
    assert [change.breaks for change in old.changes_from(new) if change.what != "role"] == there
