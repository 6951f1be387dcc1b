"""What stands before a model: scaling, encoding, imputing, selecting, decomposing, clustering, texts."""

from __future__ import annotations

import numpy as np
from sklearn import (
    cluster,
    decomposition,
    feature_extraction,
    feature_selection,
    impute,
    kernel_approximation,
    linear_model,
    mixture,
    pipeline,
    preprocessing,
    random_projection,
)
from sklearn.ensemble import RandomForestRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # how scikit-learn hands it out
from sklearn.feature_extraction import text
from sklearn.naive_bayes import MultinomialNB


def models(data):
    """Yield a name, an estimator, input and target."""
    rows, two, amount, gaps, frame = data.rows, data.two, data.amount, data.gaps, data.frame
    yield "union", pipeline.make_union(preprocessing.StandardScaler(), decomposition.PCA(2)), rows, None
    yield "robust", preprocessing.RobustScaler(), rows, None
    yield "range", preprocessing.MinMaxScaler(), rows, None
    yield "largest", preprocessing.MaxAbsScaler(), rows, None
    yield "length", preprocessing.Normalizer(), rows, None
    yield "bins", preprocessing.KBinsDiscretizer(3, encode="ordinal", **data.bins), rows, None
    yield "bins of their own", preprocessing.KBinsDiscretizer(3, **data.bins), rows, None
    yield "one bit", preprocessing.Binarizer(), rows, None
    yield "powers", preprocessing.PolynomialFeatures(2), rows, None
    for degree in (2, 3):
        yield f"powers of sparse rows, {degree}", preprocessing.PolynomialFeatures(degree), data.sparse, None
    yield "products of sparse rows", preprocessing.PolynomialFeatures(2, interaction_only=True), data.sparse, None
    yield "scaled sparse rows", preprocessing.StandardScaler(with_mean=False), data.sparse, None
    yield "largest of sparse rows", preprocessing.MaxAbsScaler(), data.sparse, None
    yield "splines", preprocessing.SplineTransformer(), rows, None
    yield "periodic splines", preprocessing.SplineTransformer(extrapolation="periodic", degree=2), rows, None
    yield "sparse splines", preprocessing.SplineTransformer(sparse_output=True), rows, None
    yield "power", preprocessing.PowerTransformer(), rows, None
    yield "quantiles", preprocessing.QuantileTransformer(n_quantiles=10), rows, None
    yield "centred kernel", preprocessing.KernelCenterer(), rows @ rows.T, None
    yield "target encoder", preprocessing.TargetEncoder(cv=2, random_state=0), frame[["carrier"]], two
    yield "hot", preprocessing.OneHotEncoder(sparse_output=False), frame[["carrier", "origin"]], None
    yield "hot and dropped", preprocessing.OneHotEncoder(drop="first"), frame[["carrier", "origin"]], None
    yield "logarithm", preprocessing.FunctionTransformer(np.log1p, np.expm1), np.abs(rows), None
    yield "unchanged", preprocessing.FunctionTransformer(), rows, None
    yield "labels", preprocessing.LabelEncoder(), data.labels, "itself"
    yield "binary labels", preprocessing.LabelBinarizer(), data.labels, "itself"
    yield "binary labels, sparse", preprocessing.LabelBinarizer(sparse_output=True), data.labels, "itself"
    yield "several labels", preprocessing.MultiLabelBinarizer(), data.tags, "itself"
    yield "imputed", impute.SimpleImputer(strategy="most_frequent"), frame[["carrier", "distance"]], None
    yield "imputed by neighbours", impute.KNNImputer(add_indicator=True), gaps, None
    yield "imputed in turns", impute.IterativeImputer(max_iter=2, tol=100.0), gaps, None
    forest = RandomForestRegressor(n_estimators=2, random_state=0)
    yield "imputed by trees", impute.IterativeImputer(forest, max_iter=1, tol=100.0), gaps, None
    yield "missing", impute.MissingIndicator(), gaps, None
    # selection
    lasso, ridge = linear_model.Lasso(alpha=0.1), linear_model.Ridge()
    yield "selected", feature_selection.SelectKBest(k=2), rows, two
    yield "selected share", feature_selection.SelectPercentile(feature_selection.f_regression), rows, amount
    yield "selected by chance", feature_selection.SelectFpr(alpha=0.9), np.abs(rows), two
    yield "selected by discovery", feature_selection.SelectFdr(alpha=0.5), rows, two
    yield "selected by error", feature_selection.SelectFwe(feature_selection.f_regression), rows, amount
    yield (
        "selected by any",
        feature_selection.GenericUnivariateSelect(feature_selection.chi2, mode="k_best", param=2),
        np.abs(rows),
        two,
    )
    yield "selected by variance", feature_selection.VarianceThreshold(), rows, None
    yield "selected by model", feature_selection.SelectFromModel(lasso), rows, amount
    yield "eliminated", feature_selection.RFE(ridge, n_features_to_select=2), rows, amount
    yield "eliminated and searched", feature_selection.RFECV(ridge, cv=2, scoring="r2"), rows, amount
    yield "forward", feature_selection.SequentialFeatureSelector(ridge, n_features_to_select=2, cv=2), rows, amount
    # decomposition
    quick = {"random_state": 0, "n_components": 2}
    yield "components", decomposition.PCA(whiten=True, **quick), rows, None
    yield "components in parts", decomposition.IncrementalPCA(2, batch_size=40), rows, None
    yield (
        "components of a kernel",
        decomposition.KernelPCA(kernel="rbf", fit_inverse_transform=True, **quick),
        rows,
        None,
    )
    yield "truncated", decomposition.TruncatedSVD(2, random_state=0), rows, None
    yield "independent", decomposition.FastICA(random_state=0, tol=0.5), rows, None
    yield "factors", decomposition.FactorAnalysis(**quick), rows, None
    yield "nonnegative", decomposition.NMF(tol=0.1, **quick), np.abs(rows), None
    yield "nonnegative by products", decomposition.NMF(solver="mu", tol=0.1, **quick), np.abs(rows), None
    yield "sparse components", decomposition.SparsePCA(max_iter=5, tol=0.1, **quick), rows, None
    yield "kernel map", kernel_approximation.Nystroem(n_components=10, random_state=0), rows, None
    yield "random map", kernel_approximation.RBFSampler(n_components=10, random_state=0), rows, None
    yield "chi map", kernel_approximation.AdditiveChi2Sampler(), np.abs(rows), None
    yield "skewed map", kernel_approximation.SkewedChi2Sampler(random_state=0), np.abs(rows), None
    yield "sketch", kernel_approximation.PolynomialCountSketch(n_components=8, random_state=0), rows, None
    yield "projection", random_projection.GaussianRandomProjection(**quick), rows, None
    yield "sparse projection", random_projection.SparseRandomProjection(**quick), rows, None
    # clusters and mixtures
    yield "means", cluster.KMeans(3, random_state=0), rows, None
    yield "means by triangles", cluster.KMeans(3, algorithm="elkan", n_init=1, random_state=0), rows, None
    yield "means in batches", cluster.MiniBatchKMeans(3, random_state=0), rows, None
    yield "means of sparse rows", cluster.KMeans(3, random_state=0), data.sparse, None
    yield "means by halves", cluster.BisectingKMeans(3, random_state=0), rows, None
    yield "shift", cluster.MeanShift(bandwidth=3.0), rows, None
    yield "affinity", cluster.AffinityPropagation(random_state=0), rows, None
    yield "birch", cluster.Birch(), rows, None
    yield "dense regions", cluster.DBSCAN(eps=1.5), rows, None
    yield "merged", cluster.AgglomerativeClustering(3), rows, None
    yield "merged features", cluster.FeatureAgglomeration(2), rows, None
    yield "mixture", mixture.GaussianMixture(2, random_state=0), rows, None
    yield "bayesian mixture", mixture.BayesianGaussianMixture(n_components=2, random_state=0, tol=0.1), rows, None
    # texts, dictionaries
    yield "counts", text.CountVectorizer(ngram_range=(1, 2), stop_words="english"), data.texts, None
    yield "weights", text.TfidfVectorizer(sublinear_tf=True), data.texts, None
    yield "hashes", text.HashingVectorizer(n_features=16), data.texts, None
    yield "weights of counts", text.TfidfTransformer(), data.sparse_counts, None
    yield "dictionaries", feature_extraction.DictVectorizer(), data.records, None
    yield "hashed dictionaries", feature_extraction.FeatureHasher(n_features=16), data.records, None
    yield "texts", pipeline.make_pipeline(text.TfidfVectorizer(), MultinomialNB()), data.texts, data.labels
    logistic = linear_model.LogisticRegression()
    yield "counted texts", pipeline.make_pipeline(text.CountVectorizer(dtype=np.float32), logistic), data.texts, two
