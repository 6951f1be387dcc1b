"""The dictionary keeps what is frequent, and knows what was seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError
from maturekit.profile import Dictionary


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(max_size=8), st.integers(0, 9), max_size=80))
def test_everything_seen_is_known_and_only_what_repeats_is_kept(counts):
    dictionary = Dictionary.learn(list(counts), np.array(list(counts.values()), dtype=np.int64))
    assert dictionary.free or dictionary.knows([text for text, count in counts.items() if count]).all()
    assert len(dictionary.values) <= 50
    assert all(counts[text] >= 2 for text in dictionary.values)
    assert Dictionary.from_dict(dictionary.to_dict()) == dictionary


def test_the_most_frequent_are_kept_and_ties_are_broken_by_the_value():
    texts = [f"v{number:02}" for number in range(60)]
    counts = np.full(60, 5)
    counts[55] = 9
    assert Dictionary.learn(texts, counts).values == ("v55", *texts[:49])


def test_a_long_text_is_known_but_not_kept():
    dictionary = Dictionary.learn(["x" * 201, "y" * 200], np.array([9, 9]))
    assert dictionary.values == ("y" * 200,)
    assert dictionary.knows(["x" * 201]).all()


def test_of_very_many_values_only_those_that_repeat_are_known():
    texts = [str(number) for number in range(12_000)]
    unique = Dictionary.learn(texts, np.ones(12_000, dtype=np.int64))
    assert (len(unique.values), len(unique.hashes)) == (0, 0)
    counts = np.where(np.arange(12_000) < 11_000, 2, 1)
    assert len(Dictionary.learn(texts, counts).hashes) == 10_000


def test_a_hash_is_the_start_of_blake2b():
    # the file format; `printf JFK | b2sum -l 32` prints d2828277
    assert Dictionary.learn(["JFK"], np.array([1])).to_dict()["hashes"] == "0oKCdw=="


@pytest.mark.parametrize("hashes", [[2, 1], [1, 1]])
def test_hashes_must_ascend(hashes):
    with pytest.raises(ArgumentError, match="ascend"):
        Dictionary((), np.array(hashes, dtype=np.uint32))


@pytest.mark.parametrize(
    ("singles", "rows", "free"),
    [(19, 19, False), (20, 20, True), (90, 100, False), (91, 100, True), (10, 100, False)],
)
def test_a_column_is_free_text_if_over_nine_tenths_of_enough_rows_hold_a_value_of_their_own(singles, rows, free):
    counts = np.array([1] * singles + [rows - singles] * (rows > singles))
    dictionary = Dictionary.learn([f"v{number:03}" for number in range(len(counts))], counts)
    assert dictionary.free is free
    assert Dictionary.from_dict(dictionary.to_dict()) == dictionary


def test_of_free_text_only_notable_values_are_kept_and_nothing_else_is_known():
    texts = [f"comment {number}" for number in range(950)] + ["none", "spam", "twice"]
    dictionary = Dictionary.learn(texts, np.array([1] * 950 + [38, 10, 2]))
    assert dictionary.free
    assert dictionary.values == ("none", "spam")  # at least ten of a thousand rows
    assert dictionary.knows(["none", "spam", "twice", "comment 1"]).tolist() == [True, True, False, False]
    assert len(dictionary.hashes) == 2


def test_values_of_fewer_rows_than_asked_for_are_neither_kept_nor_known():
    dictionary = Dictionary.learn(["a", "b", "c"], np.array([9, 5, 4]), least=5)
    assert dictionary.values == ("a", "b")
    assert dictionary.knows(["a", "b", "c"]).tolist() == [True, True, False]


def test_of_very_many_frequent_values_the_most_frequent_are_known():
    counts = np.arange(2, 30_002)
    texts = [str(number) for number in range(30_000)]
    dictionary = Dictionary.learn(texts, counts)
    assert dictionary.values[:2] == ("29999", "29998")
    assert len(dictionary.hashes) == pytest.approx(10_000, abs=20)  # some share a hash
    assert dictionary.knows(texts[20_000:]).all()
    assert dictionary.knows(texts[:20_000]).mean() < 0.001
