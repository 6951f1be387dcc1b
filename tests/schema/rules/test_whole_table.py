"""Limits of the whole table: how many rows, how old, how far from a profile."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentError, NotEnoughEvidenceError, NotFoundError, SchemaError
from maturekit.profile import Profile, TotalVariation
from maturekit.schema import Column, Fresh, NearProfile, RowCount, Schema, Verdict
from maturekit.validation import validate

NOW = datetime(2013, 1, 2, 12, tzinfo=UTC)
SIX_HOURS = timedelta(hours=6)


def found(report, rule):
    (finding,) = [finding for finding in report.findings if finding.rule == rule]
    return finding


@pytest.mark.parametrize(
    ("rule", "accepted", "words"),
    [
        (RowCount(at_least=2), {2, 3, 4}, "the table must have at least 2 rows"),
        (RowCount(at_most=2), {0, 1, 2}, "the table must have at most 2 rows"),
        (RowCount(2, 3), {2, 3}, "the table must have 2 to 3 rows"),
        (RowCount(3, 3), {3}, "the table must have exactly 3 rows"),
    ],
)
def test_row_limits_are_inclusive_and_count_rows_with_nulls(rule, accepted, words):
    schema = Schema({"a": Column("float", nullable=True)}, rules=[rule])
    for rows in range(5):
        finding = found(validate(pd.DataFrame({"a": np.full(rows, np.nan)}), schema), "RowCount")
        assert (finding.status == "passed", finding.value, finding.unit) == (rows in accepted, rows, "rows")
        assert finding.message == ("" if rows in accepted else words)


def judged(values, within=SIX_HOURS):
    rule = Fresh("a", within=within).given({}, NOW)
    return rule.judge(rule.summarise(pd.DataFrame({"a": values})))


def times(*texts):
    return pd.Series([pd.Timestamp(text) for text in texts])


@pytest.mark.parametrize(
    ("values", "ok", "age"),
    [
        (times("2013-01-02T06:00:00", "2012-01-01"), True, 6 * 3600),
        (times("2013-01-02T05:59:59", "2012-01-01"), False, 6 * 3600 + 1),
        (times("2013-01-02T11:00:00+02:00"), True, 3 * 3600),
        (times("2013-01-02T07:00:00+02:00"), False, 7 * 3600),
        (times("2013-01-02T12:00:00", "2013-01-02T12:00:01"), True, 0),
        (times("2012-12-31T12:00:00", "2031-01-01"), False, 48 * 3600),  # the future does not make it fresh
        (pd.Series([datetime(2013, 1, 2, 9)], dtype=object), True, 3 * 3600),
        (pd.Series([date(2013, 1, 2), date(2013, 1, 1)], dtype=object), False, 12 * 3600),
    ],
)
def test_the_newest_moment_up_to_now_may_be_so_old(values, ok, age):
    verdict = judged(values)
    assert (verdict.ok, verdict.value, verdict.unit) == (ok, age, "s")


@pytest.mark.parametrize("values", [times(), times("2014-01-01")])
def test_a_table_without_a_moment_up_to_now_is_not_fresh(values):
    verdict = judged(values.astype("datetime64[us]"))
    assert verdict == Verdict(False, message="the newest a must be at most 6:00:00 old, and there is none up to now")


def test_the_time_of_the_report_is_what_counts():
    schema = Schema({"a": Column("datetime")}, rules=[Fresh("a", within=SIX_HOURS)])
    frame = pd.DataFrame({"a": times("2013-01-02T03:00:00")})
    finding = found(validate(frame, schema, clock=lambda: NOW), "Fresh")
    assert (finding.status, finding.value) == ("failed", 9 * 3600)
    assert finding.message == "the newest a must be at most 6:00:00 old, and is 9:00:00"
    assert validate(frame, schema, clock=lambda: NOW - SIX_HOURS).ok
    assert Schema.from_json(schema.to_json()) == schema
    with pytest.raises(ArgumentError, match="was not told the time"):
        schema.rules[0].summarise(frame)


RNG = np.random.default_rng(0)
JANUARY = pd.DataFrame(
    {
        "delay": RNG.normal(size=400),
        "seats": RNG.integers(0, 5, 400),
        "origin": RNG.choice(["JFK", "EWR", "LGA"], 400),
        "late": RNG.random(400) < 0.3,
        "day": pd.Timestamp("2013-01-01") + pd.to_timedelta(RNG.integers(0, 30, 400), unit="D"),
    }
)
KINDS = {"delay": "float", "seats": "int", "origin": "category", "late": "bool", "day": "datetime"}
PROFILE = Profile.of(JANUARY)


@pytest.mark.parametrize("name", KINDS)
def test_the_distance_is_that_of_the_profile_in_one_piece_and_in_many(name):
    later = JANUARY[:100].iloc[::-1].reset_index(drop=True)
    expected = TotalVariation().between(PROFILE.columns[name], Profile.of(later, like=PROFILE).columns[name])
    assert 0 < expected < 0.5
    schema = Schema({name: Column(KINDS[name])}, rules=[NearProfile(name, "january", within=expected / 2)])
    references = {"january": PROFILE}
    finding = found(validate(later[[name]], schema, references=references), "NearProfile")
    assert (finding.status, finding.value, finding.unit) == ("failed", pytest.approx(expected), "total variation")
    parts = (later[[name]][start : start + 30].reset_index(drop=True) for start in range(0, 100, 30))
    assert found(validate(parts, schema, references=references), "NearProfile") == finding
    assert validate(JANUARY[[name]], schema, references=references).ok


def test_a_distance_by_hand():
    profile = Profile.of(pd.DataFrame({"a": ["x"] * 60 + ["y"] * 40}))
    rule = NearProfile("a", "before", within=0.35).given({"before": profile}, NOW)
    # shares .6 and .4 against .25 and .75: half of .35 + .35
    verdict = rule.judge(rule.summarise(pd.DataFrame({"a": ["x"] * 25 + ["y"] * 75})))
    assert verdict.value == pytest.approx(0.35)
    verdict = rule.judge(rule.summarise(pd.DataFrame({"a": ["x"] * 24 + ["y"] * 76})))
    assert (
        verdict.message == "the distribution of a must be within 0.35 of 'before'; the total variation distance is 0.36"
    )
    assert not verdict.ok


def test_without_values_nothing_can_be_compared():
    rule = NearProfile("delay", "january", 0.1).given({"january": PROFILE}, NOW)
    with pytest.raises(NotEnoughEvidenceError, match="no values of 'delay' to compare"):
        rule.judge(rule.summarise(JANUARY[:0]))


@pytest.mark.parametrize(
    ("references", "message"),
    [
        ({"januar": PROFILE}, r"no reference named 'january'; known: 'januar'(.|\n)*did you mean 'januar'"),
        ({"january": JANUARY}, r"is no profile(.|\n)*Profile\.of\(frame\)"),
        ({"january": Profile.of(JANUARY[["late", "day"]])}, "the profile 'january': no column named 'delay'"),
    ],
)
def test_a_missing_profile_is_named(references, message):
    with pytest.raises((NotFoundError, TypeError), match=message):
        NearProfile("delay", "january", 0.1).given(references, NOW)


def test_a_rule_without_its_profile_says_so():
    with pytest.raises(ArgumentError, match="was not given its profile"):
        NearProfile("delay", "january", 0.1).summarise(JANUARY)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (RowCount, "has no limit"),
        (lambda: RowCount(3, 2), "kept by nothing"),
        (lambda: RowCount(at_least=2.0), "no number of rows"),
        (lambda: RowCount(1, mostly=0.5), "no meaning"),
        (lambda: Fresh("a", within=3600), "no age"),
        (lambda: Fresh("a", within=timedelta(0)), "no age"),
        (lambda: Schema({"a": Column("int")}, rules=[Fresh("a", within=SIX_HOURS)]), "'a' is of kind 'int'"),
        (lambda: NearProfile("a", PROFILE, 0.1), "stores the name of a profile"),
        (lambda: NearProfile("a", "b", 0), "no share"),
        (lambda: NearProfile("a", "b", 1), "no share"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(make, message):
    with pytest.raises(SchemaError, match=message):
        make()
