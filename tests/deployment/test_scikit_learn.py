"""Tools of scikit-learn say of a guarded pipeline what they say of the pipeline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import DecisionBoundaryDisplay, PartialDependenceDisplay, partial_dependence
from sklearn.inspection import permutation_importance as importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import ConfusionMatrixDisplay, PredictionErrorDisplay, RocCurveDisplay, get_scorer
from sklearn.model_selection import FixedThresholdClassifier, cross_val_predict, cross_val_score
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from maturekit.deployment import Batch, Call, Guarded
from maturekit.schema import Column, Schema

rng = np.random.default_rng(0)
FRAME = pd.DataFrame({"a": rng.random(90), "b": rng.random(90), "c": rng.choice(["x", "y", "z"], 90)})
LATE = np.where(FRAME["a"] + 0.3 * (FRAME["c"] == "x") + 0.5 * rng.random(90) > 0.9, "late", "on time")
COLUMNS = {"a": Column("float"), "b": Column("float"), "c": Column("category", categories=["x", "y", "z"])}
SCHEMA, NUMBERS = Schema(COLUMNS), Schema({name: COLUMNS[name] for name in "ab"})


def pipeline(model, target):
    columns = make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(), ["c"]))
    return make_pipeline(columns, model).fit(FRAME, target)


MODEL = pipeline(LogisticRegression(), LATE)
SERVICE, FROZEN = Guarded(MODEL, schema=SCHEMA), FrozenEstimator(MODEL)


@pytest.mark.parametrize("scoring", ["accuracy", "roc_auc", "neg_log_loss"])
def test_scorers_give_the_same_score(scoring):
    assert get_scorer(scoring)(SERVICE, FRAME, LATE) == get_scorer(scoring)(MODEL, FRAME, LATE)
    ours, theirs = (cross_val_score(model, FRAME, LATE, cv=3, scoring=scoring) for model in (SERVICE, FROZEN))
    np.testing.assert_array_equal(ours, theirs)


def test_cross_validation_calibration_and_thresholds_are_the_same():
    for method in ("predict", "predict_proba", "decision_function"):
        ours, theirs = (cross_val_predict(model, FRAME, LATE, cv=3, method=method) for model in (SERVICE, FROZEN))
        np.testing.assert_array_equal(ours, theirs)
    for made in (
        lambda model: CalibratedClassifierCV(model, cv=3, ensemble=False),
        lambda model: FixedThresholdClassifier(model, threshold=0.3, pos_label="late"),
    ):
        ours, theirs = (made(model).fit(FRAME, LATE) for model in (SERVICE, FROZEN))
        np.testing.assert_array_equal(ours.predict_proba(FRAME), theirs.predict_proba(FRAME))
        np.testing.assert_array_equal(ours.predict(FRAME), theirs.predict(FRAME))


def test_importances_and_dependence_are_the_same():
    ours, theirs = (importance(model, FRAME, LATE, n_repeats=2, random_state=0) for model in (SERVICE, MODEL))
    np.testing.assert_array_equal(ours.importances, theirs.importances)
    for features in (["a"], ["c"], ["a", "b"]):
        more = {"categorical_features": ["c"], "grid_resolution": 5}
        ours, theirs = (partial_dependence(model, FRAME, features, **more) for model in (SERVICE, MODEL))
        np.testing.assert_array_equal(ours["average"], theirs["average"])


def test_displays_draw_it():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    regression = Guarded(pipeline(Ridge(), FRAME["a"]), schema=SCHEMA)
    plane = Guarded(LogisticRegression().fit(FRAME[["a", "b"]], LATE), schema=NUMBERS)
    try:
        for kind in (RocCurveDisplay, CalibrationDisplay):
            kind.from_estimator(SERVICE, FRAME, LATE, pos_label="late")
        matrix = ConfusionMatrixDisplay.from_estimator(SERVICE, FRAME, LATE).confusion_matrix
        PredictionErrorDisplay.from_estimator(regression, FRAME, FRAME["a"], random_state=0)
        more = {"categorical_features": ["c"], "grid_resolution": 4}
        PartialDependenceDisplay.from_estimator(SERVICE, FRAME, ["a", "c", ("a", "b")], **more)
        DecisionBoundaryDisplay.from_estimator(plane, FRAME[["a", "b"]], grid_resolution=5)
    finally:
        pyplot.close("all")
    assert matrix.trace() == (MODEL.predict(FRAME) == LATE).sum()


def test_names_of_what_a_transformer_gives_are_passed_through():
    scaler = Guarded(StandardScaler().fit(FRAME[["a", "b"]]), schema=NUMBERS)
    assert scaler.get_feature_names_out().tolist() == ["a", "b"]
    chosen = make_column_transformer((scaler, ["a", "b"]), verbose_feature_names_out=False).fit(FRAME)
    assert chosen.get_feature_names_out().tolist() == ["a", "b"]
    assert not hasattr(Guarded(MODEL[-1], schema=NUMBERS), "get_feature_names_out")


@pytest.mark.parametrize("model", [IsolationForest(n_estimators=3), make_pipeline(StandardScaler(), PCA(1))])
def test_what_scores_rows_scores_them_behind_a_guard_too(model, tmp_path):
    numbers = FRAME[["a", "b"]]
    service = Guarded(model.fit(numbers), schema=NUMBERS).warm()
    np.testing.assert_array_equal(service.score_samples(numbers), model.score_samples(numbers))
    one = service.handle(Call("score_samples", record={"a": 0.5, "b": 0.25})).one()
    assert one == pytest.approx(model.score_samples(pd.DataFrame({"a": [0.5], "b": [0.25]}))[0], rel=1e-12)
    Batch(service, method="score_samples").run(numbers, tmp_path / "scores.csv")
    assert pd.read_csv(tmp_path / "scores.csv").columns.tolist() == ["row", "score", "status"]
    assert not hasattr(SERVICE, "score_samples")


def test_the_log_density_of_a_row_that_cannot_be_is_an_answer():
    density = KernelDensity(kernel="tophat", bandwidth=0.1).fit(FRAME[["a", "b"]])
    rows = pd.DataFrame({"a": [FRAME["a"][0], 50.0], "b": [FRAME["b"][0], 50.0]})
    assert np.isneginf(Guarded(density, schema=NUMBERS).score_samples(rows)).tolist() == [False, True]
