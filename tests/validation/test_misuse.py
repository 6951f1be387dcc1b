"""What somebody new holds wrong: each is refused in words, and no rule of their own yields a wrong verdict."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentError, ArgumentTypeError, MaturekitError, SchemaError
from maturekit.scan import frames
from maturekit.schema import Column, Compare, Constant, ForeignKey, Implies, RowRule, Schema, SumsTo, TableRule, Verdict
from maturekit.validation import FrameReport, history, learn, skew, validate

FRAME = pd.DataFrame({"a": [3, 1, 2]})
SCHEMA = Schema({"a": Column("int")})


class Ordered(RowRule):
    """A rule that sorts: its answer comes in another order of rows."""

    column: str

    def _holds(self, frame: pd.DataFrame) -> Any:
        return frame[self.column].sort_values() > 1


class Emptied(RowRule):
    """A rule that takes the rows out of its own frame."""

    column: str

    def _holds(self, frame: pd.DataFrame) -> Any:
        frame.drop(index=list(frame.index), inplace=True)  # noqa: PD002  # the mistake that is looked for
        return frame[self.column] > 1


class Judged(TableRule):
    """A rule whose verdict is what it was given."""

    ok: Any

    def _summarise(self, frame: pd.DataFrame) -> int:
        return len(frame)

    def _judge(self, summary: int) -> Verdict:  # a constant verdict
        return Verdict(self.ok)


def statuses(rule: Any) -> list[tuple[str, list[int]]]:
    """Return how a rule came out, and the rows that broke it."""
    found = validate(FRAME, Schema({"a": Column("int")}, [rule])).findings
    return [(finding.status, list(finding.positions)) for finding in found if finding.rule == rule.stored_as]


def test_an_answer_in_another_order_is_read_by_its_labels() -> None:
    assert statuses(Ordered("a")) == [("failed", [1])]


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_a_rule_that_drops_rows_from_its_frame_could_not_run() -> None:
    assert statuses(Emptied("a")) == [("could_not_run", [])]


@pytest.mark.parametrize("ok", ["no", None, 1, (True,)])
def test_a_verdict_that_is_no_truth_value_could_not_run(ok: Any) -> None:
    assert statuses(Judged(ok)) == [("could_not_run", [])]


def test_a_verdict_may_be_numpys() -> None:
    assert statuses(Judged(np.bool_(False))) == [("failed", [])]  # numpy's own


@pytest.mark.parametrize("source", [FRAME["a"], FRAME["a"].astype(str), FRAME.to_numpy(), np.array("a"), {"a": [1]}])
def test_what_is_like_a_table_is_refused_as_the_thing_it_is(source: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=f"must be a table .* got {type(source).__name__}"):
        validate(source, SCHEMA)


def test_a_lazy_frame_is_to_be_collected() -> None:
    polars = pytest.importorskip("polars")
    pytest.importorskip("narwhals")
    with pytest.raises(ArgumentTypeError, match="LazyFrame") as caught:
        validate(polars.LazyFrame({"a": [1]}), SCHEMA)
    assert "collect" in caught.value.hint


def test_a_dictionary_of_arrow_may_hold_equal_values() -> None:
    arrow = pytest.importorskip("pyarrow")
    pytest.importorskip("narwhals")
    zeros = arrow.DictionaryArray.from_arrays(arrow.array([0, 1, 0]), arrow.array([0.0, -0.0]))
    report = validate(arrow.table({"x": zeros}), Schema({"x": Column("float", unique=True)}))
    assert {finding.rule: list(finding.positions) for finding in report.failed} == {"unique": [0, 1, 2]}


@pytest.mark.parametrize("cells", ["M8[ns]", "m8[ns]", "c16"])
@pytest.mark.parametrize("column", [Column("float", order="increasing"), Column("float", unique=True)])
def test_a_float_column_may_be_stored_as_anything(cells: str, column: Column) -> None:
    frame = pd.DataFrame({"x": np.zeros(3, dtype=cells), "y": 0.0})
    schema = Schema({"x": column, "y": Column("float")}, [Compare("x", "<=", "y")])
    for rows in (None, 2):
        report = validate(frame, schema, rows=rows)
        assert {finding.rule: list(finding.positions) for finding in report.failed} == {"kind": [0, 1, 2]}


@pytest.mark.parametrize(
    ("value", "kind", "broken"),
    [
        (np.datetime64("20000-01-01"), Column("datetime", le=datetime(2020, 1, 1)), "le"),
        (np.datetime64("-5000-01-01"), Column("datetime", ge=datetime(2020, 1, 1)), "ge"),
        (np.datetime64(2**62, "D"), Column("datetime"), "kind"),
        (np.timedelta64(1, "M"), Column("timedelta", ge=timedelta(0)), "kind"),
    ],
)
def test_moments_beyond_all_years_get_a_verdict(value: Any, kind: Column, broken: str) -> None:
    schema = Schema({"x": kind})
    cells = np.empty(1, dtype=object)
    cells[0] = value
    report = validate(pd.DataFrame({"x": pd.Series(cells, dtype=object)}), schema)
    assert [finding.rule for finding in report.failed] == [broken]
    assert [finding.rule for finding in schema.check_record({"x": value})] == [broken]


@pytest.mark.parametrize("number", [0, 1.5, "3", None, float("nan"), True])
def test_numbers_of_rows_are_whole_numbers_from_one(number: Any) -> None:
    report = validate(FRAME, SCHEMA)
    for use in (
        lambda: list(frames(FRAME, rows=number)),
        lambda: report.sample(FRAME, number),
        lambda: report.together(number),
    ):
        with pytest.raises(ArgumentError, match="must be at least 1"):
            use()


def test_a_name_of_a_column_may_stand_for_itself() -> None:
    frame = pd.DataFrame({"ab": [1], "a": [2], "b": [3]})
    assert list(next(frames(frame, columns="ab"))) == ["ab"]
    assert list(Schema({"ab": Column("int"), "a": Column("int")}).without("ab").columns) == ["a"]


@pytest.mark.parametrize("tags", ["", [""], [1], 5, None, b"a", ["\ud800"]])
def test_tags_are_texts(tags: Any) -> None:
    with pytest.raises(SchemaError, match="tags"):
        Column("int", tags=tags)


def test_one_rule_may_stand_for_itself() -> None:
    columns = {"a": Column("int"), "b": Column("int")}
    assert Schema(columns, Compare("a", "<", "b")).rules == (Compare("a", "<", "b"),)  # type: ignore[arg-type]


WRONG: dict[str, Any] = {
    "references that are a table": lambda: validate(FRAME, SCHEMA, references=FRAME),  # type: ignore[arg-type]
    "references that are a list": lambda: validate(FRAME, SCHEMA, references=["a"]),  # type: ignore[arg-type]
    "a dict for a column": lambda: Schema({"a": {"kind": "int"}}),  # type: ignore[dict-item]
    "None for rules": lambda: Schema({}, None),  # type: ignore[arg-type]
    "columns to update that are none": lambda: SCHEMA.updated(None),  # type: ignore[arg-type]
    "an old schema that is text": lambda: SCHEMA.changes_from(SCHEMA.to_json()),  # type: ignore[arg-type]
    "JSON that is parsed already": lambda: Schema.from_json({"format": 1}),  # type: ignore[arg-type]
    "a stored report that is parsed already": lambda: FrameReport.from_json({"format": 1}),  # type: ignore[arg-type]
    "a frame for a record": lambda: SCHEMA.conform_record([FRAME]),  # type: ignore[arg-type]
    "an environment that is a list": lambda: SCHEMA.within(["serving"]),  # type: ignore[arg-type]
    "an environment that is NA": lambda: SCHEMA.within(pd.NA),  # type: ignore[arg-type]
    "a chance that is a text": lambda: learn(FRAME, false_alarms="low"),  # type: ignore[arg-type]
    "a JSON text for a schema": lambda: validate(FRAME, SCHEMA).split(FRAME, schema=SCHEMA.to_json()),  # type: ignore[arg-type]
    "reasons without a name": lambda: validate(FRAME, SCHEMA).split(FRAME, reasons=""),
    "a skew on nothing": lambda: skew(FRAME, FRAME, SCHEMA, on=None),  # type: ignore[arg-type]
    "a skew on a number": lambda: skew(FRAME, FRAME, SCHEMA, on=[1]),  # type: ignore[list-item]
    "a share that is a text": lambda: skew(FRAME, FRAME, SCHEMA, on="a", within="1%"),  # type: ignore[arg-type]
    "a severity that is NA": lambda: Compare("a", "<", "b", severity=pd.NA),  # type: ignore[arg-type]
    "a sign that is NA": lambda: Compare("a", pd.NA, "b"),  # type: ignore[arg-type]
    "True for a share": lambda: Compare("a", "<", "b", mostly=True),
    "a tuple for one column": lambda: Constant(("a",), by="b"),  # type: ignore[arg-type]
    "an array for columns": lambda: Constant("a", by=np.array([1, 2])),  # type: ignore[arg-type]
    "columns of a key that are numbers": lambda: ForeignKey("a", "t", to=[1]),  # type: ignore[arg-type]
    "no columns of a key": lambda: ForeignKey("a", "t", to=None),  # type: ignore[arg-type]
    "a distance that is NaN": lambda: SumsTo("a", ("b",), within=float("nan")),
    "an implication that allows nothing": lambda: Implies("a", 1, "b", allowed=[]),  # type: ignore[arg-type]
    "an alias that is None": lambda: Column("int", aliases=None),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("use", WRONG.values(), ids=WRONG)
def test_what_is_held_wrong_is_refused_in_words(use: Any) -> None:
    with pytest.raises(MaturekitError):
        use()


def test_one_report_makes_a_history_of_one_batch() -> None:
    assert len(history(validate(FRAME, SCHEMA)).frame()) == 1  # type: ignore[arg-type]
