"""Counts of values add up, add exactly, and are not judged on the rows they were learned from."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, ProfileMismatchError
from maturekit.profile import CategoryColumn
from maturekit.profile.build import split

CELLS = st.lists(st.sampled_from(["a", "b", "c", "d", None]), max_size=60)


def column(cells):
    return pd.Series(cells, dtype=object, name="x")


def of(cells):
    return CategoryColumn.of(column(cells), kind="category", learnt=split(len(cells), 0))


@settings(max_examples=50, deadline=None)
@given(CELLS, CELLS, CELLS)
def test_counts_of_two_parts_are_the_counts_of_the_whole(reference, left, right):
    fixed = of(reference)
    merged = fixed.count(column(left)) + fixed.count(column(right))
    assert merged.to_dict() == fixed.count(column(left + right)).to_dict()


@settings(max_examples=50, deadline=None)
@given(CELLS, CELLS)
def test_every_row_is_null_or_in_one_cell_and_all_later_rows_are_checked(reference, cells):
    fixed = of(reference)
    counted = fixed.count(column(cells))
    nulls = cells.count(None)
    assert counted.nulls == nulls
    assert counted.cells.sum() == counted.checked == len(cells) - nulls
    assert counted.unseen == sum(cell is not None and not fixed.dictionary.knows([cell])[0] for cell in cells)
    assert counted.checked_rest == counted.rest


@settings(max_examples=30, deadline=None)
@given(CELLS)
def test_a_column_survives_storage(cells):
    counted = of(cells)
    again = CategoryColumn.from_dict(counted.to_dict(), name="x", kind="category", dictionary=counted.dictionary)
    assert again.to_dict() == counted.to_dict()


def test_a_reference_is_checked_on_the_other_fifth_only():
    cells = ["a"] * 7 + ["b", "b", "new"]
    learnt = np.array([True] * 8 + [False] * 2)
    reference = CategoryColumn.of(column(cells), kind="category", learnt=learnt)
    assert reference.values == (
        "a",
    )  # b stands only once among the rows that were learned from  # our own, no DataFrame's
    assert reference.cells.tolist() == [7, 3]
    assert (reference.checked, reference.checked_rest, reference.unseen) == (2, 2, 1)


def test_the_share_of_rest_and_unseen_is_the_same_later_when_nothing_changed():
    # 300 equally frequent values and 1,000 rows: the 50 most frequent of the sample are far too frequent in it
    rng = np.random.default_rng(0)
    here, later = np.zeros((2, 2)), np.zeros((2, 2))
    in_sample = 0
    for _ in range(40):
        texts = column(rng.integers(0, 300, size=1000).astype(str))
        reference = CategoryColumn.of(texts, kind="category", learnt=split(1000, rng))
        today = reference.count(column(rng.integers(0, 300, size=1000).astype(str)))
        for total, part in ((here, reference), (later, today)):
            total += [[part.checked_rest, part.checked], [part.unseen, part.checked]]
        in_sample += reference.rest / 1000 / 40
    share = here[:, 0] / here[:, 1]
    error = np.sqrt(share * (1 - share) / here[0, 1])  # 8,000 checked rows: about .004 and .003
    assert (np.abs(share - later[:, 0] / later[:, 1]) < 4 * error).all()
    assert in_sample < share[0] - 20 * error[0]  # what the split is for


def test_a_column_without_values_keeps_nothing():
    nothing = of([None] * 10)
    assert (nothing.rows, nothing.nulls, nothing.cells.tolist()) == (10, 10, [0])
    assert nothing.count(column(["a"])).unseen == 1


def test_a_single_row_is_no_frequency():
    assert of(["secret"]).values == ()  # our own, no DataFrame's
    assert of(["secret"]).rest == 1


def test_values_of_one_text_are_counted_together():
    mixed = pd.Series([1, "1", 1.0, "1"] * 10, dtype=object, name="x")
    counted = CategoryColumn.of(mixed, kind="category", learnt=np.ones(40, dtype=bool))
    assert dict(zip(counted.values, counted.counts.tolist(), strict=True)) == {"1": 40}


def test_emptied_counts_nothing_and_adds_nothing():
    counted = of(["a", "b", None] * 5)
    assert (counted + counted.emptied()).to_dict() == counted.to_dict()


def test_other_dictionaries_and_other_columns_do_not_add():
    with pytest.raises(ProfileMismatchError, match="column 'x' was counted over different values\n\nHint: count both"):
        of(["a"] * 30) + of(["b"] * 30)
    with pytest.raises(ProfileMismatchError, match="are not the same column"):
        of(["a"]) + dataclasses.replace(of(["a"]), kind="string")


def test_counts_that_do_not_add_up_are_refused():
    with pytest.raises(ArgumentError, match="do not add up to its 99 rows"):
        dataclasses.replace(of(["a"] * 9), rows=99)
    with pytest.raises(ArgumentError, match="0 counts for 1 kept values"):
        dataclasses.replace(of(["a"] * 9), counts=[])


def test_the_share_of_unseen_is_the_same_later_of_very_many_values():
    # 100,000 values and 200,000 rows: of the 4/5 learned from, about 10,000 values are known, none frequent
    rng = np.random.default_rng(1)
    texts = np.array([f"tail {number}" for number in range(100_000)])
    reference, later = (pd.Series(texts[rng.integers(0, 100_000, 200_000)], name="x") for _ in range(2))
    here = CategoryColumn.of(reference, kind="category", learnt=split(200_000, rng))
    there = here.count(later)
    assert len(here.dictionary.hashes) > 9_900
    shares = [part.unseen / part.checked for part in (here, there)]
    assert abs(shares[0] - shares[1]) < 5 * np.sqrt(shares[0] * (1 - shares[0]) / here.checked)
    # 50 of 100,000 values hold 1 row in 2,000; those that were kept look 6 times as frequent in the sample
    assert 1 - here.checked_rest / here.checked < 0.001


@pytest.mark.parametrize("make", [str, lambda number: f"comment {number} of a passenger"])
def test_ids_and_free_text_keep_no_value_and_have_a_small_summary(make):
    ids = column([make(number) for number in range(2000)])
    counted = CategoryColumn.of(ids, kind="string", learnt=split(2000, 0))
    assert counted.dictionary.free
    assert (counted.values, counted.rest, counted.unseen) == ((), 2000, 400)  # our own, no DataFrame's
    assert len(counted.dictionary.hashes) == 0


def test_hidden_leaves_out_what_too_few_rows_hold():
    cells = ["a"] * 40 + ["b"] * 40 + [None] * 3 + ["c"] * 4
    counted = CategoryColumn.of(column(cells), kind="category", learnt=np.arange(87) % 5 > 0)
    assert counted.hidden(1).to_dict() == counted.to_dict()
    hidden = counted.hidden(4)
    assert (hidden.rows, hidden.nulls, hidden.unknown) == (84, 0, {"nulls"})
    assert (hidden.counts.tolist(), hidden.checked) == ([40, 40, 4], 17)
    assert counted.hidden(5).rows == 0  # there is no hiding a kept value


def test_a_rest_of_too_few_rows_takes_the_last_kept_value_with_it():
    cells = column(["a"] * 50 + ["b"] * 30 + ["c"] * 20 + [f"rare {number}" for number in range(5)])
    counted = CategoryColumn.of(cells, kind="category", learnt=np.ones(105, dtype=bool), least=10)
    assert (counted.values, counted.counts.tolist(), counted.rest) == (("a", "b"), [50, 30], 25)
    assert counted.dictionary.knows(["c"]).all()  # it was seen, but is not kept


def test_without_the_rest_the_shares_of_values_are_not_known():
    cells = column(["a"] * 100 + [f"rare {number}" for number in range(5)])
    counted = CategoryColumn.of(cells, kind="category", learnt=np.ones(105, dtype=bool), least=10)
    assert (counted.values, counted.rest) == (("a",), 5)
    assert counted.hidden(10).rows == 0  # 100 of 100 rows would be a lie that later batches find out
