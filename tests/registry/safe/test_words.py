"""Forged vocabularies, clusters and covariances are refused."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import Birch, BisectingKMeans, FeatureAgglomeration, KMeans, MiniBatchKMeans
from sklearn.covariance import EllipticEnvelope, EmpiricalCovariance
from sklearn.ensemble import GradientBoostingClassifier, IsolationForest
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.kernel_approximation import PolynomialCountSketch
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import MultiLabelBinarizer, PolynomialFeatures
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
    model._cached_dict = None
    model.classes_ = np.array(["a", "b", "b"], dtype=object)  # two columns, and "b" in the third
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


def test_what_decides_how_much_memory_an_answer_takes_is_checked():
    groups = FeatureAgglomeration(2).fit(X)
    powers = PolynomialFeatures(2).fit(X)
    sketch = PolynomialCountSketch(n_components=4, degree=2).fit(X)
    for model, change in (
        (groups, {"labels_": np.array([0, 1, 2**28])}),
        (groups, {"labels_": np.array([0, 1])}),
        (powers, {"_max_degree": 10**6}),
        (powers, {"_max_degree": 3}),
        (powers, {"n_output_features_": 2**40}),
        (powers, {"_max_degree": 1000, "n_output_features_": 167_668_501}),  # sums that are right, and 1.3 GB a row
        (powers, {"_max_degree": 2**15, "n_features_in_": 2**31, "interaction_only": True}),  # sums that take for ever
        (powers, {"include_bias": 2}),
        (sketch, {"n_components": 2**40}),
        (sketch, {"degree": 2**30}),
        (sketch, {"indexHash_": sketch.indexHash_ + 4}),
    ):
        assert read(dumped(model)).value.transform(X[:1]).tolist() == model.transform(X[:1]).tolist()
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
