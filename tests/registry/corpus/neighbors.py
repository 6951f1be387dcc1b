"""Neighbours, support vectors, Gaussian processes, networks, labels that spread."""

from __future__ import annotations

from sklearn import covariance, gaussian_process, neighbors, neural_network, semi_supervised, svm
from sklearn.gaussian_process import kernels
from sklearn.kernel_ridge import KernelRidge
from sklearn.naive_bayes import GaussianNB


def models(data):
    """Yield a name, an estimator, input and target."""
    rows, two, many, amount = data.rows, data.two, data.many, data.amount
    some = many.copy()
    some[::3] = -1
    nearest, near = neighbors.KNeighborsClassifier, neighbors.KNeighborsRegressor
    for algorithm in ("kd_tree", "ball_tree", "brute"):
        yield f"nearest, {algorithm}", nearest(algorithm=algorithm, leaf_size=5), rows, many
        yield f"nearest numbers, {algorithm}", near(algorithm=algorithm, weights="distance"), rows, amount
        yield f"radius, {algorithm}", neighbors.RadiusNeighborsClassifier(4.0, algorithm=algorithm), rows, two
        yield f"radius numbers, {algorithm}", neighbors.RadiusNeighborsRegressor(4.0, algorithm=algorithm), rows, amount
    for metric in ("manhattan", "chebyshev", "canberra", "braycurtis"):
        yield f"nearest, {metric}", nearest(metric=metric), rows, many
    yield "nearest, cosine", nearest(metric="cosine"), rows, many
    yield "nearest, minkowski", nearest(p=3), rows, many
    yield "nearest, haversine", nearest(metric="haversine", algorithm="ball_tree"), rows[:, :2], many
    scale = {"V": rows.var(axis=0)}
    yield "nearest, standardised", nearest(metric="seuclidean", metric_params=scale, algorithm="ball_tree"), rows, many
    inverse = {"VI": covariance.EmpiricalCovariance().fit(rows).get_precision()}
    yield (
        "nearest, mahalanobis",
        nearest(metric="mahalanobis", metric_params=inverse, algorithm="ball_tree"),
        rows,
        many,
    )
    yield (
        "nearest, weighted",
        nearest(metric="minkowski", metric_params={"w": rows.var(axis=0)}, algorithm="brute"),
        rows,
        two,
    )
    yield "nearest in sparse rows", nearest(), data.sparse, many
    yield "nearest in sparse rows, manhattan", nearest(metric="manhattan"), data.sparse, many
    yield "nearest of text labels", nearest(), rows, data.labels
    yield "nearest, two outputs", nearest(), rows, data.pairs
    yield "neighbours", neighbors.NearestNeighbors(n_neighbors=3, algorithm="kd_tree"), rows, None
    yield "graph of neighbours", neighbors.KNeighborsTransformer(n_neighbors=3), rows, None
    yield "graph of a radius", neighbors.RadiusNeighborsTransformer(radius=1.0), rows, None
    yield "centroids", neighbors.NearestCentroid(), rows, many
    yield "density", neighbors.KernelDensity(), rows, None
    yield "outliers by density", neighbors.LocalOutlierFactor(novelty=True), rows, None
    for kernel in ("linear", "poly", "rbf", "sigmoid"):
        yield f"vectors, {kernel}", svm.SVC(kernel=kernel), rows, many
    yield "vectors of two", svm.SVC(), rows, two
    yield "vectors of text labels", svm.SVC(decision_function_shape="ovo", class_weight="balanced"), rows, data.labels
    yield "vectors, precomputed", svm.SVC(kernel="precomputed"), rows @ rows.T, many
    yield "vectors in sparse rows", svm.SVC(), data.sparse, many
    yield "vectors by share", svm.NuSVC(nu=0.3), rows, two
    yield "vectors for numbers", svm.SVR(), rows, amount
    yield "vectors for numbers in sparse rows", svm.SVR(kernel="linear"), data.sparse, amount
    yield "vectors for numbers by share", svm.NuSVR(), rows, amount
    yield "one class", svm.OneClassSVM(nu=0.2), rows, None
    yield "linear vectors", svm.LinearSVC(), rows, many
    yield "linear vectors for numbers", svm.LinearSVR(), rows, amount
    still = {"optimizer": None}
    process, regression = gaussian_process.GaussianProcessClassifier, gaussian_process.GaussianProcessRegressor
    for kernel in (
        kernels.RBF(),
        kernels.ConstantKernel(2.0) * kernels.Matern(nu=1.5) + kernels.WhiteKernel(),
        kernels.RationalQuadratic() ** 2,
        kernels.ExpSineSquared(periodicity=9.0) * kernels.RBF(),
        kernels.DotProduct(),
        kernels.PairwiseKernel(metric="laplacian"),
    ):
        yield f"process, {kernel}", regression(kernel, alpha=0.1, normalize_y=True, **still), rows, amount
    yield "process of two", process(kernels.RBF(), **still), rows, two
    yield "process of many", process(1.0 * kernels.RBF(), **still), rows, many
    yield "process, fitted", regression(kernels.RBF() + kernels.WhiteKernel(), random_state=0), rows, amount
    quick = {"hidden_layer_sizes": (5,), "random_state": 0, "tol": 1.0}
    yield "network", neural_network.MLPClassifier(**quick), rows, many
    yield "network of two", neural_network.MLPClassifier(activation="tanh", **quick), rows, two
    yield "network with early stop", neural_network.MLPClassifier(early_stopping=True, **quick), rows, many
    yield "network by gradient", neural_network.MLPClassifier(solver="sgd", **quick), rows, two
    yield "network of numbers", neural_network.MLPRegressor(**quick), rows, amount
    yield "kernel ridge", KernelRidge(kernel="rbf"), rows, amount
    yield "neighbourhood", neighbors.NeighborhoodComponentsAnalysis(2, random_state=0, max_iter=3), rows, many
    yield "machine", neural_network.BernoulliRBM(3, n_iter=2, random_state=0), (rows > 0) * 1.0, None
    yield "kernel ridge of sparse rows", KernelRidge(kernel="laplacian"), data.sparse, amount
    yield "spread labels", semi_supervised.LabelSpreading(), rows, some
    yield "propagated labels", semi_supervised.LabelPropagation(kernel="rbf"), rows, some
    yield "propagated by neighbours", semi_supervised.LabelSpreading(kernel="knn", n_neighbors=5), rows, some
    yield "trained on itself", semi_supervised.SelfTrainingClassifier(GaussianNB()), rows, some
    yield "covariance", covariance.EmpiricalCovariance(), rows, None
    yield "shrunk covariance", covariance.LedoitWolf(), rows, None
    yield "covariance by an oracle", covariance.OAS(), rows, None
    yield "covariance shrunk by hand", covariance.ShrunkCovariance(), rows, None
    yield "sparse covariance", covariance.GraphicalLasso(), rows, None
    yield "robust covariance", covariance.MinCovDet(random_state=0, support_fraction=0.9), rows, None
    yield "elliptic envelope", covariance.EllipticEnvelope(random_state=0, support_fraction=0.9), rows, None
