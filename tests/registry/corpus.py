"""Fitted models that load without a prompt, and the script that renews the allow-list from them.

Run it as a script in an environment of each supported scikit-learn: ``python tests/registry/corpus.py`` merges the names
that these models need into ``src/maturekit/registry/safe/allowed.json``. A person then reads the difference: a class may
be made and given plain state, so its methods must be harmless whatever its attributes say.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
import io
import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import scipy.sparse
import sklearn
import threadpoolctl

PARTS = ("composed", "trees", "linear", "neighbors", "preparation")
"""The files in the folder `corpus`; each has a function `models`."""

ROWS = 80


def _data():
    random = np.random.default_rng(0)
    data = SimpleNamespace()
    data.rows = random.normal(size=(ROWS, 5)).round(3)
    data.two = (data.rows[:, 0] + data.rows[:, 1] > 0).astype(int)
    data.many = np.digitize(data.rows[:, 0], [-0.5, 0.5])
    data.labels = np.array(["early", "late", "on time"])[data.many]
    data.pairs = np.column_stack([data.two, data.many])
    data.flags = (data.rows[:, :3] > 0).astype(int)
    data.amount = data.rows[:, 0] * 2 + data.rows[:, 1]
    data.positive = np.exp(data.amount / 2)
    data.gaps = np.where(random.random(data.rows.shape) < 0.1, np.nan, data.rows)
    data.counts = np.column_stack([data.rows[:, :4], random.integers(0, 6, ROWS)])
    data.sparse = scipy.sparse.csr_matrix(np.where(random.random(data.rows.shape) < 0.5, 0.0, data.rows))
    data.sparse_counts = scipy.sparse.csr_matrix(random.integers(0, 4, (ROWS, 5)).astype(float))
    data.frame = pd.DataFrame(
        {
            "carrier": random.choice(["UA", "AA", "DL"], ROWS),
            "origin": pd.Categorical(random.choice(["JFK", "LGA"], ROWS)),
            "distance": np.where(random.random(ROWS) < 0.1, np.nan, data.rows[:, 0]),
            "hour": random.integers(0, 24, ROWS),
        }
    )
    words = np.array("gate delay crew weather late early fuel wind".split())
    data.texts = [" ".join(random.choice(words, 5)) for _ in range(ROWS)]
    data.records = [{"carrier": text.split()[0], "hour": float(i % 24)} for i, text in enumerate(data.texts)]
    data.tags = [sorted(set(text.split()[:2])) for text in data.texts]
    newer = tuple(int(part) for part in sklearn.__version__.split(".")[:2]) >= (1, 8)
    data.searched = {"scoring": "accuracy", "use_legacy_attributes": False, "l1_ratios": (0.0,)} if newer else {}
    data.bins = {"quantile_method": "averaged_inverted_cdf"} if newer else {}
    return data


@functools.cache
def _threads():
    return threadpoolctl.ThreadpoolController()


def _one_thread():
    """Return what keeps small models from waiting for threads on a busy machine."""
    return _threads().limit(limits=1)


def corpus():
    """Yield a name, a fitted model, and input that it predicts or transforms."""
    data = _data()
    for part in PARTS:
        models = runpy.run_path(str(Path(__file__).with_suffix("") / f"{part}.py"))["models"]
        for name, model, rows, target in models(data):
            with _one_thread():
                if target is None or (isinstance(target, str) and target == "itself"):
                    model.fit(rows)
                elif not isinstance(target, str):
                    model.fit(rows, target)
            yield name, model, copy.deepcopy(rows)  # some kernels treat the very rows of the fit in their own way


def companions():
    """Yield a name and an object that models refer to: every scorer, splitter and kernel, and some distributions."""
    from scipy import stats
    from sklearn import feature_selection, metrics, model_selection
    from sklearn.gaussian_process import kernels

    for name in metrics.get_scorer_names():
        yield name, metrics.get_scorer(name)
    for name in sorted(model_selection.__all__):
        thing = getattr(model_selection, name)
        if isinstance(thing, type) and issubclass(thing, model_selection.BaseCrossValidator):
            needed = {
                "LeavePOut": {"p": 2},
                "LeavePGroupsOut": {"n_groups": 2},
                "PredefinedSplit": {"test_fold": [0, 1]},
            }
            if name != "BaseCrossValidator":
                yield name, thing(**needed.get(name, {}))
    for splitter in (
        model_selection.ShuffleSplit(3, random_state=0),
        model_selection.StratifiedShuffleSplit(3, test_size=0.2),
        model_selection.GroupShuffleSplit(3),
        model_selection.RepeatedKFold(n_splits=2),
        model_selection.RepeatedStratifiedKFold(n_splits=2, random_state=0),
    ):
        yield type(splitter).__name__, splitter
    yield "CompoundKernel", kernels.CompoundKernel([kernels.RBF(), kernels.WhiteKernel()])
    for name in sorted(feature_selection.__all__):
        if name.startswith(("chi2", "f_", "mutual_info", "r_")):
            yield name, feature_selection.SelectKBest(getattr(feature_selection, name))
    for frozen in (
        stats.uniform(0.1, 2), stats.loguniform(1e-3, 1), stats.reciprocal(0.1, 1), stats.expon(scale=2.0), stats.norm(1, 2),
        stats.lognorm(s=0.5), stats.beta(2, 3), stats.gamma(2.0), stats.randint(1, 9), stats.poisson(3), stats.geom(0.5),
    ):  # fmt: skip
        yield f"distribution, {frozen.dist.name}", frozen


def dumped(model):
    """Return a model as the registry stores it."""
    buffer = io.BytesIO()
    joblib.dump(model, buffer, protocol=4)
    return buffer.getvalue()


METHODS = (
    "predict", "predict_proba", "decision_function", "transform", "score_samples", "mahalanobis", "kneighbors",
    "radius_neighbors",
)  # fmt: skip


def answers(model, data):
    """Return everything that a model says about some input, by method, and what a search or a clustering found."""
    found = {}
    with _one_thread():
        for method in METHODS:
            if hasattr(model, method):
                answer = getattr(model, method)(data)
                parts = answer if isinstance(answer, (list, tuple)) else [answer]
                found |= {f"{method} {i}": _dense(part) for i, part in enumerate(parts)}
        with contextlib.suppress(AttributeError, ValueError):  # many have no names or no way back
            found["names"] = model.get_feature_names_out()
        with contextlib.suppress(AttributeError, ValueError):
            found["back"] = _dense(model.inverse_transform(model.transform(data)))
    if hasattr(model, "labels_"):
        found["labels"] = model.labels_
    return found | {
        f"search, {key}": np.array(part.tolist() if "params" not in key else list(map(repr, part)), dtype=str)
        for key, part in getattr(model, "cv_results_", {}).items()
    }


def _dense(part):
    if scipy.sparse.issparse(part):
        return part.toarray()
    if isinstance(part, list) or (isinstance(part, np.ndarray) and part.dtype == object and part.ndim == 1):
        return np.array(list(map(repr, part)))  # rows of different lengths
    return part


REVIEWED = {
    "BaseEstimator.__setstate__",  # looks at the version and takes a dictionary, as `Session` does
    "IsotonicRegression.__setstate__",  # rebuilds its function, as `check_isotonic` does
    "TreePredictor.__setstate__",  # takes a dictionary; `check_boosting` judges it
}


def renew(path, models):
    """Merge the names that the corpus needs into the allow-list; return what a person has to look at."""
    from maturekit.registry.safe import needs

    old = json.loads(path.read_text())
    uses = {use: {module: set(names) for module, names in old[use].items()} for use in ("classes", "values")}
    doubts = {}
    for model_name, model in [*((name, model) for name, model, _ in models), *companions()]:
        for full, use in needs(dumped(model)).items():
            module, _, name = full.rpartition(".")
            thing = getattr(importlib.import_module(module), name)
            if "call" in use or ("make" in use and not module.startswith("sklearn.")):
                doubts.setdefault(full, []).append(model_name)
                continue
            own = getattr(thing, "__setstate__", None)
            if "make" in use and own is not None and own.__qualname__ not in REVIEWED:
                doubts.setdefault(full, []).append(f"{model_name}: has its own __setstate__")
                continue
            uses["classes" if "make" in use else "values"].setdefault(module, set()).add(name)
    table = {use: {module: sorted(names) for module, names in sorted(uses[use].items())} for use in uses}
    path.write_text(json.dumps(table, indent=1) + "\n")
    return doubts


if __name__ == "__main__":
    allowed = Path(__file__).parents[2] / "src/maturekit/registry/safe/allowed.json"
    for doubt, models in renew(allowed, corpus()).items():
        sys.stdout.write(f"not allowed without a maker or a look: {doubt}: {', '.join(models)}\n")
