"""Forged trees and encoders of honest models are refused: a bad index would crash the process at predict."""

from __future__ import annotations

import functools
import pickle
import runpy
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from maturekit.errors import FormatError, UntrustedError
from maturekit.registry.safe import read

CRAFT = runpy.run_path(str(Path(__file__).with_name("craft.py")))
Sneaky, X, Y, dumped, forged = (CRAFT[key] for key in ("Sneaky", "X", "Y", "dumped", "forged"))


def forge_tree(change):
    """Return a fitted tree of which one part is changed, as a file."""
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, X.sum(axis=1) > 0)
    state = model.tree_.__getstate__()
    state["nodes"] = state["nodes"].copy()
    change(state)
    return forged(model, {"tree_": Sneaky(*model.tree_.__reduce__()[:2], state)})


def child_out_of_range(state):
    state["nodes"]["left_child"][0] = 10**6


def child_is_itself(state):
    state["nodes"]["right_child"][0] = 0


def child_twice(state):
    state["nodes"]["right_child"][0] = state["nodes"]["left_child"][0]


def negative_child(state):
    state["nodes"]["left_child"][0] = -5


def feature_out_of_range(state):
    state["nodes"]["feature"][0] = 3


def negative_feature(state):
    state["nodes"]["feature"][0] = -2


def too_many_nodes(state):
    state["node_count"] += 1000


def too_shallow(state):
    state["max_depth"] = 1


def values_too_short(state):
    state["values"] = state["values"][:-1]


def other_nodes(state):
    state["nodes"] = np.zeros(3, dtype=[("left_child", "f8"), ("right_child", "f8"), ("feature", "f8")])


def no_nodes(state):
    state["nodes"], state["values"], state["node_count"] = state["nodes"][:0], state["values"][:0], 0


FORGERIES = [
    child_out_of_range, child_is_itself, child_twice, negative_child, feature_out_of_range, negative_feature,
    too_many_nodes, too_shallow, values_too_short, other_nodes, no_nodes,
]  # fmt: skip


@pytest.mark.parametrize("change", FORGERIES, ids=lambda change: change.__name__)
def test_a_forged_tree_is_refused(change):
    with pytest.raises((UntrustedError, FormatError)):
        read(forge_tree(change))


def test_an_estimator_that_promises_other_features_than_its_trees_is_refused():
    for model in (DecisionTreeClassifier().fit(X, Y), RandomForestClassifier(n_estimators=2).fit(X, Y)):
        for features in (2, 4, None, "3", np.int64(3)):
            with pytest.raises(UntrustedError, match="a tree in the file is damaged or forged"):
                read(forged(model, {"n_features_in_": features}))
    wide = DecisionTreeClassifier().fit(np.hstack([X, X]), Y)
    forest = RandomForestClassifier(n_estimators=2).fit(X, Y)
    for trees in ([wide], [LinearRegression()], [None]):
        with pytest.raises(UntrustedError, match="a tree in the file is damaged or forged"):
            read(forged(forest, {"estimators_": trees}))


def boosted():
    return pickle.loads(_boosted())


@functools.cache
def _boosted():
    counts = np.column_stack([X[:, :2], np.arange(60) % 4])
    target = np.where(counts[:, 2] == 2, 1 - Y, Y)
    model = HistGradientBoostingClassifier(max_iter=4, categorical_features=[2], min_samples_leaf=2).fit(counts, target)
    assert any(tree.nodes["is_categorical"].any() for (tree,) in model._predictors)
    return pickle.dumps(model)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("left", 10**6),
        ("right", 0),
        ("feature_idx", 3),
        ("feature_idx", -1),
        ("bitset_idx", 10**6),
        ("is_categorical", 1),
    ],
)
def test_forged_nodes_of_boosting_are_refused(field, value):
    model = boosted()
    for (tree,) in model._predictors:
        inner = tree.nodes["is_leaf"] == 0
        chosen = inner & (tree.nodes["is_categorical"] == (field == "bitset_idx"))
        tree.nodes[field][chosen] = value
    with pytest.raises(UntrustedError, match="a tree in the file is damaged or forged"):
        read(dumped(model))


def test_forged_frames_of_boosting_are_refused():
    changes = [
        lambda model: setattr(model, "n_features_in_", 2),
        lambda model: setattr(model, "n_trees_per_iteration_", 5),
        lambda model: setattr(model, "_in_fit", True),
        lambda model: setattr(model, "_predictors", [[StandardScaler()]]),
        lambda model: setattr(model, "_preprocessor", StandardScaler().fit(X)),
        lambda model: model._preprocessor.transformers_.pop(0),
        lambda model: setattr(model._preprocessor.transformers_[1][1], "func", np.abs),
        lambda model: model._preprocessor._transformer_to_input_indices.update(numerical=[0]),
        lambda model: setattr(model._bin_mapper, "is_categorical_", np.ones(9, dtype=np.uint8)),
        lambda model: model._bin_mapper.bin_thresholds_.__setitem__(0, np.array([300.0])),
        lambda model: setattr(model._predictors[0][0], "raw_left_cat_bitsets", np.zeros((9, 2), dtype=np.uint32)),
        lambda model: setattr(model._predictors[0][0], "nodes", model._predictors[0][0].nodes[:0]),
    ]
    assert read(dumped(boosted())).value is not None
    for change in changes:
        model = boosted()
        change(model)
        with pytest.raises((UntrustedError, FormatError)):
            read(dumped(model))


@pytest.mark.parametrize(
    "change",
    [
        {"_n_features_outs": [1]},
        {"_n_features_outs": [4]},
        {"n_features_in_": 2},
        {"categories_": [np.array([2.0, 1.0, 0.0])]},
        {"_drop_idx_after_grouping": np.array([5], dtype=object)},
        {
            "_infrequent_enabled": True,
            "_infrequent_indices": [np.array([0, 1])],
            "_default_to_infrequent_mappings": [np.array([0, 9, 1])],
        },
    ],
    ids=", ".join,
)
def test_a_forged_encoder_is_refused(change):
    encoder = OneHotEncoder(sparse_output=False).fit(np.array([[0.0], [1.0], [2.0]]))
    assert read(dumped(encoder)).value.transform([[2.0]]).tolist() == [[0.0, 0.0, 1.0]]
    with pytest.raises(UntrustedError, match="an encoder in the file is damaged or forged"):
        read(forged(encoder, change))


def test_a_forged_step_function_is_refused():
    steps = IsotonicRegression().fit(np.arange(5.0), np.arange(5.0))
    assert read(dumped(steps)).value.predict([2.0]).tolist() == [2.0]
    for change in ({"X_thresholds_": np.arange(9.0)}, {"X_thresholds_": "x"}, {"y_thresholds_": None}):
        again = IsotonicRegression().fit(np.arange(5.0), np.arange(5.0))
        with pytest.raises(UntrustedError):
            read(forged(again, change))


def test_a_forged_random_state_is_refused():
    generator = np.random.RandomState(0)
    reduced = generator.__reduce__()
    for change in ({"pos": 10**6}, {"pos": -1}, {"key": np.zeros(3, dtype=np.uint32)}):
        state = {**reduced[2], "state": {**reduced[2]["state"], **change}}
        with pytest.raises(UntrustedError, match="a forged state of random numbers"):
            read(dumped(Sneaky(*reduced[:2], state)))


def test_a_process_that_reads_forged_models_survives(tmp_path):
    """The same forgeries in a process of their own, which would crash where the checks of this library to fail."""
    for place, change in enumerate(FORGERIES):
        (tmp_path / f"{place}.joblib").write_bytes(forge_tree(change))
    code = """
    import sys
    from pathlib import Path
    from maturekit.errors import MaturekitError
    from maturekit.registry.safe import read
    for path in sorted(Path(sys.argv[1]).iterdir()):
        try:
            read(path.read_bytes()).value.predict([[0.0, 1.0, 2.0]] * 100)
        except MaturekitError:
            continue
        raise AssertionError(path)
    """
    script = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
