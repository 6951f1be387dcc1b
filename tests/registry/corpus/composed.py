"""Pipelines as people build them, and searches over them."""

from __future__ import annotations

import numpy as np
from scipy import stats
from sklearn import (
    compose,
    decomposition,
    ensemble,
    feature_extraction,
    feature_selection,
    impute,
    linear_model,
    metrics,
    model_selection,
    naive_bayes,
    neighbors,
    pipeline,
    preprocessing,
    svm,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  # how scikit-learn hands it out


def _flights(model):
    """Return a pipeline as the demo builds it."""
    table = compose.ColumnTransformer(
        [
            (
                "text",
                preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, dtype=np.float64),
                ["carrier", "origin"],
            ),
            ("number", impute.SimpleImputer(strategy="median", add_indicator=True), ["distance"]),
        ],
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    return pipeline.Pipeline([("table", table), ("model", model)])


def _hot(model):
    table = compose.make_column_transformer(
        (
            preprocessing.OneHotEncoder(handle_unknown="ignore", min_frequency=2, sparse_output=False),
            compose.make_column_selector(dtype_exclude=np.number),
        ),
        (
            pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler()),
            compose.make_column_selector(dtype_include=np.number),
        ),
    )
    return pipeline.make_pipeline(table.set_output(transform="pandas"), model)


def _imputed(model):
    """Return a pipeline with an imputer of each kind, sparse columns, and a choice of them."""
    table = compose.ColumnTransformer(
        [
            ("near", impute.KNNImputer(n_neighbors=2), ["distance", "hour"]),
            ("mean", pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.SplineTransformer(4)), ["distance"]),
            ("hot", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["carrier", "origin"]),
        ],
        sparse_threshold=1.0,
    )
    chosen = feature_selection.SelectKBest(feature_selection.f_classif, k=6)
    return pipeline.Pipeline([("table", table), ("chosen", chosen), ("model", model)])


def _pipelines(data):
    rows, two, frame = data.rows, data.two, data.frame
    boost = ensemble.HistGradientBoostingClassifier(random_state=0, max_iter=5)
    forest = ensemble.RandomForestClassifier(random_state=0, n_estimators=5)
    yield "demo", _flights(boost), frame, two
    yield "demo forest", _flights(forest), frame, two
    yield "demo logistic", _hot(linear_model.LogisticRegression()), frame, two
    yield "labels of text", _hot(linear_model.LogisticRegression()), frame, data.labels
    yield "imputed and linear", _imputed(linear_model.LogisticRegression()), frame, two
    yield "imputed and near", _imputed(neighbors.KNeighborsClassifier()), frame, two
    yield "imputed and vectors", _imputed(svm.SVC()), frame, two
    target = compose.TransformedTargetRegressor(linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1)
    yield "target", target, rows, data.positive
    ranked = compose.TransformedTargetRegressor(
        linear_model.LinearRegression(), transformer=preprocessing.QuantileTransformer(n_quantiles=20)
    )
    yield "target by rank", ranked, rows, data.positive
    yield "skipped", pipeline.Pipeline([("none", "passthrough"), ("model", linear_model.Ridge())]), rows, data.amount
    parts = pipeline.FeatureUnion([("a", decomposition.PCA(2)), ("b", feature_selection.SelectKBest(k=2))])
    yield "union and model", pipeline.make_pipeline(parts, naive_bayes.GaussianNB()), rows, two
    words = compose.ColumnTransformer(
        [
            ("words", feature_extraction.text.TfidfVectorizer(), "text"),
            ("rest", preprocessing.StandardScaler(), ["hour"]),
        ]
    )
    table = frame.assign(text=data.texts)
    yield "words and numbers", pipeline.make_pipeline(words, linear_model.LogisticRegression()), table, two


def models(data):
    """Yield a name, an estimator, input and target."""
    yield from _pipelines(data)
    rows, two, many, amount = data.rows, data.two, data.many, data.amount
    logistic, ridge = linear_model.LogisticRegression(), linear_model.Ridge()
    grid, strengths = model_selection.GridSearchCV, {"C": [0.1, 1.0]}
    yield "grid", grid(logistic, strengths, cv=2), rows, two
    yield "grid by name", grid(logistic, strengths, scoring="roc_auc", cv=2), rows, two
    several = grid(logistic, strengths, scoring=["accuracy", "f1"], refit="f1", cv=model_selection.KFold(2))
    yield "grid of two scores", several, rows, two
    for score in ("accuracy", "f1_macro", "neg_log_loss", "balanced_accuracy"):
        yield f"grid by {score}", grid(logistic, strengths, scoring=score, cv=2), rows, many
    for score in ("r2", "neg_mean_absolute_error", "neg_root_mean_squared_error"):
        yield f"grid by {score}", grid(ridge, {"alpha": [0.1, 1.0]}, scoring=score, cv=2), rows, amount
    own = metrics.make_scorer(metrics.fbeta_score, beta=2.0)
    split = model_selection.StratifiedKFold(2, shuffle=True, random_state=0)
    yield "grid by a scorer", grid(logistic, strengths, scoring=own, cv=split), rows, two
    steps = pipeline.make_pipeline(preprocessing.StandardScaler(), svm.SVC())
    yield "grid of a pipeline", grid(steps, {"svc__kernel": ["linear", "rbf"], "svc__C": [1.0]}, cv=2), rows, many
    instead = {"model": [ridge, neighbors.KNeighborsRegressor()]}
    yield "grid of models", grid(pipeline.Pipeline([("model", ridge)]), instead, cv=2), rows, amount
    grown = grid(_flights(ensemble.HistGradientBoostingClassifier(max_iter=2)), {"model__max_depth": [2, 3]}, cv=2)
    yield "grid of the demo", grown, data.frame, two
    some = {"n_iter": 2, "cv": 2, "random_state": 0}
    for name, values in (("list", [0.1, 1.0, 2.0]), ("distribution", stats.loguniform(0.1, 10.0))):
        yield f"random from a {name}", model_selection.RandomizedSearchCV(logistic, {"C": values}, **some), rows, two
    counts = {"n_neighbors": stats.randint(1, 5), "leaf_size": stats.randint(10, 20)}
    nearest = neighbors.KNeighborsClassifier()
    yield "random from counts", model_selection.RandomizedSearchCV(nearest, counts, **some), rows, two
    halving, halved = model_selection.HalvingGridSearchCV, model_selection.HalvingRandomSearchCV
    yield "halving", halving(logistic, strengths, cv=2, random_state=0), rows, two
    yield "halving at random", halved(logistic, {"C": stats.uniform(0.1, 1.0)}, cv=2, random_state=0), rows, two
    cut, cuts = model_selection.FixedThresholdClassifier, model_selection.TunedThresholdClassifierCV
    yield "threshold", cut(logistic, threshold=0.3), rows, two
    yield "tuned threshold", cuts(logistic, cv=2, random_state=0), rows, two
    cost = metrics.make_scorer(metrics.recall_score)
    yield "tuned threshold by a scorer", cuts(logistic, scoring=cost, store_cv_results=True, cv=2), rows, two
    yield "logistic searched", linear_model.LogisticRegressionCV(Cs=2, cv=2, **data.searched), rows, two
    yield (
        "logistic searched by a score",
        linear_model.LogisticRegressionCV(Cs=2, cv=2, **{**data.searched, "scoring": "neg_log_loss"}),
        rows,
        many,
    )
    yield "ridge searched by a score", linear_model.RidgeCV(scoring="r2", cv=2), rows, amount
