"""Samples and pseudonyms are decided by hashes, which are the same for equal keys and tell nothing else."""

from __future__ import annotations

import copy
import math
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.predictions import Pseudonyms, Sample

ALIKE = [7, np.int64(7), 7.0, np.float32(7), "7"]


def test_the_share_of_keys_that_a_sample_holds_is_the_stated_one():
    held = sum(Sample(0.25).holds([number, "a"]) for number in range(20_000))
    assert abs(held - 5000) < 4 * math.sqrt(20_000 * 0.25 * 0.75)


def test_everybody_is_in_a_sample_of_all():
    assert all(Sample(1.0).holds([number]) for number in range(1000))


def test_keys_that_are_equal_are_in_together():
    assert {len({Sample(0.5).holds([value + shift]) for value in ALIKE[:-1]}) for shift in range(50)} == {1}


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_without_a_key_something_else_decides(missing):
    sample = Sample(0.5)
    decided = [sample.holds([missing], otherwise=number) for number in range(200)]
    assert decided == [sample.holds([], otherwise=number) for number in range(200)]
    assert 60 < sum(decided) < 140


@pytest.mark.parametrize("share", [0, -0.1, 1.1, float("nan")])
def test_a_share_is_above_nothing_and_at_most_all(share):
    with pytest.raises(ArgumentError, match="above 0 and at most 1"):
        Sample(share)


def test_equal_keys_have_one_pseudonym_and_others_another():
    pseudonyms = Pseudonyms(b"0123456789abcdef")
    assert len({pseudonyms(value) for value in ALIKE}) == 1
    assert len({pseudonyms(value) for value in [*range(1000), "a", Decimal("1.5"), "\ud800", -7]}) == 1004


def test_what_is_missing_has_no_pseudonym():
    pseudonyms = Pseudonyms(b"0123456789abcdef")
    assert [pseudonyms(value) for value in (None, float("nan"), pd.NA, pd.NaT)] == [None] * 4


def test_another_secret_gives_other_pseudonyms_and_a_copy_gives_the_same():
    one, other = Pseudonyms("0123456789abcdef"), Pseudonyms("0123456789abcdeg")
    assert one("ada") != other("ada")
    assert pickle.loads(pickle.dumps(one))("ada") == copy.copy(one)("ada") == one("ada")
    assert Pseudonyms(b"0123456789abcdef")("ada") == one("ada")


def test_a_secret_is_long_enough_and_never_shown():
    with pytest.raises(ArgumentError, match="the secret has 4 bytes and needs 16"):
        Pseudonyms("1234")
    with pytest.raises(ArgumentTypeError, match="a secret is bytes or text, got int"):
        Pseudonyms(1234)
    assert "0123456789" not in repr(Pseudonyms("0123456789abcdef"))
