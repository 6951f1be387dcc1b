"""The rows of lowest priority are a random sample, whatever the order in which chunks are merged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import TableError
from maturekit.profile.passes import SIZE
from maturekit.profile.sample import Sample, lowest, priorities


def chunks(values, rows):
    return [pd.DataFrame({"a": values[at : at + rows]}) for at in range(0, len(values), rows)]


def sampled(values, rows, size, seed=0):
    sample = Sample(size)
    for number, chunk in enumerate(chunks(values, rows)):
        numbers = priorities(seed, number, len(chunk))
        wanted = np.flatnonzero(numbers <= sample.limit)
        sample.add(chunk.iloc[wanted], numbers[wanted])
    return sample


@pytest.mark.parametrize("rows", [50, 1000])
def test_the_sample_is_the_rows_of_lowest_priority_in_their_order(rows):
    values = np.arange(5000)
    numbers = np.concatenate([priorities(0, at, rows) for at in range(5000 // rows)])
    sample = sampled(values, rows, 300)
    expected = np.sort(np.argsort(numbers)[:300])
    assert sample.frame({"a": "int"})["a"].tolist() == expected.tolist()
    assert sample.priorities.tolist() == numbers[expected].tolist()
    assert sample.limit == numbers[expected].max()
    assert not sample.complete


def test_rows_above_the_limit_may_be_left_out_or_not():
    values = np.arange(5000)
    everything = Sample(100)
    for number, chunk in enumerate(chunks(values, 70)):
        everything.add(chunk, priorities(0, number, len(chunk)))
    assert everything.frame({"a": "int"}).equals(sampled(values, 70, 100).frame({"a": "int"}))


def test_a_small_table_is_its_own_sample():
    sample = sampled(np.arange(300), 7, 300)
    assert sample.frame(sample.kinds())["a"].tolist() == list(range(300))
    assert sample.complete
    assert lowest(sample.priorities, 300) == np.iinfo(np.uint64).max


def rank_error(values, sample):
    """Largest difference between the share of rows up to a value in the table and in the sample."""
    table, chosen = np.sort(values), np.sort(sample)
    at = np.unique(chosen)
    here = [side / len(table) for side in (table.searchsorted(at), table.searchsorted(at, side="right"))]
    there = [side / len(chosen) for side in (chosen.searchsorted(at), chosen.searchsorted(at, side="right"))]
    return max(np.abs(here[0] - there[0]).max(), np.abs(here[1] - there[1]).max())


@pytest.mark.parametrize(
    "make", [np.random.Generator.standard_normal, lambda rng, n: rng.poisson(1.0, n).astype(float)]
)
def test_ranks_err_by_no_more_than_the_stated_bound(make):
    # 100 samples of 300 of 5,000 sorted rows; the bound may be passed in a tenth of them
    values = np.sort(make(np.random.default_rng(0), 5000))
    bound = np.sqrt(np.log(2 / 0.1) / (2 * 300))
    errors = [rank_error(values, sampled(values, 1000, 300, seed).frame({"a": "float"})["a"]) for seed in range(100)]
    assert np.mean(np.array(errors) > bound) <= 0.1
    assert np.mean(errors) > bound / 4  # a sample, not the table


def test_the_documented_bound_is_that_of_the_sample_size():
    assert np.sqrt(np.log(2 / 0.001) / (2 * SIZE)) == pytest.approx(0.0038, abs=0.00005)


def test_every_row_is_as_likely_as_any_other():
    taken = np.zeros(60)
    for seed in range(400):
        taken[sampled(np.arange(60), 25, 15, seed).frame({"a": "int"})["a"]] += 1
    assert taken.sum() == 400 * 15
    assert np.abs(taken - 100).max() < 5 * np.sqrt(400 * 0.25 * 0.75)  # 5 sd of each of 60 counts


def test_kinds_are_those_of_all_parts_together():
    sample = Sample(100)
    for cells in ([1, 2], [1.5, None], [None, None]):
        sample.add(pd.DataFrame({"a": cells, "b": [None, None]}), priorities(0, 0, 2))
    assert sample.kinds() == {"a": "float", "b": "string"}
    assert sample.frame(sample.kinds())["a"].tolist()[:3] == [1.0, 2.0, 1.5]
    categories = Sample(100)
    for cells in (["x", "y"], ["z", "x"]):
        categories.add(pd.DataFrame({"a": pd.Categorical(cells)}), priorities(0, 0, 2))
    assert categories.kinds() == {"a": "category"}
    assert categories.frame({"a": "category"})["a"].tolist() == ["x", "y", "z", "x"]


def test_parts_that_do_not_fit_one_another_are_refused():
    sample = Sample(100)
    sample.add(pd.DataFrame({"a": [1]}), priorities(0, 0, 1))
    with pytest.raises(TableError, match="the parts of the source have different columns, such as 'b'"):
        sample.add(pd.DataFrame({"a": [1], "b": [1]}), priorities(0, 1, 1))
    sample.add(pd.DataFrame({"a": ["one"]}), priorities(0, 1, 1))
    with pytest.raises(TableError, match="column 'a' is int in one part of the source and string in another"):
        sample.kinds()
    assert sample.kinds({"a": "category"}) == {"a": "category"}
