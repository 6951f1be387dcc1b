"""Trees of neighbours, distances, and the estimators that search them."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.registry.safe.claims import count, demand, indices, numbers
from maturekit.registry.safe.session import Draft, Maker, Session

if TYPE_CHECKING:
    from maturekit.registry.safe.machine import Machine

__all__ = ["NEIGHBOR_CHECKS", "NEIGHBOR_MAKERS", "NEIGHBOR_VALUES"]

_METRICS = set(
    "BrayCurtis Canberra Chebyshev Euclidean Hamming Haversine Mahalanobis Manhattan Minkowski SEuclidean".split()
)
_NAMES = set(
    "braycurtis canberra chebyshev cityblock correlation cosine euclidean hamming haversine l1 l2 mahalanobis manhattan "
    "minkowski nan_euclidean precomputed seuclidean sqeuclidean".split()
)
_PARAMETERS = {"V", "VI", "p", "w"}
_DISTANCES = "sklearn.metrics._dist_metrics"
_TREES = {"sklearn.neighbors._kd_tree": "KDTree", "sklearn.neighbors._ball_tree": "BallTree"}
_demand = functools.partial(demand, "a tree of neighbours")


def _distance(arguments: tuple[Any, ...], session: Session) -> Draft:  # noqa: ARG001  # every maker is asked alike
    """Begin a distance, which is made by its public constructor from what the file says."""
    (kind,) = arguments
    _demand(isinstance(kind, type) and kind.__module__ == _DISTANCES)
    name, bits = kind.__name__.removesuffix("64").removesuffix("32"), kind.__name__[-2:]
    _demand(name.removesuffix("Distance") in _METRICS and bits in {"32", "64"})

    def finish(state: Any, _: Machine) -> Any:
        p, vector, matrix = state
        _demand(type(p) is float, numbers(vector, None), numbers(matrix, None, None))
        if name == "MinkowskiDistance":
            return kind(p, w=vector if len(vector) else None)
        if name == "SEuclideanDistance":
            return kind(V=vector)
        if name == "MahalanobisDistance":
            return kind(VI=matrix)
        return kind()

    return Draft(finish)


def _tree(module: str) -> Maker:
    def begin(arguments: tuple[Any, ...], session: Session) -> Draft:
        (kind,) = arguments
        _demand(isinstance(kind, type) and kind.__module__ == module and kind.__name__.startswith(_TREES[module]))
        return Draft(lambda state, _: _restored(kind, state, session))

    return Maker(begin)


def _restored(kind: Any, state: Any, session: Session) -> Any:
    """Return a tree over points, whose nodes are what its own constructor would have made of so many points.

    Each node's points are one half of its parent's, and the order of the points is a permutation: no walk leaves them.
    """
    points, order, nodes, bounds, leaf_size, levels, size, _, _, _, _, distance, weights = state
    _demand(type(levels) is int and 0 < levels < 48, type(leaf_size) is int and 0 < leaf_size < 2**62)
    _demand(numbers(points, None, None) and points.size > 0, type(size) is int and size == 2**levels - 1)
    rows, columns = points.shape
    _demand(type(nodes) is np.ndarray and nodes.shape == (size,) and nodes.dtype.names is not None)
    _demand(numbers(bounds, 2 if kind.__name__.startswith("KD") else 1, size, columns))
    _demand(indices(order, below=rows, length=rows) and bool((np.bincount(order, minlength=rows) == 1).all()))
    _demand(weights is None or numbers(weights, rows))
    start, end = np.array([0]), np.array([rows])
    for level in range(levels):
        here = nodes[2**level - 1 : 2 ** (level + 1) - 1]
        _demand(np.array_equal(here["idx_start"], start) and np.array_equal(here["idx_end"], end))
        _demand(bool((here["is_leaf"] == (level == levels - 1)).all()))
        middle = start + (end - start) // 2
        start, end = np.column_stack([start, middle]).ravel(), np.column_stack([middle, end]).ravel()
    metric = type(distance)
    _demand(
        metric.__module__ == _DISTANCES and metric.__name__[-2:] == ("32" if kind.__name__.endswith("32") else "64")
    )
    distance._validate_data(points)  # noqa: SLF001  # what the constructor of a tree asks of a distance
    session.charge(order.nbytes + nodes.nbytes)
    tree = kind.__new__(kind)
    # Copies: nothing else in the file may change what was checked.
    tree.__setstate__(
        (points, order.copy(), nodes.copy(), bounds, leaf_size, levels, size, 0, 0, 0, 0, distance, weights)
    )
    return tree


def check_neighbors(model: Any) -> None:
    """Check an estimator that searches among stored rows: all parts speak of the same rows, columns and classes."""
    held = vars(model)
    if "_fit_method" not in held:
        return
    rows, columns = count(model, "n_samples_fit_"), count(model)
    stored, tree, method = held["_fit_X"], held["_tree"], held["_fit_method"]
    _demand(rows > 0 and _table(stored, rows, columns))
    for name in ("n_neighbors", "n_neighbors_"):  # compiled code puts the first neighbour into a heap of this size
        _demand(held.get(name) is None or count(model, name) > 0)
    if method == "brute":
        _demand(tree is None)
    else:
        kind = type(tree)
        _demand(
            _TREES.get(kind.__module__) == kind.__name__
            and method == {"K": "kd_tree", "B": "ball_tree"}[kind.__name__[0]]
        )
        _demand(tree.data.shape == (rows, columns))
    for metric, parameters in (
        (held["metric"], held["metric_params"]),
        (held["effective_metric_"], held["effective_metric_params_"]),
    ):
        _check_metric(metric, parameters or {}, columns)
        _demand(metric != "precomputed" or rows == columns, metric != "haversine" or columns == 2)
    if "_y" in held:
        _check_answers(held, rows)


def _table(stored: Any, rows: int, columns: int) -> bool:
    if type(stored) is np.ndarray:
        return stored.dtype.kind in "fiub" and stored.shape == (rows, columns)
    return type(stored).__module__ == "scipy.sparse._csr" and stored.shape == (rows, columns)  # checked by its maker


def _check_metric(metric: Any, parameters: Any, columns: int) -> None:
    """Check what a distance is called with: scipy believes the size of an inverse covariance."""
    _demand(callable(metric) or metric in _NAMES, type(parameters) is dict and set(parameters) <= _PARAMETERS)
    for name, value in parameters.items():
        if name == "p":
            _demand(isinstance(value, (int, float)))
        elif name == "VI":
            _demand(numbers(value, columns, columns))
        else:
            _demand(value is None or (type(value) in {list, np.ndarray} and np.shape(value) == (columns,)))


def _check_answers(held: dict[str, Any], rows: int) -> None:
    """Check the answers that go with the rows: compiled code counts the labels of the nearest."""
    answers = held["_y"]
    _demand(type(answers) is np.ndarray and answers.ndim in {1, 2} and len(answers) == rows)
    if "classes_" not in held:
        return
    several = held["outputs_2d_"]
    _demand(type(several) is bool and several == (answers.ndim == 2))
    classes = held["classes_"] if several else [held["classes_"]]
    columns = answers.T if several else [answers]
    _demand(type(classes) is list and len(classes) == len(columns))
    for labels, column in zip(classes, columns, strict=True):
        _demand(type(labels) is np.ndarray and indices(column, below=len(labels)))


def check_centers(model: Any) -> None:
    """Check clusters around means: compiled code reads as many columns of the centers as the rows have."""
    held, columns = vars(model), count(model)
    if "_n_threads" in held:  # as many as the machine had that fitted the model
        held["_n_threads"] = importlib.import_module("sklearn.utils._openmp_helpers")._openmp_effective_n_threads()  # noqa: SLF001  # how scikit-learn sets it
    if "cluster_centers_" in held:
        centers = held["cluster_centers_"]
        _demand_centers(numbers(centers, None, columns) and len(centers) > 0)
    left = [held["_bisecting_tree"]] if "_bisecting_tree" in held else []
    seen: set[int] = set()
    while left:
        node = left.pop()
        if id(node) not in seen:
            seen.add(id(node))
            _demand_centers(type(node).__name__ == "_BisectingTree" and numbers(vars(node).get("center"), columns))
            left += [vars(node)[side] for side in ("left", "right") if vars(node).get(side) is not None]


def check_subclusters(model: Any) -> None:
    """Check the centers of a hierarchy of clusters: compiled code reads one squared length for each."""
    held = vars(model)
    if "subcluster_centers_" in held:
        centers = held["subcluster_centers_"]
        _demand_centers(numbers(centers, None, count(model)) and numbers(held["_subcluster_norms"], len(centers)))


_demand_centers = functools.partial(demand, "a clustering")

NEIGHBOR_MAKERS = {
    (_DISTANCES, "newObj"): Maker(_distance),
    **{(module, "newObj"): _tree(module) for module in _TREES},
}
"""What restores trees of neighbours and their distances."""

NEIGHBOR_VALUES = {
    _DISTANCES: {f"{name}Distance{bits}" for name in _METRICS for bits in (32, 64)},
    **{module: {name, f"{name}32", f"{name}64"} for module, name in _TREES.items()},
}
"""What those are given."""

_ESTIMATORS = {
    "_classification": ("KNeighborsClassifier", "RadiusNeighborsClassifier"),
    "_graph": ("KNeighborsTransformer", "RadiusNeighborsTransformer"),
    "_lof": ("LocalOutlierFactor",),
    "_regression": ("KNeighborsRegressor", "RadiusNeighborsRegressor"),
    "_unsupervised": ("NearestNeighbors",),
}
NEIGHBOR_CHECKS = {
    **{
        (f"sklearn.neighbors.{module}", name): check_neighbors
        for module, names in _ESTIMATORS.items()
        for name in names
    },
    ("sklearn.cluster._birch", "Birch"): check_subclusters,
    ("sklearn.cluster._kmeans", "KMeans"): check_centers,
    ("sklearn.cluster._kmeans", "MiniBatchKMeans"): check_centers,
    ("sklearn.cluster._bisect_k_means", "BisectingKMeans"): check_centers,
}
"""Checks of finished instances, by the module and name of their class."""
