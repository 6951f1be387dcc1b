"""Forged vocabularies, clusters and covariances are refused."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import Birch, BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.covariance import EllipticEnvelope, EmpiricalCovariance
from sklearn.ensemble import GradientBoostingClassifier, IsolationForest
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import SVC

from maturekit.errors import FormatError, UntrustedError
from maturekit.registry.safe import read

CRAFT = runpy.run_path(str(Path(__file__).with_name("craft.py")))
X, dumped = (CRAFT[key] for key in ("X", "dumped"))
TEXTS = ["gate delay", "crew late", "gate late"]
RECORDS = [{"a": 1.0, "b": 2.0}]


def refused(data):
    with pytest.raises((UntrustedError, FormatError)):
        read(data)


def test_a_forged_vocabulary_is_refused():
    for model in (CountVectorizer().fit(TEXTS), TfidfVectorizer().fit(TEXTS), DictVectorizer().fit(RECORDS)):
        known = model.vocabulary_
        assert read(dumped(model)).value is not None
        for wrong in (
            {**known, "x": 10**6},
            {**known, "x": -1},
            {**known, "x": 1.5},
            {**known, "x": None},
            list(known),
        ):
            model.vocabulary_ = wrong
            refused(dumped(model))
        model.vocabulary_ = known
    model = MultiLabelBinarizer().fit([["a"], ["b"]])
    assert read(dumped(model)).value.transform([["b"]]).tolist() == [[0, 1]]
    model._cached_dict = {"a": 0, "b": 10**6}
    refused(dumped(model))


def test_a_vectorizer_that_opens_files_is_refused():
    for model in (
        CountVectorizer(input="filename"),
        TfidfVectorizer(input="file"),
        HashingVectorizer(input="filename"),
    ):
        with pytest.raises(UntrustedError, match="a vectorizer that would open files named by the rows"):
            read(dumped(model))


@pytest.mark.parametrize("columns", [0, -1, 2**31, 2**40, 1.5, None])
def test_a_hash_into_no_columns_is_refused(columns):
    for model in (FeatureHasher(), HashingVectorizer()):
        model.n_features = columns
        refused(dumped(model))


@pytest.mark.parametrize(
    "model",
    [KMeans(2, n_init=1), MiniBatchKMeans(2, n_init=1), BisectingKMeans(3), Birch()],
    ids=lambda model: type(model).__name__,
)
def test_forged_centers_are_refused(model):
    model.fit(X)
    assert read(dumped(model)).value is not None
    name = "subcluster_centers_" if isinstance(model, Birch) else "cluster_centers_"
    centers = getattr(model, name)
    for wrong in (np.ascontiguousarray(centers[:, :2]), centers[:0], centers.astype(int), None, centers.ravel()):
        setattr(model, name, wrong)
        refused(dumped(model))
    setattr(model, name, centers)
    if isinstance(model, Birch):
        model._subcluster_norms = model._subcluster_norms[:1]
    if isinstance(model, BisectingKMeans):
        model._bisecting_tree.right.center = np.zeros(1)
    if isinstance(model, (Birch, BisectingKMeans)):
        refused(dumped(model))


def test_clusters_use_as_many_threads_as_there_are_here():
    model = KMeans(2, n_init=1).fit(X)
    honest = model._n_threads
    for wrong in (10**6, 0, -5, None):
        model._n_threads = wrong
        assert read(dumped(model)).value._n_threads == honest


def test_a_forged_covariance_is_refused():
    for model in (EmpiricalCovariance().fit(X), EllipticEnvelope(support_fraction=0.9).fit(X)):
        for change in ({"precision_": np.eye(2)}, {"covariance_": np.eye(9)}, {"location_": np.zeros(2)}):
            kept = dict(model.__dict__)
            model.__dict__.update(change)
            refused(dumped(model))
            model.__dict__.update(kept)


def test_a_search_that_was_never_fitted_loads_too():
    for model in (
        NearestNeighbors(),
        SVC(),
        GradientBoostingClassifier(),
        IsolationForest(),
        KMeans(),
        CountVectorizer(),
    ):
        assert repr(read(dumped(model)).value) == repr(model)
