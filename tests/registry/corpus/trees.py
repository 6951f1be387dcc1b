"""Trees, and whatever is made of many models."""

from __future__ import annotations

import numpy as np
from sklearn import calibration, ensemble, linear_model, naive_bayes, neighbors, svm, tree
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import StandardScaler


def models(data):
    """Yield a name, an estimator, input and target."""
    rows, two, many, amount, positive = data.rows, data.two, data.many, data.amount, data.positive
    gaps, frame, labels = data.gaps, data.frame, data.labels
    trees = {"random_state": 0, "n_estimators": 5}
    boost = {"random_state": 0, "max_iter": 5}
    few = ensemble.HistGradientBoostingClassifier
    number = ensemble.HistGradientBoostingRegressor
    # histogram gradient boosting: losses, categories, early stopping, constraints
    yield "boosting", few(**boost), gaps, two
    yield "boosting of many", few(**boost), rows, many
    yield "boosting of text labels", few(**boost), rows, labels
    yield "boosting with categories", few(categorical_features=[4], **boost), data.counts, two
    dtype = few(categorical_features="from_dtype", **boost)
    yield "boosting from dtype", dtype, frame[["origin", "distance", "hour"]], two
    yield "boosting of categories", few(categorical_features=["origin"], **boost), frame[["origin"]], two
    yield "boosting with early stop", few(early_stopping=True, **boost), rows, two
    tied = few(monotonic_cst=[1, 0, 0, 0, 0], interaction_cst="pairwise", **boost)
    yield "boosting with constraints", tied, rows, two
    yield "boosting a number", number(**boost), rows, amount
    yield "boosting an absolute error", number(loss="absolute_error", **boost), rows, amount
    yield "boosting a quantile", number(loss="quantile", quantile=0.9, **boost), rows, amount
    yield "boosting counts", number(loss="poisson", **boost), rows, positive
    yield "boosting sizes", number(loss="gamma", **boost), rows, positive
    # trees
    yield "tree", tree.DecisionTreeClassifier(random_state=0), rows, two
    yield "tree of one leaf", tree.DecisionTreeClassifier(max_depth=1), np.zeros((len(two), 2)), two
    yield "tree with gaps", tree.DecisionTreeClassifier(random_state=0), gaps, many
    yield "tree pruned", tree.DecisionTreeClassifier(ccp_alpha=0.01, random_state=0), rows, many
    yield "tree best first", tree.DecisionTreeRegressor(max_leaf_nodes=6, random_state=0), rows, amount
    yield "tree of two outputs", tree.DecisionTreeClassifier(random_state=0), rows, data.pairs
    yield "extra tree", tree.ExtraTreeClassifier(random_state=0), rows, two
    yield "extra tree of numbers", tree.ExtraTreeRegressor(random_state=0), rows, amount
    forest = ensemble.RandomForestClassifier(oob_score=True, bootstrap=True, random_state=0, n_estimators=20, n_jobs=2)
    yield "forest", forest, rows, two
    yield "forest of text labels", ensemble.RandomForestClassifier(**trees), rows, labels
    yield "forest of numbers", ensemble.RandomForestRegressor(**trees), rows, amount
    yield "extra trees", ensemble.ExtraTreesClassifier(**trees), rows, two
    yield "extra trees of numbers", ensemble.ExtraTreesRegressor(**trees), rows, amount
    yield "leaves", ensemble.RandomTreesEmbedding(max_depth=3, **trees), rows, None
    yield "forest of sparse rows", ensemble.RandomForestClassifier(**trees), data.sparse, two
    yield "isolation", ensemble.IsolationForest(**trees), rows, None
    yield "isolation of parts", ensemble.IsolationForest(max_features=3, max_samples=30, **trees), rows, None
    # gradient boosting
    stages, sums = ensemble.GradientBoostingClassifier, ensemble.GradientBoostingRegressor
    yield "stages", stages(**trees), rows, two
    yield "stages of many", stages(subsample=0.5, **trees), rows, many
    yield "stages of text labels", stages(loss="log_loss", **trees), rows, labels
    yield "exponential stages", stages(loss="exponential", **trees), rows, two
    yield "stages from nothing", stages(init="zero", **trees), rows, two
    yield "stages from a line", stages(init=linear_model.LogisticRegression(), **trees), rows, two
    yield "stages with early stop", stages(n_iter_no_change=2, **trees), rows, many
    yield "stages of sparse rows", stages(**trees), data.sparse, two
    for loss in ("squared_error", "absolute_error", "huber", "quantile"):
        yield f"stages of numbers, {loss}", sums(loss=loss, **trees), rows, amount
    yield "stages of numbers from a line", sums(init=linear_model.Ridge(), **trees), rows, amount
    # many models
    bag, bags = ensemble.BaggingClassifier, ensemble.BaggingRegressor
    yield "bagging", bag(random_state=0, n_estimators=3), rows, two
    yield (
        "bagging of features",
        bag(svm.SVC(), max_features=2, oob_score=False, random_state=0, n_estimators=3),
        rows,
        two,
    )
    yield "bagging of numbers", bags(linear_model.Ridge(), random_state=0, n_estimators=3), rows, amount
    yield "adaptive boosting", ensemble.AdaBoostClassifier(**trees), rows, two
    yield "adaptive boosting of numbers", ensemble.AdaBoostRegressor(**trees), rows, amount
    yield "adaptive boosting of lines", ensemble.AdaBoostRegressor(linear_model.Ridge(), **trees), rows, amount
    yield "calibrated", calibration.CalibratedClassifierCV(few(**boost), cv=2), rows, two
    steps = calibration.CalibratedClassifierCV(tree.DecisionTreeClassifier(), method="isotonic", cv=2)
    yield "calibrated by steps", steps, rows, two
    yield "calibrated vectors", calibration.CalibratedClassifierCV(svm.SVC(), cv=2, ensemble=False), rows, many
    frozen = FrozenEstimator(tree.DecisionTreeClassifier(max_depth=2, random_state=0).fit(rows, two))
    yield "calibrated and frozen", calibration.CalibratedClassifierCV(frozen), rows, two
    line, bayes = linear_model.LogisticRegression(), naive_bayes.GaussianNB()
    yield "voting", ensemble.VotingClassifier([("a", line), ("b", bayes)], voting="soft"), rows, two
    yield "voting by hand", ensemble.VotingClassifier([("a", line), ("b", bayes), ("c", "drop")]), rows, labels
    yield "voting numbers", ensemble.VotingRegressor([("a", linear_model.Ridge())], weights=[2.0]), rows, amount
    near = neighbors.KNeighborsClassifier()
    yield "stacking", ensemble.StackingClassifier([("a", bayes), ("b", near)], cv=2), rows, two
    yield (
        "stacking with the input",
        ensemble.StackingClassifier([("a", bayes)], few(**boost), cv=2, passthrough=True),
        rows,
        many,
    )
    before = ensemble.StackingClassifier([("a", naive_bayes.GaussianNB().fit(rows, two))], cv="prefit")
    yield "stacking what is fitted", before, rows, two
    forest = ensemble.RandomForestRegressor(**trees)
    yield (
        "stacking numbers",
        ensemble.StackingRegressor([("a", linear_model.Ridge()), ("b", forest)], cv=2),
        rows,
        amount,
    )
    last = ensemble.StackingRegressor([("a", linear_model.Ridge()), ("b", forest)], final_estimator=forest, cv=2)
    yield "stacking for a forest", last, rows, amount
    yield "scaled stages", ensemble.VotingClassifier([("a", stages(**trees)), ("b", near)], voting="soft"), rows, two
    yield "scaler", StandardScaler(), rows, None
