"""A pattern says what a text looks like and nothing of what it says; a length counts characters."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.profile import Length, Pattern
from maturekit.profile.pattern import _BLOCK


def pattern(text):
    return Pattern("a").of(pd.DataFrame({"a": pd.Series([text], dtype=object)}))[0]


WORD = {"Lu": {"A"}, "Lt": {"A"}, "Ll": {"a"}, "Lm": {"x"}, "Lo": {"x"}, "Nd": {"9"}, "Mn": set()}


def token_of(character):
    """Return what a letter or digit adds to its word, or the sign that a character is."""
    if character.isspace():
        return " "
    sign = character if character.isascii() and character.isprintable() else "¤"
    return WORD.get(unicodedata.category(character), sign)


def by_hand(text):
    """Return the pattern by the same definition, one character after the other."""
    tokens = []
    for token in map(token_of, text):
        if tokens and isinstance(token, set) and isinstance(tokens[-1], set):
            tokens[-1] = tokens[-1] | token
        elif not tokens or token != tokens[-1]:
            tokens.append(token)
    drop = set()
    for at in range(3, len(tokens)):
        if tokens[at - 1] == tokens[at - 3] == " " and tokens[at] == tokens[at - 2] and isinstance(tokens[at], set):
            drop |= {at - 1, at}
    spelled = ["".join(sorted(token, key="Aax9".find)) for at, token in enumerate(tokens) if at not in drop]
    return "".join(spelled[:16]) + ("…" if len(spelled) > 16 else "")


@settings(deadline=None)
@given(st.one_of(st.text(max_size=60), st.text(alphabet="aB1 .-é名\u0301", max_size=60)))
def test_patterns_are_those_of_the_definition(text):
    assert pattern(text) == by_hand(text.encode("utf-8", "backslashreplace").decode())


@settings(deadline=None)
@given(st.lists(st.text(alphabet="aB1 .-é", max_size=9), max_size=8))
def test_a_text_has_the_same_pattern_among_others_as_alone(texts):
    together = Pattern("a").of(pd.DataFrame({"a": pd.Series(texts, dtype=object)})).tolist()
    assert together == [pattern(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("N14228", "A9"),
        ("2013-01-31", "9-9-9"),
        ("192.168.0.1", "9.9.9.9"),
        ("3f2a77c0-88bb", "a9-a9"),
        ("  JFK ", " A "),
        ("one two three four", "a a"),
        ("Dear Ada,  see you at noon.", "Aa Aa, a."),
        ("café", "a"),
        ("cafe\u0301", "a"),
        ("東京 2020", "x 9"),
        ("😀😀", "¤"),
        ("a\tb\nc", "a a"),
        ("", ""),
        ("-", "-"),
        ("1,2,3,4,5,6,7,8,9", "9,9,9,9,9,9,9,9,…"),
    ],
)
def test_patterns_people_know(text, expected):
    assert pattern(text) == expected


def test_more_texts_than_one_block_holds_are_one_category_each():
    numbers = pd.DataFrame({"a": [f"{number:x}" for number in range(_BLOCK + 10)]})
    patterns = Pattern("a").of(numbers)
    assert set(patterns.cat.categories) == {"9", "a", "a9"}
    expected = numbers["a"].map(lambda text: re.sub("[a-f]+", "a", re.sub("[0-9]+", "9", text)))
    assert patterns.isin(["9"]).sum() == (expected == "9").sum()


def test_a_pattern_never_holds_a_letter_of_the_text():
    assert not set(pattern("Zürich, Xavier & Co: 17 %")) & set("ZürichXvieCo17")


def test_lengths_count_characters_and_null_has_none():
    lengths = Length("a").of(pd.DataFrame({"a": ["abc", "", None, "naïve 😀"]}))
    assert lengths.isna().tolist() == [False, False, True, False]
    assert lengths.dropna().tolist() == [3, 0, 7]
