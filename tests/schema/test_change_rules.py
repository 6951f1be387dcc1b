"""Whom a new rule breaks: rules that are one another, tightened or loosened, and all others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from maturekit.schema import (
    Column,
    Compare,
    Constant,
    ForeignKey,
    Fresh,
    GroupSize,
    Implies,
    Key,
    NearProfile,
    Present,
    RowCount,
    RowRule,
    Schema,
    SumsTo,
)

COLUMNS = {name: Column("int", nullable=True) for name in "abc"} | {"t": Column("string"), "d": Column("date")}
DAY = timedelta(days=1)


class Near(RowRule):
    left: str
    right: str
    within: float = 1.0

    def _holds(self, frame):
        return (frame[self.left] - frame[self.right]).abs() <= self.within


def changes(old, new):
    listed = Schema(COLUMNS, rules=new).changes_from(Schema(COLUMNS, rules=old))
    return [(change.what, change.breaks) for change in listed]


TIGHTER = [
    (Compare("a", "<=", "b"), Compare("a", "<", "b"), "sign"),
    (Compare("a", "!=", "b"), Compare("a", ">", "b"), "sign"),
    (Compare("a", ">=", "b"), Compare("a", "==", "b"), "sign"),
    (Compare("b", ">=", "a"), Compare("a", "<", "b"), "left, sign, right"),
    (RowCount(1), RowCount(2), "at_least"),
    (RowCount(1), RowCount(1, 9), "at_most"),
    (GroupSize("a", at_most=3), GroupSize("a", at_most=2), "at_most"),
    (Key("a", "b"), Key("a"), "by"),
    (Key("a", mostly=0.5), Key("a"), "mostly"),
    (Key("a", severity="warning"), Key("a"), "severity"),
    (Constant("c", by=("a", "b")), Constant("c", by="b"), "by"),
    (Fresh("d", 2 * DAY), Fresh("d", DAY), "within"),
    (NearProfile("a", "may", 0.2), NearProfile("a", "may", 0.1), "within"),
    (SumsTo("a", ("b", "c"), within=1), SumsTo("a", ("b", "c")), "within"),
    (Implies("t", "x", "a", ge=0), Implies("t", "x", "a", gt=0), "ge, gt"),
    (Implies("t", "x", "a", ge=0), Implies("t", ("x", "y"), "a", ge=0), "values"),
    (Implies("t", "x", "a", ge=0), Implies("t", "x", "a", ge=0, le=9), "le"),
    (Implies("t", "x", "a", allowed=(1, 2)), Implies("t", "x", "a", allowed=(1,)), "allowed"),
    (Present("a", "t", "x"), Present("a", "t", ("x", "y")), "values"),
    (ForeignKey("a", "other", mostly=0.5), ForeignKey("a", "other"), "mostly"),
    (Near("a", "b", severity="info"), Near("a", "b"), "severity"),
]


@pytest.mark.parametrize(("loose", "tight", "what"), TIGHTER, ids=lambda part: repr(part) if part else None)
def test_a_tighter_rule_breaks_producers_and_a_looser_one_consumers(loose, tight, what):
    assert changes([loose], [tight]) == [(what, "producers")]
    assert changes([tight], [loose]) == [(what, "consumers")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Compare("a", "<", "b"), Compare("b", ">", "a")),
        (GroupSize("a", at_most=2), GroupSize("a", 0, 2)),
        (Key("a", "b"), Key("b", "a")),
    ],
)
def test_another_way_to_say_it_breaks_nobody(old, new):
    assert [word for _, word in changes([old], [new])] == ["nobody"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Compare("a", "<", "b"), Compare("a", ">", "b")),
        (Compare("a", "<", "b"), Compare("a", "<", "c")),
        (RowCount(at_least=1), RowCount(at_most=9)),
        (Key("a"), Key("b")),
        (Implies("t", "x", "a", ge=0), Implies("t", "y", "a", ge=0)),
        (SumsTo("a", ("b", "c")), SumsTo("a", ("c", "b"))),  # floats are added in the order that is stated
        (Near("a", "b", 1.0), Near("a", "b", 2.0)),  # what the parameters of an own rule mean, nobody can tell
        (Key("a"), Constant("b", by="a")),
    ],
)
def test_rules_that_are_not_one_another_are_removed_and_added(old, new):
    assert changes([old], [new]) == [("removed", "consumers"), ("added", "producers")]


def test_a_rule_that_refuses_nothing_breaks_nobody():
    warning = Compare("a", "<", "b", severity="warning")
    assert changes([], [warning]) == [("added", "nobody")]
    assert changes([warning], []) == [("removed", "nobody")]
    assert changes([warning], [Compare("a", "==", "b", severity="info")]) == [
        ("removed", "nobody"),
        ("added", "nobody"),
    ]


def test_each_rule_finds_its_own_successor():
    old = [Implies("t", "x", "a", ge=0), Implies("t", "y", "a", ge=0), Key("a")]
    new = [Key("a"), Implies("t", "y", "a", ge=1), Implies("t", "x", "a", ge=-1)]
    assert changes(old, new) == [("ge", "consumers"), ("ge", "producers")]


def test_rules_in_another_order_are_a_change_for_nobody():
    assert changes([Key("a"), Key("b")], [Key("b"), Key("a")]) == [("rule order", "nobody")]
    assert changes([Key("a"), Key("a")], [Key("a")]) == [("removed", "consumers")]


def test_a_rule_that_was_read_without_its_class_is_still_the_same():
    schema = Schema(COLUMNS, rules=[Near("a", "b", 2.0)])
    read = Schema.from_json(schema.to_json())
    assert read != schema
    assert schema.changes_from(read) == read.changes_from(schema) == ()
    assert [change.what for change in Schema(COLUMNS, rules=[Near("a", "b")]).changes_from(read)] == [
        "removed",
        "added",
    ]
