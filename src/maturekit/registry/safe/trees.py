"""Decision trees, checked before compiled code walks them: it follows every index without looking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.errors import UntrustedError
from maturekit.registry.safe.session import Draft, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maturekit.registry.safe.machine import Machine

__all__ = ["check_boosting", "check_forest", "check_tree", "make_tree"]

_LEAF = -1


def make_tree(arguments: tuple[Any, ...], session: Session) -> Draft:
    """Begin the compiled tree of scikit-learn; it is made when all of it is known to fit together."""
    features, classes, outputs = arguments
    _demand(
        type(features) is int and type(outputs) is int and features >= 0,
        isinstance(classes, np.ndarray) and classes.dtype == np.intp and classes.shape == (outputs,),
    )
    _demand(bool((classes >= 1).all()), int(classes.max(initial=0)) <= 2**31)

    def finish(state: Any, _: Machine) -> Any:
        from sklearn.tree._tree import Tree  # noqa: PLC0415  # only a file that holds a tree pays for scikit-learn

        nodes, values = state["nodes"], state["values"]
        _demand(isinstance(nodes, np.ndarray) and nodes.ndim == 1 and len(nodes) > 0 and nodes.dtype.names is not None)
        _demand(type(state["node_count"]) is int and state["node_count"] == len(nodes))
        _demand(isinstance(values, np.ndarray) and values.shape == (len(nodes), outputs, int(classes.max(initial=0))))
        left, right, feature = (nodes[name].astype(np.int64) for name in ("left_child", "right_child", "feature"))
        inner = left != _LEAF
        _check_features(feature[inner], features)
        _demand(bool((right[~inner] == _LEAF).all()))
        _demand(type(state["max_depth"]) is int and state["max_depth"] == _depth(left, right, inner))
        session.charge(nodes.nbytes + values.nbytes)
        tree = Tree(features, classes, outputs)
        tree.__setstate__(state)
        return tree

    return Draft(finish)


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
    for tree in (tree for row in rows for tree in row):
        _demand(type(tree) is TreePredictor)
        nodes = tree.nodes
        _demand(isinstance(nodes, np.ndarray) and nodes.dtype == PREDICTOR_RECORD_DTYPE and nodes.ndim == 1)
        _demand(len(nodes) > 0)
        inner = nodes["is_leaf"] == 0
        left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
        _depth(left, right, inner)
        _check_features(nodes["feature_idx"][inner], features)
        splits = nodes[inner & (nodes["is_categorical"] != 0)]
        _demand(bool(categorical[splits["feature_idx"]].all()))
        for bitsets in (tree.raw_left_cat_bitsets, tree.binned_left_cat_bitsets):
            _demand(isinstance(bitsets, np.ndarray) and bitsets.dtype == np.uint32 and bitsets.shape[1:] == (8,))
            _demand(int(splits["bitset_idx"].max(initial=0)) < max(len(bitsets), 1 - len(splits)))


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
    _demand(type(numerical) is FunctionTransformer)


def _depth(left: NDArray[np.int64], right: NDArray[np.int64], inner: NDArray[np.bool_]) -> int:
    """Return the depth of a tree; refuse what is none: each node but the root is the child of one node before it."""
    parents = np.flatnonzero(inner)
    children = np.concatenate([left[inner], right[inner]])
    _demand(bool((children > np.tile(parents, 2)).all()), int(children.max(initial=0)) < len(left))
    _demand(bool((np.bincount(children, minlength=len(left))[1:] == 1).all()))
    depth, level = 0, parents[:1] if inner[0] else parents[:0]
    while len(level):
        depth += 1
        level = np.concatenate([left[level], right[level]])
        level = level[inner[level]]
    return depth


def _check_features(used: NDArray[Any], features: int) -> None:
    _demand(bool((used >= 0).all()) and bool((used < features).all()))


def _features(model: Any) -> int:
    count = model.__dict__.get("n_features_in_")
    _demand(type(count) is int)
    return int(count)


def _demand(*claims: bool) -> None:
    if not all(claims):
        raise UntrustedError(
            "a tree in the file is damaged or forged: its parts do not fit together",
            hint="using it could crash the process; take the model from a copy that you trust.",
        )
