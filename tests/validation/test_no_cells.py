"""No finding of any kind repeats a cell; the one value of the data that a report holds is the newest moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from maturekit.errors import ArgumentError
from maturekit.schema import (
    Column,
    Compare,
    Constant,
    ForeignKey,
    Fresh,
    GroupRule,
    GroupSize,
    Implies,
    Key,
    Present,
    RowCount,
    RowRule,
    Schema,
    SumsTo,
    TableRule,
)
from maturekit.validation import learn, skew, validate

SECRET = re.compile("ada|lovelace|4,?7[.]?11|1815", re.IGNORECASE)
DIGEST = re.compile("[0-9a-f]{64}")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEXT, NUMBER, MOMENT = "Ada Lovelace", 4711, pd.Timestamp("1815-12-10")


class Loud(RowRule):
    """Its error repeats the first cell."""

    column: str

    def _holds(self, frame):
        raise ValueError(f"cannot work with {frame[self.column].iloc[0]!r}")


class LoudGroups(GroupRule):
    """Its error repeats a group."""

    column: str

    def _holds(self, groups):
        raise KeyError(list(groups.groups))


class LoudTable(TableRule):
    """Its error repeats the summary, which is a cell."""

    column: str

    def _summarise(self, frame):
        return [frame[self.column].iloc[0]]

    def _judge(self, summary):
        raise ValueError(str(summary))


class WrongAnswer(RowRule):
    """Answers with the cells themselves."""

    column: str

    def _holds(self, frame):
        return frame[self.column]


FRAME = pd.DataFrame(
    {
        "alias": [NUMBER, NUMBER, -NUMBER, NUMBER],
        "name": [TEXT, TEXT, None, 4711],
        "sort": [TEXT] * 4,
        "amount": [4711.0, float("inf"), -4711.0, TEXT],
        "spelled": [TEXT, "4711x", "47.11", None],
        "born": [MOMENT, MOMENT - timedelta(days=1), MOMENT, "1815-12-10T12:00+01:00"],
        "mixed": [datetime(1815, 12, 10), datetime(1815, 12, 10, tzinfo=UTC)] * 2,
        "extra": [TEXT] * 4,
    }
).astype({"born": object, "amount": object, "name": object})
SCHEMA = Schema(
    {
        "number": Column("int", aliases=["alias"], unique=True, ge=0, lt=10, multiple_of=3),
        "name": Column("string", unique=True, max_length=3, pattern="[a-c]+"),
        "sort": Column("category", categories=["x"], unknown="flag"),
        "amount": Column("float", le=1, order="increasing"),
        "spelled": Column("int", coerce=True),
        "born": Column("datetime", coerce=True, ge=datetime(1900, 1, 1), zone="naive", unit="s", order="increasing"),
        "mixed": Column("datetime", order="decreasing"),
        "absent": Column("float"),
    },
    rules=[
        Compare("number", "<", "amount"),
        Constant("name", by="number"),
        ForeignKey("name", "people"),
        ForeignKey("number", "nobody"),
        Fresh("born", within=timedelta(days=1)),
        GroupSize("sort", at_least=9),
        Implies("sort", ("Y",), "number", lt=1),
        Key("sort", "number"),
        Loud("name"),
        LoudGroups("number", by="sort"),
        LoudTable("name"),
        Present("absent", "sort", ("x",)),
        RowCount(at_least=9),
        SumsTo("number", ("amount", "spelled")),
        WrongAnswer("number"),
    ],
)
REFERENCES = {"people": pd.DataFrame({"name": ["Charles Babbage"]})}


def secrets(report):
    """What a report shows of the secrets, in any of its forms; a digest may spell anything."""
    shown = [report.to_json(), report.summary(), report._repr_html_(), repr(report), report.to_frame().to_string()]
    return [match.group() for text in shown for match in SECRET.finditer(DIGEST.sub("", text))]


@pytest.mark.parametrize("rows", [None, 1, 3])
def test_no_finding_repeats_a_cell_however_it_came_about(rows):
    report = validate(FRAME, SCHEMA, references=REFERENCES, rows=rows, clock=lambda: NOW)
    statuses = {finding.status for finding in report.findings}
    assert {"failed", "could_not_run", "passed"} <= statuses
    assert {"renamed", "undeclared", "present", "kind", "unique", "Loud", "LoudGroups", "LoudTable", "WrongAnswer"} <= {
        finding.rule for finding in report.findings
    }
    assert secrets(report) == []


def test_no_stored_rule_that_nobody_knows_repeats_a_cell():
    unread = Schema.from_json(SCHEMA.to_json())
    report = validate(FRAME, unread, references=REFERENCES, clock=lambda: NOW)
    assert next(f for f in report.findings if f.rule == "Loud").status == "could_not_run"
    assert secrets(report) == []


def test_the_error_of_an_empty_source_and_findings_of_records_repeat_no_cell():
    with pytest.raises(ArgumentError) as raised:
        validate(iter([]), SCHEMA)
    assert not SECRET.search(str(raised.value))
    for record in FRAME.to_dict("records"):
        found = SCHEMA.check_record(record)
        assert found
        assert not SECRET.search("".join(str(one.to_dict()) for one in found))


def test_no_report_of_skew_or_of_learning_repeats_a_cell():
    schema = Schema({"key": Column("int", role="key"), "name": Column("string"), "amount": Column("float")})
    training = pd.DataFrame(
        {"key": range(47110, 47150), "name": [TEXT] * 40, "amount": [4711.5 + i for i in range(40)]}
    )
    serving = training.assign(name=TEXT + "!", amount=4711.0)
    compared = skew(training, serving[5:], schema, on="key")
    assert compared.failed
    learned = learn(training).report
    for report in (compared, learned):
        assert secrets(report) == []


def test_the_newest_moment_of_a_time_column_is_the_one_value_that_is_shown():
    frame = pd.DataFrame(
        {"at": pd.to_datetime(["2020-01-01T00:00:00", "2020-01-02T03:04:05"]), "other": pd.Timestamp("1815-12-10")}
    )
    schema = Schema({"at": Column("datetime", role="time"), "other": Column("datetime")})
    report = validate(frame, schema)
    assert [f.value for f in report.findings if f.rule == "newest"] == ["2020-01-02T03:04:05"]
    assert secrets(report) == []
