"""Forged support vector machines are refused."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from sklearn.svm import SVC, SVR, OneClassSVM

from maturekit.errors import FormatError, UntrustedError
from maturekit.registry.safe import read

CRAFT = runpy.run_path(str(Path(__file__).with_name("craft.py")))
X, Y, dumped = (CRAFT[key] for key in ("X", "Y", "dumped"))
MANY = np.digitize(X[:, 0], [-0.5, 0.5])
SPARSE = scipy.sparse.csr_matrix(np.where(X > 0, X, 0.0))


def refused(data):
    with pytest.raises((UntrustedError, FormatError)):
        read(data)


@pytest.mark.parametrize(
    "change",
    [
        {"_n_support": np.array([10**6, 1, 1], dtype=np.int32)},
        {"_n_support": np.array([-1, 1, 1], dtype=np.int32)},
        {"_n_support": np.array([1, 1], dtype=np.int32)},
        {"_n_support": np.array([], dtype=np.int32)},
        {"support_": np.arange(3, dtype=np.int32)},
        {"support_": np.arange(3)},
        {"support_vectors_": X[:2]},
        {"support_vectors_": np.zeros((0, 0))},
        {"_dual_coef_": np.zeros((1, 3))},
        {"_dual_coef_": np.zeros((2, 1))},
        {"_intercept_": np.zeros(1)},
        {"_intercept_": np.zeros(0)},
        {"_probA": np.zeros(1)},
        {"_probA": np.zeros(3), "_probB": np.zeros(2)},
        {"probability": True},
        {"_effective_probability": True},
        {"classes_": np.arange(9)},
        {"_sparse": True},
        {"_sparse": None},
        {"kernel": "no such kernel"},
        {"n_features_in_": 2},
    ],
    ids=", ".join,
)
def test_a_forged_support_vector_machine_is_refused(change):
    model = SVC().fit(X, MANY)
    assert read(dumped(model)).value is not None
    model.__dict__.update(change)
    refused(dumped(model))


def test_other_forged_vectors_are_refused():
    kernel = SVC(kernel="precomputed").fit(X @ X.T, MANY)
    sparse = SVC().fit(SPARSE, MANY)
    for model, change in (
        (kernel, {"support_": np.full_like(kernel.support_, 10**6)}),
        (kernel, {"shape_fit_": (1, 1)}),
        (sparse, {"kernel": "precomputed"}),
        (sparse, {"support_vectors_": SPARSE[:2]}),
        (sparse, {"_dual_coef_": scipy.sparse.csr_matrix(np.zeros((2, 2)))}),
        (sparse, {"support_vectors_": X}),
        (SVR().fit(X, Y), {"probability": True}),
        (SVR().fit(X, Y), {"_intercept_": np.zeros(0)}),
        (OneClassSVM().fit(X), {"_n_support": np.zeros(5, dtype=np.int32)}),
    ):
        assert read(dumped(model)).value is not None
        kept = dict(model.__dict__)
        model.__dict__.update(change)
        refused(dumped(model))
        model.__dict__.update(kept)
