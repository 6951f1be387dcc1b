"""Models that are large, wide or hostile."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from maturekit.deployment.compiled import NotCompiled, boosting, row_function, trees

RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(300, 4))
LABELS = np.digitize(TABLE.sum(axis=1) + RNG.normal(size=300), [-1, 1])


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(5, random_state=0),
        ExtraTreesRegressor(5, random_state=0),
        GradientBoostingClassifier(n_estimators=3, random_state=0),
        HistGradientBoostingClassifier(max_iter=3, random_state=0),
        DecisionTreeClassifier(random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_trees_with_many_nodes_are_read_in_place_and_say_the_same(model, monkeypatch):
    monkeypatch.setattr(trees, "MOST_NODES", 5)
    monkeypatch.setattr(boosting, "MOST_NODES", 5)
    holed = np.where(RNG.random(TABLE.shape) < 0.1, np.nan, TABLE)
    table = TABLE if isinstance(model, GradientBoostingClassifier) else holed
    model.fit(table, LABELS)
    for method in ("predict", "predict_proba"):
        if hasattr(model, method):
            function = row_function(model, 4, method)
            given = [function(tuple(row)) for row in table[:40].tolist()]
            np.testing.assert_allclose(given, getattr(model, method)(table[:40]), rtol=1e-12, atol=1e-12)


def test_methods_share_the_trees_and_a_refit_or_the_models_end_lets_them_go():
    model = RandomForestClassifier(20, random_state=0).fit(TABLE, LABELS)
    row_function(model, 4, "predict")
    gc.collect()
    tracemalloc.start()
    function = row_function(model, 4, "predict_proba")
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 20 * sum(tree.tree_.node_count for tree in model.estimators_)
    assert function(tuple(TABLE[0].tolist())) == pytest.approx(model.predict_proba(TABLE[:1])[0].tolist(), rel=1e-12)
    model.fit(TABLE, LABELS[::-1])
    again = row_function(model, 4, "predict_proba")
    assert again(tuple(TABLE[0].tolist())) == pytest.approx(model.predict_proba(TABLE[:1])[0].tolist(), rel=1e-12)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_votes_that_tie_are_counted_as_the_forest_counts_them():
    grid = np.array([[a, b] for a in range(4) for b in range(4)], dtype=float)
    labels = np.array([(a * 3 + b) % 3 for a in range(4) for b in range(4)])
    model = RandomForestClassifier(30, max_depth=1, random_state=0).fit(grid, labels)
    shares, label = row_function(model, 2, "predict_proba"), row_function(model, 2, "predict")
    rows = list(map(tuple, grid.tolist()))
    assert [shares(row) for row in rows] == model.predict_proba(grid).tolist()
    assert [label(row) for row in rows] == model.predict(grid).tolist()


def test_a_thousand_columns_and_hundreds_of_categories_compile():
    wide = RNG.normal(size=(20, 1_000))
    model = LinearRegression().fit(wide, wide[:, 0])
    given = row_function(model, 1_000, "predict")(tuple(wide[0].tolist()))
    assert given == pytest.approx(model.predict(wide[:1])[0], rel=1e-11)
    texts = np.array([[f"level {number}"] for number in range(500)], dtype=object)
    encoded = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LinearRegression()).fit(texts[:400], np.arange(400))
    function = row_function(encoded, 1, "predict")
    for text in texts[[0, 399, 499]]:
        assert function(tuple(text)) == pytest.approx(encoded.predict([text])[0], rel=1e-9)
    dense = make_pipeline(OneHotEncoder(sparse_output=False), DecisionTreeClassifier(max_depth=1)).fit(
        texts[:300], np.arange(300) % 2
    )
    with pytest.raises(NotCompiled, match="300 encoded outputs"):
        row_function(dense, 1, "predict")


def test_no_text_of_a_model_or_record_becomes_code():
    evil = ["'); raise SystemExit #", '"""\nimport os', "{0}", "\\", "x\x00y"]
    frame = pd.DataFrame({evil[0]: evil * 8, evil[1]: np.arange(40.0)})
    chosen = ColumnTransformer([(evil[2], OneHotEncoder(handle_unknown="ignore"), [evil[0]])], remainder="passthrough")
    labels = np.where(np.arange(40) % 5 < 2, evil[3], evil[4])
    model = make_pipeline(chosen, LogisticRegression()).fit(frame, labels)
    function = row_function(model, 2, "predict")
    assert [function(record) for record in frame.itertuples(index=False, name=None)] == model.predict(frame).tolist()
    assert function(("y'); raise SystemExit", 1.0)) in evil


def test_a_score_too_near_to_a_tie_is_left_to_the_model():
    model = LogisticRegression().fit([[-1.0], [1.0]], [0, 1])
    assert abs(model.intercept_[0]) < 1e-9
    function = row_function(model, 1, "predict")
    assert (function((-0.5,)), function((0.5,))) == (0, 1)
    with pytest.raises(Exception, match=r"^$"):
        function((float(-model.intercept_[0] / model.coef_[0, 0]),))
