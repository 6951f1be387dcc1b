"""Forged ensembles are refused: they hand rows and memory to their parts without checking them again."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor, IsolationForest, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import LinearSVC

from maturekit.errors import FormatError, UntrustedError
from maturekit.registry.safe import read

CRAFT = runpy.run_path(str(Path(__file__).with_name("craft.py")))
Sneaky, X, Y, dumped = (CRAFT[key] for key in ("Sneaky", "X", "Y", "dumped"))
MANY = np.digitize(X[:, 0], [-0.5, 0.5])


def refused(data):
    with pytest.raises((UntrustedError, FormatError)):
        read(data)


def stages():
    return GradientBoostingClassifier(n_estimators=2, random_state=0).fit(X, MANY)


def wide():
    return GradientBoostingRegressor(n_estimators=2).fit(np.hstack([X, X]), Y)


@pytest.mark.parametrize(
    "change",
    [
        lambda model: {"n_features_in_": 2},
        lambda model: {"estimators_": model.estimators_[:, :2]},
        lambda model: {"estimators_": model.estimators_[:0]},
        lambda model: {"estimators_": list(model.estimators_)},
        lambda model: {"estimators_": np.array([[None] * 3], dtype=object)},
        lambda model: {"estimators_": np.array([[LinearRegression()] * 3], dtype=object)},
        lambda model: {"estimators_": np.hstack([wide().estimators_] * 3)},
        lambda model: {"estimators_": np.hstack([model.estimators_, model.estimators_])},
        lambda model: {"init_": DummyClassifier().fit(X, Y)},
        lambda model: {"init_": DummyRegressor().fit(X, Y)},
        lambda model: {"init_": LogisticRegression().fit(X[:, :2], MANY)},
        lambda model: {"init_": KNeighborsClassifier().fit(X, MANY)},
        lambda model: {"init_": None},
        lambda model: {"_loss": None},
        lambda model: {"_loss": LinearRegression()},
    ],
    ids=range(15),
)
def test_forged_stages_are_refused(change):
    model = stages()
    assert read(dumped(model)).value is not None
    model.__dict__.update(change(model))
    refused(dumped(model))


def test_a_first_guess_that_answers_with_too_few_rows_is_refused():
    """The stages would write behind the end of what it says."""
    model = GradientBoostingRegressor(n_estimators=2, init=LinearRegression()).fit(X, Y)
    assert read(dumped(model)).value is not None
    model.init_.intercept_ = np.zeros((1, 1))
    refused(dumped(model))
    model = GradientBoostingRegressor(n_estimators=2).fit(X, Y)
    model.init_.n_outputs_ = 0
    refused(dumped(model))


@pytest.mark.parametrize(
    "change",
    [
        lambda model: {"n_features_in_": 2},
        lambda model: {"estimators_features_": [np.array([0, 9])] * 2},
        lambda model: {"estimators_features_": [np.array([0])] * 2},
        lambda model: {"estimators_features_": [np.array([-1, 0])] * 2},
        lambda model: {"estimators_features_": []},
        lambda model: {"_max_features": 3},
        lambda model: {"estimators_": [LinearRegression(), LinearRegression()]},
        lambda model: {"estimators_": stages().estimators_[:, 0].tolist()},
    ],
    ids=range(8),
)
def test_a_forged_isolation_forest_is_refused(change):
    model = IsolationForest(n_estimators=2, max_features=2, random_state=0).fit(X)
    assert read(dumped(model)).value is not None
    model.__dict__.update(change(model))
    refused(dumped(model))


@pytest.mark.parametrize("kind", [LogisticRegression, GaussianNB, lambda: make_pipeline(StandardScaler(), LinearSVC())])
def test_one_classifier_for_each_label_answers_once_for_each_row(kind):
    model = OneVsRestClassifier(kind()).fit(X, (X > 0).astype(int))
    assert read(dumped(model)).value.predict(X[:1]).shape == (1, 3)


def test_labels_that_answer_more_often_than_there_are_rows_are_refused():
    """Their answers become row indices of a sparse table, which nobody checks."""
    model = OneVsRestClassifier(LogisticRegression()).fit(X, (X > 0).astype(int))
    model.estimators_[1].intercept_ = np.zeros((1000, 1))
    refused(dumped(model))
    model = OneVsRestClassifier(GaussianNB()).fit(X, (X > 0).astype(int))
    model.estimators_[1].theta_ = np.zeros((2, 1000, 3))
    refused(dumped(model))
    words = OneVsRestClassifier(make_pipeline(CountVectorizer(), LinearSVC()))
    words.fit(["gate late", "gate", "late"], np.array([[1, 1], [1, 0], [0, 1]]))
    assert read(dumped(words)).value.predict(["gate"]).tolist() == words.predict(["gate"]).tolist()
    words.estimators_[0][-1].intercept_ = np.zeros((1000, 1))
    refused(dumped(words))


def test_nothing_is_asked_before_its_parts_are_checked():
    """The outer model is made before the inner one; asking it first would follow the forged neighbours."""
    model = OneVsRestClassifier(KNeighborsClassifier(algorithm="brute")).fit(X, (X > 0).astype(int))
    assert read(dumped(model)).value.predict(X[:1]).shape == (1, 3)
    model.estimators_[2]._y = np.full(len(X), 2**40)
    with pytest.raises(UntrustedError, match="a tree of neighbours in the file is damaged or forged"):
        read(dumped(model))
    model = OneVsRestClassifier(GradientBoostingClassifier(n_estimators=2)).fit(X, (X > 0).astype(int))
    assert read(dumped(model)).value.predict(X[:1]).shape == (1, 3)
    model.estimators_[2].init_.class_prior_ = np.zeros(0)
    refused(dumped(model))


def test_labels_of_models_of_models_are_refused_unless_these_can_be_asked_safely():
    flags = (X > 0).astype(int)
    for kind in (CalibratedClassifierCV(LinearSVC(), cv=2), make_pipeline(StandardScaler(), GaussianNB())):
        model = OneVsRestClassifier(kind).fit(X, flags)
        assert read(dumped(model)).value.predict(X[:1]).shape == (1, 3)
    for kind in (
        VotingClassifier([("a", GaussianNB())], voting="soft"),
        make_pipeline(PolynomialFeatures(), GaussianNB()),  # of which degree?
    ):
        refused(dumped(OneVsRestClassifier(kind).fit(X, flags)))
    model = OneVsRestClassifier(CalibratedClassifierCV(LinearSVC(), cv=2)).fit(X, flags)
    model.estimators_[0].calibrated_classifiers_[0].estimator.intercept_ = np.zeros((1000, 1))
    refused(dumped(model))


def test_rows_that_multiply_before_the_last_step_are_refused():
    flags = (X > 0).astype(int)
    model = OneVsRestClassifier(make_pipeline(StandardScaler(), LogisticRegression())).fit(X, flags)
    inner = VotingClassifier([("a", GaussianNB())], voting="soft").fit(X, MANY)
    inner.estimators_[0].theta_ = np.zeros((3, 1000, 3))
    model.estimators_[0].steps[0] = ("a", inner)
    refused(dumped(model))


def test_asking_a_model_allocates_no_more_than_its_file():
    model = GradientBoostingRegressor(n_estimators=1, max_depth=1).fit(X, Y)
    tree = model.estimators_[0, 0]
    model.n_features_in_ = tree.n_features_in_ = 2**30
    made, (_, *rest), state = tree.tree_.__reduce__()
    tree.tree_ = Sneaky(made, (2**30, *rest), state)
    with pytest.raises(UntrustedError, match="far more memory than a file of its size can need"):
        read(dumped(model))
