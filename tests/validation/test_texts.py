"""The bytes of texts are the same whatever stores them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.schema import Column
from maturekit.schema.constraint import constraints
from maturekit.validation import cells
from maturekit.validation.constraints import broken_rows, shared_rows
from maturekit.validation.lengths import lengths, none_longer
from maturekit.validation.reading import read
from maturekit.validation.texts import spelled


def stored(values):
    yield pd.Series(values, dtype=object)
    try:
        import pyarrow as pa
    except ImportError:
        return
    yield pd.Series(values, dtype=pd.StringDtype("pyarrow"))
    yield pd.Series(["x", *values, "y"], dtype=pd.StringDtype("pyarrow")).iloc[1:-1]
    halves = [pa.array(part, type=pa.string()) for part in (values[:2], [], values[2:])]
    yield pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array(halves, type=pa.string())))


values = st.lists(st.text(alphabet="ab\n\x00é😀", max_size=20), min_size=1, max_size=8)
evenly = st.integers(0, 17).flatmap(
    lambda size: st.lists(st.text("abc\n", min_size=size, max_size=size), min_size=1, max_size=9)
)


def words_of(text):
    data = text.encode()
    return [int.from_bytes(data[at : at + 8], "little") for at in range(0, max(len(data), 24), 8)]


@given(values=st.one_of(values, evenly))
@settings(max_examples=80, deadline=None)
def test_words_are_eight_bytes_each_and_zeros_after_the_end(values):
    for series in stored(values):
        found = [
            [texts.words(number, row, row + 1)[0] for number in range(max(3, -(-texts.longest // 8)))][:12]
            for texts in spelled(series)
            for row in range(len(texts))
        ]
        assert [row[:3] for row in found] == [words_of(text)[:3] for text in values]


@given(values=st.one_of(values, evenly))
@settings(max_examples=80, deadline=None)
def test_equal_texts_have_equal_hashes_in_every_storage(values):
    found = [np.concatenate([texts.hashes() for texts in spelled(series)]).tolist() for series in stored(values)]
    assert all(hashes == found[0] for hashes in found)
    assert len(set(found[0])) == len(set(values))  # of a handful of texts none share one by accident


def test_a_text_with_many_words_hashes_by_all_of_them():
    long = "é" * 5000
    hashes = next(spelled(pd.Series([long, long + "a", long, "b" + long[1:]], dtype=object))).hashes()
    assert hashes[0] == hashes[2]
    assert len(set(hashes.tolist())) == 3


@given(values=values)
@settings(max_examples=40, deadline=None)
def test_lengths_are_characters_not_bytes(values):
    for series in stored(values):
        assert lengths(series).tolist() == [len(text) for text in values]
        assert none_longer(series, max(map(len, values)) * 4, lambda series=series: spelled(series))


@pytest.mark.parametrize("size", [3, 300])
def test_one_long_text_among_many_is_seen(size):
    for series in stored(["a" * size] * 2000 + ["b" * 70_000]):
        assert not none_longer(series, 65_536, lambda series=series: spelled(series))


@pytest.mark.parametrize(("size", "made"), [(10, 1), (200, 2)])
def test_only_short_texts_are_copied_once_for_all_rules(size, made, monkeypatch):
    calls = []
    monkeypatch.setattr(cells, "spelled", lambda values: calls.append(len(values)) or spelled(values))
    values = [f"{row:0{size}d}" for row in range(5000)]
    column = Column("string", pattern=f"[0-9]{{{size}}}", unique=True, max_length=size)
    read_cells = read(pd.Series(values, dtype=object), column)
    broken = [broken_rows(read_cells, rule) for rule in constraints(column)] + [shared_rows(read_cells)]
    assert [len(rows) for rows in broken] == [0, 0, 0]
    assert len(calls) == made  # and the characters of long ones are counted without any
