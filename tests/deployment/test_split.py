"""Who gets the challenger: sticky everywhere, spread evenly, and drawn anew by another salt."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from maturekit.deployment.split import Split, checked_share, key_text
from maturekit.errors import ArgumentError, ArgumentTypeError


def below(salt, keys, limit):
    return Split.below(Split(salt).places(keys), limit)


def test_places_are_the_same_for_ever():
    """If this fails, every running canary would deal its customers anew: do not change the numbers."""
    place = Split("late-flights").place
    assert place("UA-1545").hex() == "767bc65e7808c1b8"
    assert place(5).hex() == place(5.0).hex() == place("5").hex() == "32416d5027a53d28"


def test_another_process_with_another_hash_seed_gives_the_same_place(interpreter):
    code = "from maturekit.deployment.split import Split; print(Split('x').place('ada').hex())"
    ran = interpreter(code, PYTHONHASHSEED="2" if os.environ.get("PYTHONHASHSEED") == "1" else "1")
    assert (ran.stdout.strip(), ran.stderr) == (Split("x").place("ada").hex(), "")


@pytest.mark.parametrize(
    "keys",
    [list(range(8000)), [f"customer-{n}" for n in range(8000)], [str(uuid.UUID(int=n * 77)) for n in range(8000)]],
    ids=["numbers", "names", "uuids"],
)
def test_keys_are_spread_evenly_and_independently_of_their_neighbours(keys):
    inside = below("spread", keys, Split.limit(0.25))
    assert inside.sum() == pytest.approx(2000, abs=4 * (8000 * 0.25 * 0.75) ** 0.5)
    pairs = inside[:-1] & inside[1:]
    assert pairs.sum() == pytest.approx(500, abs=4 * (8000 * 0.0625) ** 0.5 * 1.5)


def test_another_salt_is_another_draw():
    keys = range(8000)
    first, second = (below(salt, keys, Split.limit(0.25)) for salt in ("one", "two"))
    assert (first & second).sum() == pytest.approx(500, abs=4 * 500**0.5)


def test_whoever_is_in_stays_in_when_the_share_grows():
    keys = [f"k{n}" for n in range(2000)]
    before = np.zeros(2000, dtype=bool)
    for share in (0.0, 0.001, 0.01, 0.3, 0.9, 1.0):
        inside = below("grow", keys, Split.limit(share))
        assert not (before & ~inside).any()
        before = inside
    assert before.all()


def test_nobody_is_in_at_zero_and_a_missing_key_never_is():
    assert not below("x", range(100), Split.limit(0.0)).any()
    assert below("x", [None, float("nan"), pd.NA, pd.NaT, "a"], Split.limit(1.0)).tolist() == [False] * 4 + [True]


@pytest.mark.parametrize(
    ("alike", "text"),
    [
        ([7, np.int8(7), np.float32(7.0), 7.0, "7", Decimal(7)], "7"),
        ([0.5, np.float64(0.5)], "0.5"),
        ([True, np.True_], "True"),
        (
            [
                datetime(2013, 5, 3, 2, tzinfo=timezone(timedelta(hours=2))),
                pd.Timestamp("2013-05-03", tz="UTC"),
                datetime(2013, 5, 3, tzinfo=UTC),
            ],
            "2013-05-03T00:00:00+00:00",
        ),
        ([np.datetime64("2013-05-03"), pd.Timestamp("2013-05-03")], "2013-05-03T00:00:00"),
        ([float("inf")], "inf"),
    ],
)
def test_a_key_is_the_same_however_it_is_held(alike, text):
    assert {key_text(value) for value in alike} == {text}


def test_what_is_remembered_is_bounded_and_changes_nothing():
    split = Split("x")
    keys = [f"k{number}" for number in range(10_000)]
    assert split.places(keys) == split.places(keys) == [Split("x").place(key) for key in keys]
    assert len(split.recent) <= 4096
    assert split.place("1") == split.place(1) != split.place(True)


def test_half_a_surrogate_pair_is_a_key_like_any_other():
    assert len(Split("x").place("\ud800")) == 8


def test_what_is_no_salt_and_no_share_is_refused():
    for salt in ("", None, 5):
        with pytest.raises(ArgumentError, match="salt"):
            Split(salt)
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(ArgumentError, match="between 0 and 1"):
            checked_share(share)
    for share in ("0.5", True, None):
        with pytest.raises(ArgumentTypeError, match="a share is a number"):
            checked_share(share)
