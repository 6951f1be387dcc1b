"""Gradient boosting and isolation forests, which hand rows to their trees without checking them again."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.registry.safe.claims import count, demand, indices, numbers
from maturekit.registry.safe.session import Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ENSEMBLE_CHECKS", "ENSEMBLE_TRIALS", "try_labels", "try_start"]

_demand = functools.partial(demand, "an ensemble of trees")
_FIRST = {
    "dummy": {"DummyClassifier", "DummyRegressor"},
    "ensemble._forest": {
        "ExtraTreesClassifier",
        "ExtraTreesRegressor",
        "RandomForestClassifier",
        "RandomForestRegressor",
    },
    "linear_model._base": {"LinearRegression"},
    "linear_model._bayes": {"BayesianRidge"},
    "linear_model._coordinate_descent": {"ElasticNet", "Lasso"},
    "linear_model._logistic": {"LogisticRegression"},
    "linear_model._ridge": {"Ridge"},
    "tree._classes": {"DecisionTreeClassifier", "DecisionTreeRegressor"},
}
"""What gradient boosting may start from: estimators that answer each row by themselves."""
_SINGLE = (
    "discriminant_analysis",
    "dummy",
    "ensemble._forest",
    "ensemble._gb",
    "ensemble._hist_gradient_boosting",
    "naive_bayes",
    "neighbors",
    "neural_network",
    "svm",
    "tree",
)
"""Classifiers that ask no other estimator of the user's choice."""
_PLAIN = tuple(f"sklearn.{place}" for place in ("decomposition._pca", "impute._base", "preprocessing._data"))
"""What may stand before them in a pipeline."""


def check_stages(model: Any) -> None:
    """Check gradient boosting: each stage adds one tree's answer to each column that the first estimator gives."""
    held, features = vars(model), count(model)
    if "estimators_" not in held:
        return
    stages = held["estimators_"]
    _demand(type(stages) is np.ndarray and stages.dtype == object and stages.ndim == 2 and stages.size > 0)
    for tree in stages.flat:
        _demand(type(tree).__name__ == "DecisionTreeRegressor" and type(tree).__module__ == "sklearn.tree._classes")
        grown = vars(tree).get("tree_")
        _demand(grown is not None and grown.n_features == count(tree) == features and grown.n_outputs == 1)
    loss = held["_loss"]
    _demand(type(loss).__module__ == "sklearn._loss.loss")
    _demand(type(vars(loss).get("link")).__module__ == "sklearn._loss.link")


def try_start(model: Any, session: Session) -> None:
    """Ask what gradient boosting starts from: its answer decides how much memory the stages write to."""
    if "estimators_" not in vars(model) or type(model.init_) is str:
        return
    place = type(model.init_).__module__.removeprefix("sklearn.")
    _demand(type(model.init_).__name__ in _FIRST.get(place, ()))
    for rows in _asked(model, session):
        start = model._raw_predict_init(rows.astype(np.float32))  # noqa: SLF001  # the very call
        _demand(type(start) is np.ndarray and start.dtype == np.float64)
        _demand(start.shape == (len(rows), model.estimators_.shape[1]))


def _asked(model: Any, session: Session) -> list[NDArray[np.float64]]:
    """Return tables of one, two and five rows: no broadcasting fits all of them."""
    columns = max(1, count(model))
    session.charge(96 * columns)  # eight rows, once more in half the precision
    return [np.zeros((rows, columns)) for rows in (1, 2, 5)]


def check_isolation(model: Any) -> None:
    """Check an isolation forest: each tree gets as many columns as it reads."""
    held, features = vars(model), count(model)
    if "estimators_" not in held:
        return
    trees, chosen = held["estimators_"], held["estimators_features_"]
    _demand(type(trees) is list and type(chosen) is list and len(trees) == len(chosen) > 0)
    _demand(type(held["_max_features"]) is int)
    for tree, columns in zip(trees, chosen, strict=True):
        _demand(type(tree).__name__ == "ExtraTreeRegressor" and type(tree).__module__ == "sklearn.tree._classes")
        width = count(tree)
        _demand(indices(columns, below=features, length=width))
        _demand(width == features or held["_max_features"] != features)


def try_labels(model: Any, session: Session) -> None:
    """Ask one classifier for each of several labels: scipy believes that each answers as often as there are rows."""
    from sklearn.multiclass import _predict_binary  # noqa: PLC0415  # only a file that holds such a model pays for it

    held = vars(model)
    kind = vars(held["label_binarizer_"]).get("y_type_") if "label_binarizer_" in held else ""
    if not str(kind).startswith("multilabel"):
        return
    _demand(type(held["estimators_"]) is list)
    others = [estimator for estimator in held["estimators_"] if not _linear(estimator)]
    _demand(all(map(_single, others)))
    asked = _asked(model, session) if others else []
    for estimator in others:
        _demand(all(np.shape(_predict_binary(estimator, rows)) == (len(rows),) for rows in asked))


def _single(model: Any) -> bool:
    """Return whether a classifier asks nobody of the file's choice, who might not be judged yet or take very much."""
    held, place = vars(model), type(model).__module__.removeprefix("sklearn.")
    if place == "calibration":
        parts = held.get("calibrated_classifiers_")
        return type(parts) is list and all(
            type(part).__name__ == "_CalibratedClassifier" and _single(vars(part).get("estimator")) for part in parts
        )
    if place == "pipeline":
        return _follows(model, _PLAIN) and _single(held["steps"][-1][-1])
    return place.startswith(_SINGLE) or _linear(model)


def _follows(model: Any, places: tuple[str, ...]) -> bool:
    """Return whether all but the last step of a pipeline are of these modules."""
    steps = vars(model).get("steps")
    return type(steps) is list and len(steps) > 0 and all(type(s[-1]).__module__.startswith(places) for s in steps[:-1])


def _linear(model: Any) -> bool:
    """Return whether a classifier adds one number to one product for each row, or to the counted words of each text."""
    from sklearn.linear_model._base import LinearClassifierMixin  # noqa: PLC0415  # as above

    if type(model).__module__ == "sklearn.pipeline":
        return _follows(model, ("sklearn.feature_extraction.text",)) and _linear(vars(model)["steps"][-1][-1])
    if getattr(type(model), "decision_function", None) is not LinearClassifierMixin.decision_function:
        return False
    constant = vars(model).get("intercept_")
    return numbers(vars(model).get("coef_"), 1, None) and (type(constant) is float or numbers(constant, 1))


_BOOSTING = "sklearn.ensemble._gb"
ENSEMBLE_CHECKS = {
    (_BOOSTING, "GradientBoostingClassifier"): check_stages,
    (_BOOSTING, "GradientBoostingRegressor"): check_stages,
    ("sklearn.ensemble._iforest", "IsolationForest"): check_isolation,
}
"""Checks of finished instances, by the module and name of their class."""

ENSEMBLE_TRIALS = (
    {
        (_BOOSTING, "GradientBoostingClassifier"): try_start,
        (_BOOSTING, "GradientBoostingRegressor"): try_start,
    },
    {("sklearn.multiclass", "OneVsRestClassifier"): try_labels},
)
"""Checks that ask a model something, when all parts are checked; the second table may ask the models of the first."""
