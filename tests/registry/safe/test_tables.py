"""Forged sparse tables, splines and masked arrays are refused."""

from __future__ import annotations

import pickle
import runpy
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from maturekit.errors import FormatError, UntrustedError
from maturekit.registry.safe import read

CRAFT = runpy.run_path(str(Path(__file__).with_name("craft.py")))
Sneaky, X, dumped, name, stream, with_state = (
    CRAFT[key] for key in ("Sneaky", "X", "dumped", "name", "stream", "with_state")
)
SPARSE = scipy.sparse.csr_matrix(np.where(X > 0, X, 0.0))


def refused(data):
    with pytest.raises((UntrustedError, FormatError)):
        read(data)


@pytest.mark.parametrize(
    "change",
    [
        {"indices": np.full(SPARSE.nnz, 10**6, dtype=np.int32)},
        {"indices": np.full(SPARSE.nnz, -1, dtype=np.int32)},
        {"indices": SPARSE.indices[:-1]},
        {"indices": SPARSE.indices.astype(np.float64)},
        {"indices": SPARSE.indices.astype(np.int64)},
        {"data": SPARSE.data[:-1]},
        {"data": SPARSE.data.astype(object)},
        {"indptr": SPARSE.indptr[:-1]},
        {"indptr": np.r_[SPARSE.indptr[:-1], 10**6].astype(np.int32)},
        {"indptr": np.r_[0, 10**6, SPARSE.indptr[2:]].astype(np.int32)},
        {"indptr": np.r_[5, SPARSE.indptr[1:]].astype(np.int32)},
        {"_shape": (10**6, 3)},
        {"_shape": (60, 1)},
        {"_shape": (60, -3)},
        {"_shape": [60, 3]},
        {"_shape": (60,)},
    ],
    ids=", ".join,
)
def test_a_forged_sparse_table_is_refused(change):
    for kind in (scipy.sparse.csr_matrix, scipy.sparse.csr_array):
        table = kind(SPARSE)
        assert (read(dumped(table)).value != table).nnz == 0
        refused(with_state(table, kind, lambda state: state | change))


def test_a_sparse_table_keeps_no_flags_of_the_file():
    table = read(
        with_state(SPARSE, scipy.sparse.csr_matrix, lambda state: state | {"has_sorted_indices": 1, "x": 1})
    ).value
    assert not hasattr(table, "x")


def test_a_forged_spline_is_refused():
    knots = {"t": np.arange(9.0), "c": np.ones(5), "k": 3, "extrapolate": True, "axis": 0}

    def stored(state):
        spline = name("scipy.interpolate._bsplines", "BSpline") + b")\x81"
        return stream(spline, pickle.dumps(state, 4)[11:-1], b"b")  # without protocol, frame and stop

    for change in (
        {"k": 10**4}, {"k": -1}, {"k": "3"}, {"t": np.arange(4.0)}, {"t": np.arange(9.0)[::-1].copy()}, {"t": None},
        {"t": np.full(9, np.nan)}, {"c": np.ones(1)}, {"c": np.array(["x"] * 5)}, {"axis": 5}, {"extrapolate": "x"},
    ):  # fmt: skip
        refused(stored(knots | change))
    assert read(stored(knots)).value(4.0) == pytest.approx(1.0)
    refused(stored((None, None)))


def test_masked_arrays_come_back_and_forged_ones_do_not():
    for array in (
        np.ma.MaskedArray([1.5, 2.5], mask=[True, False]),
        np.ma.MaskedArray(np.array(["x", None], dtype=object), mask=[False, True], fill_value="?"),
    ):
        again = read(dumped(array)).value
        assert repr(again) == repr(array)
        made, arguments, state = array.__reduce__()
        for place, value in ((1, (5,)), (4, b""), (5, b"\x00" * 9), (6, [1]), (2, np.dtype("f4"))):
            wrong = tuple(value if i == place else each for i, each in enumerate(state))
            refused(dumped(Sneaky(made, arguments, wrong)))
    made, arguments, state = np.ma.MaskedArray([1.0]).__reduce__()
    for wrong in ((dict, *arguments[1:]), (arguments[0], np.matrix, *arguments[2:]), (*arguments[:2], (5,), "b")):
        refused(dumped(Sneaky(made, wrong, state)))
