"""Plain values, arrays and random generators come back equal."""

from __future__ import annotations

import pickle
import runpy
from pathlib import Path

import numpy as np
import pytest

from maturekit.registry.safe import read

CRAFT = runpy.run_path(str(Path(__file__).with_name("craft.py")))
dumped = CRAFT["dumped"]


@pytest.mark.parametrize(
    "value",
    [
        np.arange(12.0).reshape(3, 4),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(24).reshape(2, 3, 4)[:, ::2],
        np.array(["ä", "longer"]),
        np.array([b"a"]),
        np.array([True, False]),
        np.array([], dtype=float),
        np.zeros((0, 3)),
        np.array(1.5),
        np.array(["2013-05-03", "NaT"], dtype="M8[ns]"),
        np.array([1, 2], dtype="m8[s]"),
        np.array([1, 2], dtype=">i4"),
        np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array([(1, 2.5)], dtype=np.dtype([("a", "u1"), ("b", "f8")], align=True)),
        np.array([1, "x", None, [1, 2], {"a": 1}], dtype=object),
        np.array([[1, "x"], [None, 2.5]], dtype=object),
        np.array([np.arange(3), np.array(["x", None], dtype=object)], dtype=object),
        np.array([], dtype=object),
    ],
    ids=lambda value: f"{value.dtype}{value.shape}",
)
def test_arrays_come_back_equal_and_writable(value):
    again = read(dumped({"array": value})).value["array"]
    assert again.dtype == value.dtype
    assert again.shape == value.shape
    assert repr(again) == repr(value)
    assert again.flags.writeable
    plain = read(pickle.dumps(value, protocol=5)).value
    assert repr(plain) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -1, 255, 65536, -(2**40), 2**90, 1.5, float("inf"), "ä" * 300, "", b"\x00" * 300, b"",
        (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1], list(range(2000)), {}, {"a": 1, (1, "x"): 2, None: 3},
        set(), {1, 2}, slice(1, None, 2),
        np.float64(1.5), np.int8(3), np.str_("ä"), np.str_(""), np.bool_(True), np.datetime64("2013-05-03"), np.float64,
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_values_come_back_equal(value, protocol):
    again = read(pickle.dumps([value, value], protocol=protocol)).value
    assert again == [value, value]
    assert type(again[0]) is type(value)


def test_rare_values_come_back_equal_in_the_newest_protocol():
    values = [frozenset([1, 2]), bytearray(b"x")]
    assert read(pickle.dumps(values, protocol=5)).value == values


def test_shared_and_circular_objects_stay_so():
    inner = [1]
    ring = {"a": inner, "b": inner}
    ring["self"] = ring
    again = read(dumped(ring)).value
    assert again["a"] is again["b"]
    assert again["self"] is again


def test_random_generators_go_on_where_they_were():
    for generator in (np.random.default_rng(3), np.random.RandomState(3), np.random.Generator(np.random.MT19937(3))):
        again = read(dumped(generator)).value
        assert again.normal(size=3).tolist() == generator.normal(size=3).tolist()
