"""Linear models, small models, and models of several targets."""

from __future__ import annotations

import numpy as np
from sklearn import (
    cross_decomposition,
    discriminant_analysis,
    dummy,
    isotonic,
    linear_model,
    multiclass,
    multioutput,
    naive_bayes,
)


def models(data):
    """Yield a name, an estimator, input and target."""
    rows, two, many, amount, positive = data.rows, data.two, data.many, data.amount, data.positive
    yield "logistic", linear_model.LogisticRegression(), rows, two
    yield "logistic of many", linear_model.LogisticRegression(), rows, many
    yield "logistic by coordinates", linear_model.LogisticRegression(solver="liblinear"), rows, two
    yield "ridge classifier", linear_model.RidgeClassifier(), rows, two
    yield "ridge classifier searched", linear_model.RidgeClassifierCV(), rows, many
    yield "linear", linear_model.LinearRegression(), rows, amount
    yield "linear of two", linear_model.LinearRegression(), rows, np.column_stack([amount, positive])
    yield "ridge", linear_model.Ridge(), rows, amount
    yield "ridge searched", linear_model.RidgeCV(), rows, amount
    yield "lasso", linear_model.Lasso(alpha=0.01), rows, amount
    yield "lasso searched", linear_model.LassoCV(cv=3), rows, amount
    yield "elastic net", linear_model.ElasticNet(alpha=0.01), rows, amount
    yield "elastic net searched", linear_model.ElasticNetCV(cv=3), rows, amount
    yield "angles", linear_model.Lars(), rows, amount
    yield "angles searched", linear_model.LarsCV(cv=3), rows, amount
    yield "lasso by angles", linear_model.LassoLars(alpha=0.01), rows, amount
    yield "lasso by angles searched", linear_model.LassoLarsCV(cv=3), rows, amount
    yield "lasso by information", linear_model.LassoLarsIC(), rows, amount
    yield "matching pursuit", linear_model.OrthogonalMatchingPursuit(n_nonzero_coefs=2), rows, amount
    yield "matching pursuit searched", linear_model.OrthogonalMatchingPursuitCV(cv=3), rows, positive
    yield "bayesian ridge", linear_model.BayesianRidge(), rows, amount
    yield "relevance", linear_model.ARDRegression(), rows, amount
    yield "huber", linear_model.HuberRegressor(), rows, amount
    yield "quantile", linear_model.QuantileRegressor(alpha=0.0), rows, amount
    yield "poisson", linear_model.PoissonRegressor(), rows, positive
    yield "gamma", linear_model.GammaRegressor(), rows, positive
    yield "tweedie", linear_model.TweedieRegressor(power=1.5), rows, positive
    yield "medians", linear_model.TheilSenRegressor(random_state=0, max_subpopulation=50), rows, amount
    yield "consensus", linear_model.RANSACRegressor(random_state=0), rows, amount
    yield "multitask lasso", linear_model.MultiTaskLasso(alpha=0.01), rows, np.column_stack([amount, positive])
    yield "multitask net", linear_model.MultiTaskElasticNet(alpha=0.01), rows, np.column_stack([amount, positive])
    yield "multitask lasso searched", linear_model.MultiTaskLassoCV(cv=3), rows, np.column_stack([amount, positive])
    yield "multitask net searched", linear_model.MultiTaskElasticNetCV(cv=3), rows, np.column_stack([amount, positive])
    for loss in ("hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron"):
        yield f"stochastic, {loss}", linear_model.SGDClassifier(loss=loss, random_state=0, tol=1e-2), rows, many
    for loss in ("squared_error", "huber", "epsilon_insensitive"):
        yield f"stochastic number, {loss}", linear_model.SGDRegressor(loss=loss, random_state=0), rows, amount
    yield "stochastic average", linear_model.SGDClassifier(average=True, early_stopping=True, random_state=0), rows, two
    yield "stochastic one class", linear_model.SGDOneClassSVM(random_state=0), rows, None
    yield "perceptron", linear_model.Perceptron(random_state=0), rows, two
    yield "sparse coefficients", linear_model.LogisticRegression().fit(rows, many).sparsify(), rows, "fitted"
    # small models
    yield "most frequent", dummy.DummyClassifier(), rows, data.labels
    yield "at random", dummy.DummyClassifier(strategy="stratified", random_state=0), rows, many
    yield "mean", dummy.DummyRegressor(), rows, amount
    yield "bayes", naive_bayes.GaussianNB(), rows, two
    yield "bernoulli", naive_bayes.BernoulliNB(), rows, two
    yield "multinomial", naive_bayes.MultinomialNB(), np.abs(rows), two
    yield "complement", naive_bayes.ComplementNB(), np.abs(rows), many
    yield "categories", naive_bayes.CategoricalNB(), np.abs(rows).round().astype(int), two
    yield "discriminant", discriminant_analysis.LinearDiscriminantAnalysis(), rows, two
    yield "quadratic", discriminant_analysis.QuadraticDiscriminantAnalysis(), rows, two
    yield "isotonic", isotonic.IsotonicRegression(out_of_bounds="clip"), rows[:, 0], amount
    yield "least squares", cross_decomposition.PLSRegression(), rows, amount
    yield "canonical", cross_decomposition.PLSCanonical(), rows, np.column_stack([amount, positive])
    yield "correlation", cross_decomposition.CCA(), rows, np.column_stack([amount, positive])
    # several classes and targets
    both = np.column_stack([amount, positive])
    logistic = linear_model.LogisticRegression()
    yield "one against rest", multiclass.OneVsRestClassifier(logistic), rows, many
    yield "one against rest of labels", multiclass.OneVsRestClassifier(logistic), rows, data.flags
    yield "one against one", multiclass.OneVsOneClassifier(logistic), rows, many
    yield "codes", multiclass.OutputCodeClassifier(logistic, random_state=0), rows, many
    yield "two outputs", multioutput.MultiOutputRegressor(linear_model.Ridge()), rows, both
    yield "two classes", multioutput.MultiOutputClassifier(logistic), rows, data.flags
    yield "chain", multioutput.ClassifierChain(logistic, order="random", random_state=0), rows, data.flags
    yield "chain of numbers", multioutput.RegressorChain(linear_model.Ridge()), rows, both
