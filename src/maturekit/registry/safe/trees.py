"""Decision trees, checked before compiled code walks them: it follows every index without looking."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.registry.safe.claims import demand
from maturekit.registry.safe.session import Draft, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maturekit.registry.safe.machine import Machine

__all__ = ["TREE_CHECKS", "check_all_trees", "check_boosting", "check_forest", "check_tree", "make_tree"]

_LEAF = -1
_BATCH = 2**16
"""Nodes that are checked at once: some numbers of each fit into the cache of a core."""

_demand = functools.partial(demand, "a tree")


def make_tree(arguments: tuple[Any, ...], session: Session) -> Draft:
    """Begin the compiled tree of scikit-learn, which copies what fits together; `check_all_trees` judges its nodes."""
    features, classes, outputs = arguments
    _demand(
        type(features) is int and type(outputs) is int and 0 <= features < 2**31,
        isinstance(classes, np.ndarray) and classes.dtype == np.intp and classes.shape == (outputs,),
    )
    _demand(bool((classes >= 1).all()), int(classes.max(initial=0)) <= 2**31)

    def finish(state: Any, _: Machine) -> Any:
        from sklearn.tree._tree import Tree  # noqa: PLC0415  # only a file that holds a tree pays for scikit-learn

        nodes, values = state["nodes"], state["values"]
        _demand(isinstance(nodes, np.ndarray) and nodes.ndim == 1 and len(nodes) > 0 and nodes.dtype.names is not None)
        _demand(type(state["node_count"]) is int and state["node_count"] == len(nodes))
        _demand(isinstance(values, np.ndarray) and values.shape == (len(nodes), outputs, int(classes.max(initial=0))))
        _demand(type(state["max_depth"]) is int and 0 <= state["max_depth"] < len(nodes))
        session.charge(nodes.nbytes + values.nbytes)
        session.trees.append((nodes, features, state["max_depth"]))
        tree = Tree(features, classes, outputs)
        tree.__setstate__(state)
        return tree

    return Draft(finish)


def check_all_trees(trees: list[tuple[Any, int, int]]) -> None:
    """Check the nodes of compiled trees, given with their features and depths.

    Many at once, since forests have many small ones, but not more than stay in the cache.
    """
    batch: list[tuple[Any, int, int]] = []
    size = 0
    for tree in trees:
        batch.append(tree)
        size += len(tree[0])
        if size >= _BATCH or tree is trees[-1]:
            _check_trees(batch)
            batch, size = [], 0


def _check_trees(trees: list[tuple[Any, int, int]]) -> None:
    sizes, features, depths = np.array([(len(nodes), features, depth) for nodes, features, depth in trees]).T
    ends = np.cumsum(sizes)
    starts = ends - sizes
    left, right, feature = np.empty((3, ends[-1]), np.int64)
    for start, end, (nodes, _, _) in zip(starts.tolist(), ends.tolist(), trees, strict=True):
        # Tree by tree, so that the nodes stay in the cache between the columns.
        left[start:end] = nodes["left_child"]
        right[start:end] = nodes["right_child"]
        feature[start:end] = nodes["feature"]
    inner = left != _LEAF
    _demand(np.array_equal(right != _LEAF, inner))
    limit = features[0] if (features == features[0]).all() else np.repeat(features, sizes)
    _demand(bool(((feature >= 0) & (feature < limit) | ~inner).all()))
    above = _check_shape(left, right, inner, sizes)
    _demand(np.array_equal(np.maximum.reduceat(_depths(above), starts), depths))


def check_tree(model: Any) -> None:
    """Check an estimator of one tree: it promises the features that its tree reads."""
    from sklearn.tree._tree import Tree  # noqa: PLC0415  # only a file that holds a tree pays for scikit-learn

    tree = model.__dict__.get("tree_")
    if tree is not None:
        _demand(type(tree) is Tree and tree.n_features == _features(model))


def check_forest(model: Any) -> None:
    """Check an estimator of many trees, which hands its checked input to each of them unchecked."""
    from sklearn.tree import BaseDecisionTree  # noqa: PLC0415  # only a file that holds a tree pays for scikit-learn

    for tree in model.__dict__.get("estimators_", ()):
        _demand(isinstance(tree, BaseDecisionTree) and _features(tree) == _features(model))


def check_boosting(model: Any) -> None:
    """Check histogram gradient boosting: the nodes of all its trees, and the tables of categories they point into."""
    from sklearn.ensemble._hist_gradient_boosting.predictor import (  # noqa: PLC0415  # as above
        PREDICTOR_RECORD_DTYPE,
        TreePredictor,
    )

    if "_predictors" not in model.__dict__:
        return
    features, rows = _features(model), model._predictors  # noqa: SLF001  # compiled code reads this very attribute
    columns = model.__dict__.get("n_trees_per_iteration_")
    _demand(type(columns) is int, type(rows) is list, not model.__dict__.get("_in_fit"))
    _demand(all(type(row) is list and len(row) == columns for row in rows))
    categorical = _check_bins(model.__dict__.get("_bin_mapper"), features)
    _check_preprocessor(model.__dict__.get("_preprocessor"), model.__dict__.get("is_categorical_"), features)
    trees = [tree for row in rows for tree in row]
    for tree in trees:
        _demand(type(tree) is TreePredictor and type(tree.nodes) is np.ndarray)
        _demand(tree.nodes.dtype == PREDICTOR_RECORD_DTYPE and tree.nodes.ndim == 1 and len(tree.nodes) > 0)
        for bitsets in (tree.raw_left_cat_bitsets, tree.binned_left_cat_bitsets):
            _demand(type(bitsets) is np.ndarray and bitsets.dtype == np.uint32 and bitsets.shape[1:] == (8,))
    if not trees:
        return
    sizes = np.array([len(tree.nodes) for tree in trees])
    bits = np.array([min(len(tree.raw_left_cat_bitsets), len(tree.binned_left_cat_bitsets)) for tree in trees])
    # All at once, since a model has hundreds of small trees; joined as bytes, since numpy compares records slowly.
    nodes = np.frombuffer(b"".join(tree.nodes.tobytes() for tree in trees), PREDICTOR_RECORD_DTYPE)
    inner = nodes["is_leaf"] == 0
    _check_shape(nodes["left"].astype(np.int64), nodes["right"].astype(np.int64), inner, sizes)
    _demand(bool(((nodes["feature_idx"] >= 0) & (nodes["feature_idx"] < features))[inner].all()))
    splits = inner & (nodes["is_categorical"] != 0)
    _demand(bool(categorical[nodes["feature_idx"][splits]].all()))
    _demand(bool((nodes["bitset_idx"][splits] < np.repeat(bits, sizes)[splits]).all()))


def _check_bins(mapper: Any, features: int) -> NDArray[np.bool_]:
    """Return which features are categories, whose values must fit into 256 bits."""
    categorical, thresholds = mapper.is_categorical_, mapper.bin_thresholds_
    _demand(isinstance(categorical, np.ndarray) and categorical.shape == (features,) and categorical.dtype.kind in "bu")
    _demand(type(thresholds) is list and len(thresholds) == features)
    for feature in np.flatnonzero(categorical):
        values = thresholds[feature]
        _demand(isinstance(values, np.ndarray) and values.dtype.kind in "iuf" and values.ndim == 1)
        _demand(bool(((values >= 0) & (values < 256)).all()))
    flags: NDArray[np.bool_] = categorical.astype(bool)
    return flags


def _check_preprocessor(preprocessor: Any, categorical: Any, features: int) -> None:
    """Check that what stands before the trees gives them every feature: it replaces the check of the input."""
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415  # as above
    from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder  # noqa: PLC0415  # as above

    if preprocessor is None:
        return
    _demand(type(preprocessor) is ColumnTransformer and _features(preprocessor) == features)
    _demand(isinstance(categorical, np.ndarray) and categorical.dtype == bool and categorical.shape == (features,))
    parts = {name: (step, columns) for name, step, columns in preprocessor.transformers_}
    rest, _ = parts.pop("remainder", ("drop", None))
    _demand(list(parts) == ["encoder", "numerical"] and rest == "drop" and preprocessor.sparse_output_ is False)
    encoder, encoded = parts["encoder"]
    numerical, kept = parts["numerical"]
    _demand(np.array_equal(encoded, categorical) and np.array_equal(kept, ~categorical))
    _demand(
        type(encoder) is OrdinalEncoder and len(encoder.categories_) == _features(encoder) == int(categorical.sum())
    )
    indices = preprocessor._transformer_to_input_indices  # noqa: SLF001  # what `transform` selects columns by
    _demand(list(indices["encoder"]) == np.flatnonzero(categorical).tolist())
    _demand(list(indices["numerical"]) == np.flatnonzero(~categorical).tolist())
    _demand(type(numerical) is FunctionTransformer and not numerical.kw_args)
    _demand(numerical.func is None or type(numerical.func) is functools.partial)  # the check of an array, by its maker


def _check_shape(
    left: NDArray[np.int64], right: NDArray[np.int64], inner: NDArray[np.bool_], sizes: NDArray[np.int64]
) -> NDArray[Any]:
    """Return the parent of every node of trees that stand one behind another; a root is its own.

    Each node but a root must be the child of exactly one node, which stands before it in the same tree.
    """
    ends = np.cumsum(sizes)
    starts = ends - sizes
    parents = np.flatnonzero(inner)
    inside = np.cumsum(inner)  # how many of all that stand before the end of each tree
    shares = np.diff(inside[ends - 1], prepend=0)
    start, end = np.repeat(starts, shares), np.repeat(ends, shares)
    kind: type[np.integer[Any]] = np.int32 if len(left) < 2**31 else np.int64  # after the check of bounds, less to move
    above: NDArray[Any] = np.full(len(left), -1, kind)
    above[starts] = starts
    for children in (left[parents] + start, right[parents] + start):
        _demand(bool(((children > parents) & (children < end)).all()))
        above[children] = parents
    _demand(bool((above >= 0).all()) and len(left) == len(sizes) + 2 * len(parents))
    return above


def _depths(above: NDArray[Any]) -> NDArray[Any]:
    """Return how far every node is from its root, by jumping twice as far at every turn."""
    depths: NDArray[Any] = (above != np.arange(len(above), dtype=above.dtype)).astype(above.dtype)
    while True:
        further = depths[above]
        if not further.any():
            break
        depths += further
        above = above[above]
    return depths


def _features(model: Any) -> int:
    count = model.__dict__.get("n_features_in_")
    _demand(type(count) is int)
    return int(count)


_FOREST = "sklearn.ensemble._forest"
_BOOSTING = "sklearn.ensemble._hist_gradient_boosting.gradient_boosting"
_TREE = "sklearn.tree._classes"
_FORESTS = (
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "RandomTreesEmbedding",
)
_TREES = ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor")
TREE_CHECKS = {
    (_BOOSTING, "HistGradientBoostingClassifier"): check_boosting,
    (_BOOSTING, "HistGradientBoostingRegressor"): check_boosting,
    **{(_FOREST, name): check_forest for name in _FORESTS},
    **{(_TREE, name): check_tree for name in _TREES},
}
"""Checks of finished instances, by the module and name of their class."""
