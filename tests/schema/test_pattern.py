"""One dialect, on one engine, for the whole value."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from maturekit.errors import SchemaError
from maturekit.schema import Column, Schema
from maturekit.validation import validate


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("a", "a", True),
        ("a", "ab", False),
        ("a", "a\n", False),
        ("a$", "a\n", False),
        ("^a|b$", "ax", False),
        ("a|b", "b", True),
        ("", "", True),
        (r"\d", "3", True),
        (r"\d", "٣", False),
        (r"\D", "٣", True),
        (r"[\d-]+", "3-3", True),
        (r"[^\d]", "٣", True),
        (r"[\w.]+@[\w.]+", "a_b@c.d", True),
        (r"\w", "é", False),
        (r"\s", "\u00a0", False),
        (r"\s+", " \t\n\r\f\v", True),
        (r"\\d", r"\d", True),
        (r"\(\?", "(?", True),
        (r"(?P<year>\d{4})-(?:0\d|1[0-2])", "2013-12", True),
        (".", "\n", False),
        (".", "😀", True),
        ("a", "\ud800", False),
    ],
)
def test_the_whole_value_matches_or_not_on_both_paths(pattern, text, matches):
    schema = Schema({"x": Column("string", pattern=pattern)})
    assert (schema.check_record({"x": text}) == ()) is matches
    assert validate(pd.DataFrame({"x": pd.Series([text, text], dtype=object)}), schema).ok is matches


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(?=a)", "outside the dialect"),
        ("(?!a)b", "outside the dialect"),
        ("(?<=a)b", "outside the dialect"),
        ("(?<!a)b", "outside the dialect"),
        ("(?i)a", "outside the dialect"),
        ("(?>a)", "outside the dialect"),
        ("(a)(?(1)b)", "outside the dialect"),
        (r"(a)\1", "backreferences are not supported"),
        (r"(?P<x>a)(?P=x)", "outside the dialect"),
        (r"\bword\b", "outside the dialect"),
        (r"a\Z", "outside the dialect"),
        ("a)|(b", "malformed"),
        ("[a", "malformed"),
        ("a**b)", "malformed"),
        ("a\\", "malformed"),
        ("a{1000}{1000}", "malformed"),
        ("\ud800", "no valid text"),
    ],
)
def test_what_is_outside_the_dialect_is_refused_when_it_is_written(pattern, message):
    with pytest.raises(SchemaError, match=message):
        Column("string", pattern=pattern)


def test_time_is_linear_in_the_length_of_the_value():
    schema = Schema({"x": Column("string", pattern="(a+)+b")})  # exponential for a backtracking engine
    start = time.perf_counter()
    assert schema.check_record({"x": "a" * 10_000})
    assert time.perf_counter() - start < 1.0
