"""The stored form: canonical, small, strict, and without a row of the table."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.pandas import column, data_frames

from maturekit.errors import FormatError
from maturekit.profile import Profile

FRAMES = data_frames(
    [
        column("number", elements=st.floats(), dtype=float),
        column("whole", elements=st.integers(-5, 5), dtype=int),
        column("text", elements=st.one_of(st.none(), st.text(max_size=3)), dtype=object),
    ]
)


@settings(max_examples=40, deadline=None)
@given(FRAMES)
def test_a_profile_survives_json(frame):
    profile = Profile.of(frame, classes=frame["whole"])
    again = Profile.from_json(profile.to_json())
    assert again.to_json() == profile.to_json()
    assert again == profile
    assert again.digest == profile.digest
    assert Profile.of(frame, like=again) == Profile.of(frame, like=profile)


def test_a_column_stays_small():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{number}": rng.normal(size=5000) * 1e-5 for number in range(3)})
    assert len(Profile.of(frame).to_json()) / 3 < 3_000
    spikes = np.concatenate([np.repeat([0.1, 0.2, 0.3, 0.4], 1100), rng.normal(size=600)])
    assert len(Profile.of(pd.DataFrame({"x": spikes})).to_json()) < 10_000
    texts = pd.DataFrame({"id": [f"passenger {number}" for number in range(20_000)]})
    assert len(Profile.of(texts).to_json()) < 3_000  # with its length and its pattern
    texts = pd.DataFrame({"id": [f"passenger {number % 9000}" for number in range(90_000)]})
    assert len(Profile.of(texts).to_json()) < 60_000
    texts = pd.DataFrame({"id": [f"passenger {number % 100_000}" for number in range(300_000)]})
    assert len(Profile.of(texts).to_json()) < 60_000


def test_no_row_of_the_table_is_in_it():
    names = [f"passenger {number}" for number in range(300)]
    text = Profile.of(pd.DataFrame({"name": names})).to_json()
    assert "passenger" not in text


@pytest.fixture(scope="module")
def stored():
    frame = pd.DataFrame({"a": range(60), "b": ["x", "y", "z"] * 20, "c": range(60, 0, -1)})
    return Profile.of(frame, batches=["one", "two"] * 30).to_json()


def test_parts_do_not_repeat_what_is_fixed(stored):
    assert stored.count('"edges"') == 2
    assert stored.count('"hashes"') == 1


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data.update(format=2), "has format 2; this maturekit reads up to 1"),
        (lambda data: data.pop("format"), "no format number"),
        (lambda data: data.pop("counted"), "malformed"),
        (lambda data: data["counted"].update(rows=None), "malformed"),
        (lambda data: data["counted"].update(rows=-1), "malformed"),
        (lambda data: data["counted"]["columns"].pop(), "malformed"),
        (lambda data: data["counted"]["columns"][0]["counts"].append(1), "malformed"),
        (lambda data: data["counted"]["columns"][0].update(nulls=7), "malformed"),
        (lambda data: data["counted"]["columns"][0].update(counts=[-5, 65]), "malformed"),
        (lambda data: data["counted"]["columns"][0].update(counts=[[1], 2]), "malformed"),
        (lambda data: data["counted"]["columns"][0].update(counts=[1e300, 2]), "malformed"),
        (lambda data: data["counted"]["columns"][1].update(rest=-1), "malformed"),
        (lambda data: data["counted"]["columns"][1].update(checked=[1, 2]), "malformed"),
        (lambda data: data["fixed"]["columns"][0]["bins"].update(edges=[1, 0, None]), "malformed"),
        (lambda data: data["fixed"]["columns"][1]["dictionary"].update(hashes="no base64"), "malformed"),
        (lambda data: data["fixed"]["columns"][1]["dictionary"].update(hashes="AAA="), "malformed"),
        (lambda data: data["fixed"].update(pairs=[["a", "b", "c"]]), "malformed"),
        (lambda data: data["fixed"].update(views=[["length"]]), "malformed"),
        (lambda data: data["fixed"].update(views=[["length", 1]]), "malformed"),
        (lambda data: data["fixed"].update(views=[["vowels", "b"]]), "has a view 'vowels' that this maturekit"),
        (lambda data: data["counted"]["pairs"].update(rows=[1, 2]), "malformed"),
        (lambda data: data["counted"].update(batches=[{"label": "x"}]), "malformed"),
    ],
)
def test_damaged_texts_are_refused(stored, damage, message):
    data = json.loads(stored)
    damage(data)
    with pytest.raises(FormatError, match=message):
        Profile.from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"format": 1}', '{"format": true}', b"\xff"])
def test_other_texts_are_refused(text):
    with pytest.raises(FormatError):
        Profile.from_json(text)


def test_profiles_of_before_there_were_views_are_read(stored):
    data = json.loads(stored)
    data["fixed"].pop("views")
    data["fixed"]["columns"][1]["dictionary"].pop("free")
    assert Profile.from_json(json.dumps(data)).views == ()
