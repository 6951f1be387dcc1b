"""Forged trees of neighbours, distances and searches are refused."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import DistanceMetric
from sklearn.neighbors import (
    BallTree,
    KDTree,
    KernelDensity,
    KNeighborsClassifier,
    LocalOutlierFactor,
    RadiusNeighborsClassifier,
)

from maturekit.errors import FormatError, UntrustedError
from maturekit.registry.safe import read

CRAFT = runpy.run_path(str(Path(__file__).with_name("craft.py")))
X, Y, dumped, with_state = (CRAFT[key] for key in ("X", "Y", "dumped", "with_state"))


def refused(data):
    with pytest.raises((UntrustedError, FormatError)):
        read(data)


def part(place, change):
    """Return a change of one part of a tuple of state."""
    return lambda state: tuple(change(value) if i == place else value for i, value in enumerate(state))


def put(value, *, at=0, field=None):
    """Return a change of one number of an array."""

    def change(array):
        changed = array.copy()
        (changed if field is None else changed[field])[at] = value
        return changed

    return change


POINTS, ORDER, NODES, BOUNDS, LEAF, LEVELS, SIZE, DISTANCE, WEIGHTS = 0, 1, 2, 3, 4, 5, 6, 11, 12
WRONG_TREES = {
    "an index behind the points": part(ORDER, put(10**6)),
    "a negative index": part(ORDER, put(-1)),
    "an index twice": part(ORDER, lambda order: np.full_like(order, order[0])),
    "too few indices": part(ORDER, lambda order: order[:-1]),
    "a start behind the end": part(NODES, put(10**6, field="idx_start")),
    "an end behind the points": part(NODES, put(10**6, field="idx_end")),
    "an end of an inner node": part(NODES, put(59, at=1, field="idx_end")),
    "a last node that is no leaf": part(NODES, put(0, at=-1, field="is_leaf")),
    "a root that is a leaf": part(NODES, put(1, field="is_leaf")),
    "too few nodes": part(NODES, lambda nodes: nodes[:-1]),
    "nodes of another type": part(NODES, lambda nodes: np.zeros(len(nodes))),
    "more nodes than there are": part(SIZE, lambda size: size * 2 + 1),
    "more levels than there are": part(LEVELS, lambda levels: levels + 1),
    "enormous levels": part(LEVELS, lambda _: 10**9),
    "bounds of fewer columns": part(BOUNDS, lambda bounds: np.ascontiguousarray(bounds[:, :, :-1])),
    "bounds of fewer nodes": part(BOUNDS, lambda bounds: np.ascontiguousarray(bounds[:, :-1])),
    "fewer points": part(POINTS, lambda points: points[:-1]),
    "fewer columns": part(POINTS, lambda points: np.ascontiguousarray(points[:, :-1])),
    "no points": part(POINTS, lambda points: points[:0]),
    "a leaf of no points": part(LEAF, lambda _: 0),
    "no distance": part(DISTANCE, lambda _: None),
    "a distance of two columns": part(DISTANCE, lambda _: DistanceMetric.get_metric("seuclidean", V=[1.0, 2.0])),
    "a haversine distance": part(DISTANCE, lambda _: DistanceMetric.get_metric("haversine")),
    "a distance of 32 bits": part(DISTANCE, lambda _: DistanceMetric.get_metric("euclidean", dtype=np.float32)),
    "too few weights": part(WEIGHTS, lambda _: np.ones(3)),
}


@pytest.mark.parametrize("kind", [KDTree, BallTree])
@pytest.mark.parametrize("change", WRONG_TREES.values(), ids=WRONG_TREES)
def test_a_forged_tree_of_neighbours_is_refused(kind, change):
    tree = kind(X, leaf_size=4)
    assert read(with_state(tree, kind, lambda state: state)).value.query(X[:1])[1].tolist() == [[0]]
    refused(with_state(tree, kind, change))


def test_a_forged_tree_is_refused_inside_every_estimator_that_holds_one():
    wrong = WRONG_TREES["an index behind the points"]
    for model in (
        KNeighborsClassifier(algorithm="kd_tree").fit(X, Y),
        LocalOutlierFactor(novelty=True, algorithm="kd_tree").fit(X),
        KernelDensity(algorithm="kd_tree").fit(X),
    ):
        refused(with_state(model, KDTree, wrong))


@pytest.mark.parametrize(
    "state",
    [
        (2.0, np.zeros((2, 2)), np.zeros((1, 1))),
        (2.0, np.zeros(1), np.zeros(1)),
        (2.0, np.zeros(1, dtype=int), np.zeros((1, 1))),
        ("2", np.zeros(1), np.zeros((1, 1))),
        (2.0, None, None),
        (2.0, np.zeros(1), np.zeros((1, 1)), print),
        (),
    ],
    ids=range(7),
)
def test_a_forged_distance_is_refused(state):
    for distance in (DistanceMetric.get_metric("euclidean"), DistanceMetric.get_metric("minkowski", p=3)):
        refused(with_state(distance, type(distance), lambda _: state))


def test_a_distance_is_made_again_by_its_constructor():
    for name, given in (
        ("minkowski", {"p": 3}),
        ("minkowski", {"p": 3, "w": [1.0, 2.0, 3.0]}),
        ("seuclidean", {"V": [1.0, 2.0, 3.0]}),
        ("mahalanobis", {"VI": np.diag([1.0, 2.0, 3.0])}),
    ):
        distance = DistanceMetric.get_metric(name, **given)
        again = read(dumped(distance)).value
        assert again.pairwise(X[:2], X[2:4]).tolist() == distance.pairwise(X[:2], X[2:4]).tolist()


@pytest.mark.parametrize(
    "change",
    [
        {"_fit_X": X[:10]},
        {"_fit_X": np.ascontiguousarray(X[:, :2])},
        {"_fit_X": X.astype(object)},
        {"_fit_X": None},
        {"n_features_in_": 2},
        {"n_features_in_": 2**40},
        {"n_samples_fit_": 10},
        {"_fit_method": "kd_tree"},
        {"_fit_method": "ball_tree", "_tree": KDTree(X)},
        {"_fit_method": "kd_tree", "_tree": KDTree(X[:, :2])},
        {"_fit_method": "kd_tree", "_tree": KDTree(X[:10])},
        {"_tree": KDTree(X)},
        {"_y": np.full(len(X), 10**6)},
        {"_y": np.full(len(X), -1)},
        {"_y": np.zeros(3, dtype=int)},
        {"_y": np.zeros(len(X))},
        {"classes_": np.array([0])},
        {"outputs_2d_": True},
        {"metric": "mahalanobis", "metric_params": {"VI": np.eye(2)}},
        {"effective_metric_": "mahalanobis", "effective_metric_params_": {"VI": np.eye(2)}},
        {"effective_metric_params_": {"out": np.zeros((60, 60))}},
        {"metric_params": {"w": np.ones(2)}},
        {"effective_metric_": "no such metric"},
        {"effective_metric_": "haversine"},
        {"metric": "precomputed"},
        {"n_neighbors": 0},
        {"n_neighbors": -1},
        {"n_neighbors": True},
        {"n_neighbors_": 0},
    ],
    ids=", ".join,
)
def test_a_forged_search_of_neighbours_is_refused(change):
    for kind in (KNeighborsClassifier, RadiusNeighborsClassifier):
        model = kind(algorithm="brute").fit(X, Y)
        assert read(dumped(model)).value is not None
        model.__dict__.update(change)
        refused(dumped(model))
