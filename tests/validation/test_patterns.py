"""Whatever engine answers, a pattern means what it means for one record."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maturekit.errors import SchemaError
from maturekit.schema.pattern import matching, translated
from maturekit.validation.patterns import agreed, slots, unmatched
from maturekit.validation.texts import spelled

LETTERS = "abzAZ09_-. \n\t\x00\x7fé٣ſK😀"
ATOMS = ["a", "b", "é", "-", " ", ".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\.", r"\-", r"\n", r"\t", "😀"]
ATOMS += [
    "[ab]",
    "[a-z]",
    "[^a]",
    r"[\d_]",
    r"[^\s@]",
    "[A-Z0-9]",
    r"[\w.-]",
    "[-a]",
    "[a-]",
    "[é-ſ]",
    "[!-~]",
    r"[\n-a]",
]
ATOMS += [r"\pL", r"[[:alpha:]]", "[a-z&&[^b]]", "[^é]", r"\x41", "^", "$", "[K-k]"]
TIMES = ["", "", "", "{2}", "{3}", "{1,2}", "{2,}", "*", "+", "?", "*?", "{2}?"]

pieces = st.tuples(st.sampled_from(ATOMS), st.sampled_from(TIMES)).map("".join)
groups = st.tuples(
    st.sampled_from(["(", "(?:", "(?P<name>"]),
    st.lists(pieces, max_size=3),
    st.sampled_from(["|a", "", "|"]),
    st.sampled_from(TIMES),
).map(lambda drawn: f"{drawn[0]}{''.join(drawn[1])}{drawn[2]}){drawn[3]}")
patterns = st.one_of(
    st.lists(pieces, min_size=1, max_size=5), st.lists(st.one_of(pieces, groups), min_size=1, max_size=3)
).map("".join)
texts = st.lists(st.text(alphabet=LETTERS, max_size=12), min_size=1, max_size=8)


def is_valid(pattern):
    try:
        translated(pattern)
    except SchemaError:
        return False
    return True


def storages(values):
    yield pd.Series(values, dtype=object)
    with suppress(ImportError):  # where there is no Arrow
        yield pd.Series(values, dtype=pd.StringDtype("pyarrow"))
        yield pd.Series(values, dtype=pd.StringDtype("pyarrow"))[2:-1]  # offsets that do not start at 0


@given(pattern=patterns.filter(is_valid), values=texts, rows=st.sampled_from([3, 200]))
@settings(max_examples=150, deadline=None)
@example(pattern="[A-Z]{2}-[0-9]{8}", values=["AB-00000001", "AB-0000000é", "AB-0000000", "AB-000000001"], rows=200)
@example(pattern="AB-[0-9]{1,3}", values=["AB-1", "AB-123", "AB-1234", "AB-", "AB-1\x00", "AB-1a", "AB-12é"], rows=200)
@example(pattern="[a\x00]+", values=["a\x00", "a\x00a", "", "b\x00"], rows=200)
@example(pattern="a*", values=["a" * 300, "a" * 256, "a" * 300 + "b", ""], rows=200)
@example(pattern="a{0}", values=["", "a"], rows=200)
@example(pattern="[^a]*", values=["b\nc", "", "\n"], rows=200)
def test_many_texts_match_as_each_one_does(pattern, values, rows):
    many = [values[row % len(values)] for row in range(rows)]
    match = matching(pattern)
    for series in storages(many):
        broken = unmatched(pattern, series, lambda series=series: spelled(series))
        expected = [not match(text) for text in series]
        assert (broken is None) == (not any(expected))
        assert broken is None or broken.tolist() == expected


@pytest.mark.parametrize(
    ("pattern", "least", "most", "open_ended"),
    [
        (r"[A-Z]{2}-\d{8}", 11, 11, False),
        ("[a-z]{2,5}", 2, 5, False),
        ("ab?", 1, 2, False),
        (r"a\w*", 1, 256, True),
        ("a+", 1, 256, True),
    ],
)
def test_rows_of_characters_are_recognised_as_such(pattern, least, most, open_ended):
    found = slots(pattern)
    assert (found.least, found.most, found.open_ended) == (least, most, open_ended)


@pytest.mark.parametrize("pattern", [r"\d{2}|a", "é", "a{300}", "a+b", "(a)", "[^a]", "a{1,300}", ""])
def test_other_patterns_are_not(pattern):
    assert slots(pattern) is None


def test_blanks_are_six_characters():
    texts = [f"a{blank}b" for blank in "\t\n\x0b\x0c\r \x08\x0e\x1f!"] * 10
    for pattern in (r"a\sb", r"a\sb?", r"a[\s]b+"):
        for series in storages(texts):
            broken = unmatched(pattern, series, lambda series=series: spelled(series))
            assert broken.tolist() == [text[1] in "\x08\x0e\x1f!" for text in series]


@pytest.mark.parametrize("pattern", [r"\pL", "[[:alpha:]]", "[a-z&&[^b]]", "a{2}{3}", "^a", "a{1001}", r"\x41"])
def test_what_engines_may_read_differently_is_left_to_one_engine(pattern):
    assert agreed(pattern) is None


def test_half_a_surrogate_pair_matches_nothing_and_stops_nothing():
    values = pd.Series(["ab"] * 100 + ["\ud800b"], dtype=object)
    assert np.flatnonzero(unmatched("[a-z]{2}", values, lambda: spelled(values))).tolist() == [100]
