"""Fitted models that load without a prompt, and the script that renews the allow-list from them.

Run it as a script in an environment of each supported scikit-learn: ``python tests/registry/corpus.py`` merges the names
that these models need into ``src/maturekit/registry/safe/allowed.json``. A person then reads the difference: a class may
be made and given plain state, so its methods must be harmless whatever its attributes say.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn import (
    calibration,
    compose,
    decomposition,
    discriminant_analysis,
    dummy,
    ensemble,
    feature_selection,
    impute,
    linear_model,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    pipeline,
    preprocessing,
    tree,
)

RANDOM = np.random.default_rng(0)
ROWS = 80
X = RANDOM.normal(size=(ROWS, 5)).round(3)
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
MANY = np.digitize(X[:, 0], [-0.5, 0.5])
NUMBER = X[:, 0] * 2 + X[:, 1]
POSITIVE = np.exp(NUMBER / 2)
GAPS = np.where(RANDOM.random(X.shape) < 0.1, np.nan, X)
COUNTS = np.column_stack([X[:, :4], RANDOM.integers(0, 6, ROWS)])
FRAME = pd.DataFrame(
    {
        "carrier": RANDOM.choice(["UA", "AA", "DL"], ROWS),
        "origin": pd.Categorical(RANDOM.choice(["JFK", "LGA"], ROWS)),
        "distance": np.where(RANDOM.random(ROWS) < 0.1, np.nan, X[:, 0]),
        "hour": RANDOM.integers(0, 24, ROWS),
    }
)
LABELS = np.array(["early", "late", "on time"])[MANY]


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


def corpus():
    """Yield a name, a fitted model, and input that it predicts or transforms."""
    trees = {"random_state": 0, "n_estimators": 5}
    boost = {"random_state": 0, "max_iter": 5}
    few = ensemble.HistGradientBoostingClassifier
    number = ensemble.HistGradientBoostingRegressor
    for name, model, data, target in [
        # the pipelines of the demo
        ("demo", _flights(few(**boost)), FRAME, Y),
        ("demo forest", _flights(ensemble.RandomForestClassifier(**trees)), FRAME, Y),
        ("demo logistic", _hot(linear_model.LogisticRegression()), FRAME, Y),
        ("labels of text", _hot(linear_model.LogisticRegression()), FRAME, LABELS),
        (
            "target",
            compose.TransformedTargetRegressor(linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1),
            X,
            POSITIVE,
        ),
        # histogram gradient boosting: losses, categories, early stopping, constraints
        ("boosting", few(**boost), GAPS, Y),
        ("boosting of many", few(**boost), X, MANY),
        ("boosting of text labels", few(**boost), X, LABELS),
        ("boosting with categories", few(categorical_features=[4], **boost), COUNTS, Y),
        (
            "boosting from dtype",
            few(categorical_features="from_dtype", **boost),
            FRAME[["origin", "distance", "hour"]],
            Y,
        ),
        ("boosting of categories", few(categorical_features=["origin"], **boost), FRAME[["origin"]], Y),
        ("boosting with early stop", few(early_stopping=True, **boost), X, Y),
        ("boosting with constraints", few(monotonic_cst=[1, 0, 0, 0, 0], interaction_cst="pairwise", **boost), X, Y),
        ("boosting a number", number(**boost), X, NUMBER),
        ("boosting an absolute error", number(loss="absolute_error", **boost), X, NUMBER),
        ("boosting a quantile", number(loss="quantile", quantile=0.9, **boost), X, NUMBER),
        ("boosting counts", number(loss="poisson", **boost), X, POSITIVE),
        ("boosting sizes", number(loss="gamma", **boost), X, POSITIVE),
        # trees
        ("tree", tree.DecisionTreeClassifier(random_state=0), X, Y),
        ("tree of one leaf", tree.DecisionTreeClassifier(max_depth=1), np.zeros((ROWS, 2)), Y),
        ("tree with gaps", tree.DecisionTreeClassifier(random_state=0), GAPS, MANY),
        ("tree pruned", tree.DecisionTreeClassifier(ccp_alpha=0.01, random_state=0), X, MANY),
        ("tree best first", tree.DecisionTreeRegressor(max_leaf_nodes=6, random_state=0), X, NUMBER),
        ("tree of two outputs", tree.DecisionTreeClassifier(random_state=0), X, np.column_stack([Y, MANY])),
        ("extra tree", tree.ExtraTreeClassifier(random_state=0), X, Y),
        ("extra tree of numbers", tree.ExtraTreeRegressor(random_state=0), X, NUMBER),
        (
            "forest",
            ensemble.RandomForestClassifier(oob_score=True, bootstrap=True, random_state=0, n_estimators=20),
            X,
            Y,
        ),
        ("forest of text labels", ensemble.RandomForestClassifier(**trees), X, LABELS),
        ("forest of numbers", ensemble.RandomForestRegressor(**trees), X, NUMBER),
        ("extra trees", ensemble.ExtraTreesClassifier(**trees), X, Y),
        ("extra trees of numbers", ensemble.ExtraTreesRegressor(**trees), X, NUMBER),
        ("bagging", ensemble.BaggingClassifier(random_state=0, n_estimators=3), X, Y),
        (
            "bagging of numbers",
            ensemble.BaggingRegressor(linear_model.Ridge(), random_state=0, n_estimators=3),
            X,
            NUMBER,
        ),
        ("adaptive boosting", ensemble.AdaBoostClassifier(**trees), X, Y),
        # linear models
        ("logistic", linear_model.LogisticRegression(), X, Y),
        ("logistic of many", linear_model.LogisticRegression(), X, MANY),
        ("ridge classifier", linear_model.RidgeClassifier(), X, Y),
        ("linear", linear_model.LinearRegression(), X, NUMBER),
        ("ridge", linear_model.Ridge(), X, NUMBER),
        ("ridge searched", linear_model.RidgeCV(), X, NUMBER),
        ("lasso", linear_model.Lasso(alpha=0.01), X, NUMBER),
        ("lasso searched", linear_model.LassoCV(cv=3), X, NUMBER),
        ("elastic net", linear_model.ElasticNet(alpha=0.01), X, NUMBER),
        ("bayesian ridge", linear_model.BayesianRidge(), X, NUMBER),
        ("huber", linear_model.HuberRegressor(), X, NUMBER),
        ("quantile", linear_model.QuantileRegressor(alpha=0.0), X, NUMBER),
        ("poisson", linear_model.PoissonRegressor(), X, POSITIVE),
        ("gamma", linear_model.GammaRegressor(), X, POSITIVE),
        ("tweedie", linear_model.TweedieRegressor(power=1.5), X, POSITIVE),
        # small models
        ("most frequent", dummy.DummyClassifier(), X, LABELS),
        ("mean", dummy.DummyRegressor(), X, NUMBER),
        ("bayes", naive_bayes.GaussianNB(), X, Y),
        ("bernoulli", naive_bayes.BernoulliNB(), X, Y),
        ("multinomial", naive_bayes.MultinomialNB(), np.abs(X), Y),
        ("discriminant", discriminant_analysis.LinearDiscriminantAnalysis(), X, Y),
        ("quadratic", discriminant_analysis.QuadraticDiscriminantAnalysis(), X, Y),
        # models of models
        ("calibrated", calibration.CalibratedClassifierCV(few(**boost), cv=2), X, Y),
        (
            "calibrated by steps",
            calibration.CalibratedClassifierCV(tree.DecisionTreeClassifier(), method="isotonic", cv=2),
            X,
            Y,
        ),
        (
            "voting",
            ensemble.VotingClassifier(
                [("a", linear_model.LogisticRegression()), ("b", naive_bayes.GaussianNB())], voting="soft"
            ),
            X,
            Y,
        ),
        ("voting numbers", ensemble.VotingRegressor([("a", linear_model.Ridge())]), X, NUMBER),
        ("stacking", ensemble.StackingClassifier([("a", naive_bayes.GaussianNB())], cv=2), X, Y),
        ("stacking numbers", ensemble.StackingRegressor([("a", linear_model.Ridge())], cv=2), X, NUMBER),
        ("threshold", model_selection.FixedThresholdClassifier(linear_model.LogisticRegression(), threshold=0.3), X, Y),
        ("one against rest", multiclass.OneVsRestClassifier(linear_model.LogisticRegression()), X, MANY),
        ("two outputs", multioutput.MultiOutputRegressor(linear_model.Ridge()), X, np.column_stack([NUMBER, POSITIVE])),
        # preparation
        ("union", pipeline.make_union(preprocessing.StandardScaler(), decomposition.PCA(2)), X, None),
        ("robust", preprocessing.RobustScaler(), X, None),
        ("range", preprocessing.MinMaxScaler(), X, None),
        ("largest", preprocessing.MaxAbsScaler(), X, None),
        ("length", preprocessing.Normalizer(), X, None),
        ("bins", preprocessing.KBinsDiscretizer(3, encode="ordinal"), X, None),
        ("one bit", preprocessing.Binarizer(), X, None),
        ("powers", preprocessing.PolynomialFeatures(2), X, None),
        ("power", preprocessing.PowerTransformer(), X, None),
        ("quantiles", preprocessing.QuantileTransformer(n_quantiles=10), X, None),
        ("target encoder", preprocessing.TargetEncoder(cv=2, random_state=0), FRAME[["carrier"]], Y),
        ("hot", preprocessing.OneHotEncoder(sparse_output=False), FRAME[["carrier", "origin"]], None),
        ("logarithm", preprocessing.FunctionTransformer(np.log1p), np.abs(X), None),
        ("unchanged", preprocessing.FunctionTransformer(), X, None),
        ("labels", preprocessing.LabelEncoder(), LABELS, "itself"),
        ("imputed", impute.SimpleImputer(strategy="most_frequent"), FRAME[["carrier", "distance"]], None),
        ("missing", impute.MissingIndicator(), GAPS, None),
        ("selected", feature_selection.SelectKBest(k=2), X, Y),
        ("selected by variance", feature_selection.VarianceThreshold(), X, None),
        ("selected by model", feature_selection.SelectFromModel(linear_model.Lasso(alpha=0.1)), X, NUMBER),
        ("truncated", decomposition.TruncatedSVD(2, random_state=0), X, None),
    ]:
        if isinstance(target, str) or target is None:
            model.fit(data)
        else:
            model.fit(data, target)
        yield name, model, data


def dumped(model):
    """Return a model as the registry stores it."""
    buffer = io.BytesIO()
    joblib.dump(model, buffer, protocol=4)
    return buffer.getvalue()


def answers(model, data):
    """Return everything that a model says about some input, by method."""
    found = {}
    for method in ("predict", "predict_proba", "decision_function", "transform", "score_samples"):
        if hasattr(model, method):
            answer = getattr(model, method)(data)
            found |= {f"{method} {i}": part for i, part in enumerate(answer if isinstance(answer, list) else [answer])}
    return found


REVIEWED = {
    "BaseEstimator.__setstate__",  # looks at the version and takes a dictionary, as `Session` does
    "IsotonicRegression.__setstate__",  # rebuilds its function, as `check_isotonic` does
    "TreePredictor.__setstate__",  # takes a dictionary; `check_boosting` judges it
}


def renew(path, models):
    """Merge the names that the corpus needs into the allow-list; return what a person has to look at."""
    from maturekit.registry.safe import needs

    old = json.loads(path.read_text())
    uses = {use: {module: set(names) for module, names in old[use].items()} for use in ("classes", "values")}
    doubts = {}
    for model_name, model, _ in models:
        for full, use in needs(dumped(model)).items():
            module, _, name = full.rpartition(".")
            thing = getattr(importlib.import_module(module), name)
            if "call" in use or ("make" in use and not module.startswith("sklearn.")):
                doubts.setdefault(full, []).append(model_name)
                continue
            own = getattr(thing, "__setstate__", None)
            if "make" in use and own is not None and own.__qualname__ not in REVIEWED:
                doubts.setdefault(full, []).append(f"{model_name}: has its own __setstate__")
                continue
            uses["classes" if "make" in use else "values"].setdefault(module, set()).add(name)
    table = {use: {module: sorted(names) for module, names in sorted(uses[use].items())} for use in uses}
    path.write_text(json.dumps(table, indent=1) + "\n")
    return doubts


if __name__ == "__main__":
    allowed = Path(__file__).parents[2] / "src/maturekit/registry/safe/allowed.json"
    for doubt, models in renew(allowed, corpus()).items():
        sys.stdout.write(f"not allowed without a maker or a look: {doubt}: {', '.join(models)}\n")
