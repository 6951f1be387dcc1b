"""Can a classifier tell two tables apart? A test that sees what no column and no pair shows by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit.drift.encoding import Encoding
from maturekit.errors import NotEnoughEvidenceError
from maturekit.profile.values import NUMBER_KINDS, numbers
from maturekit.statistics import auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ROWS", "Separation", "separated"]

ROWS = 10_000
"""Of a longer table so many rows take part, at random."""

_FEWEST = 40
_BLOCKS = 4
_SHUFFLED = 2_000
_TIMES = 2
_NAMED = 5
_LEAST_FALL = 0.01
_EXPLAINED = 0.05


@dataclass(frozen=True, slots=True)
class Separation:
    """How well a classifier tells two tables apart on rows that it was not trained on.

    Parameters
    ----------
    p : float
        p-value of the hypothesis that rows of both tables come from one distribution.
    auc, low, high : float
        Mean area under the ROC curve over the blocks, and its bounds at 95 %; one half is guessing.
    rows : int
        Number of rows that were judged.
    used : mapping of str to float
        By how much the area falls when the column is shuffled; the five columns used most, if over 0.01.
    """

    p: float
    auc: float
    low: float
    high: float
    rows: int
    used: Mapping[str, float]


def separated(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    kinds: Mapping[str, str],
    *,
    classifier: Any,
    rng: np.random.Generator,
) -> Separation:
    """Test whether two tables differ, by what a classifier learns of it.

    The rows of each table fall into four blocks at random. A classifier is trained on the first block and judged on the
    second, one trained on the first two is judged on the third, and one trained on the first three on the fourth. Areas
    from cross-validation are not independent, since each row trains the models that judge the others, so their usual
    test is not valid. Here, given everything in the earlier blocks, under the hypothesis the labels of a block are a
    random order: its rank sum (Wilcoxon) has a known mean and variance whatever was learned before. The standardised
    sums are therefore uncorrelated with variance 1, and their sum over the root of their number is nearly normal. Three
    quarters of the rows are judged, half of them would be by a single split. Whatever is done to rows before (choosing
    them, encoding) treats both tables alike. For the same reason errors of the areas add like independent ones.

    Parameters
    ----------
    reference, current : DataFrame
        Tables with the columns in `kinds`; of a longer one, 10,000 rows at random take part.
    kinds : mapping of str to str
        The columns to use, and whether they hold numbers or categories.
    classifier : True, or a classifier of scikit-learn
        True is histogram gradient boosting. One of your own gets a frame of float64, in which a category is the number
        of its value by frequency, from 0; if it cannot take NaN, nulls are -1 there, and medians among numbers.
    rng : Generator
        For all that is random; it also seeds the classifier if that has no seed.

    Raises
    ------
    NotEnoughEvidenceError
        One of the tables has fewer than 40 rows.

    Examples
    --------
    The third column has the sign of the product of the other two in one table, and any sign in the other:

    >>> from sklearn.ensemble import ExtraTreesClassifier
    >>> rng = np.random.default_rng(0)
    >>> one, two = (pd.DataFrame(rng.normal(size=(600, 3)), columns=["a", "b", "c"]) for _ in range(2))
    >>> one["c"] = one["c"].abs() * np.sign(one["a"] * one["b"])
    >>> trees = ExtraTreesClassifier(50, min_samples_leaf=5, max_features=None)
    >>> found = separated(one, two, dict.fromkeys("abc", "float"), classifier=trees, rng=rng)
    >>> found.p < 0.001, found.low > 0.5, sorted(found.used)
    (True, True, ['a', 'b', 'c'])

    References
    ----------
    Lopez-Paz and Oquab (2017), "Revisiting classifier two-sample tests", ICLR, for the idea with a single split; Dawid
    (1984), "Present position and potential developments: the prequential approach", Journal of the Royal Statistical
    Society A 147, for judging each block by what came before; Breiman (2001), "Random forests", Machine Learning 45,
    for shuffling columns.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415  # comes with scikit-learn

    fewest = min(len(reference), len(current))
    if fewest < _FEWEST:
        raise NotEnoughEvidenceError(
            f"a classifier needs at least {_FEWEST} rows of each table, got {fewest}",
            hint="leave out `classifier=`, or compare longer periods.",
        )
    chosen = [frame.take(rng.permutation(len(frame))[:ROWS]) for frame in (reference, current)]
    truth = np.repeat([0, 1], [len(part) for part in chosen])
    block = np.concatenate([np.arange(len(part)) * _BLOCKS // len(part) for part in chosen])  # rows are in random order
    pooled = _pooled(chosen, kinds)
    pooled = pooled.loc[:, pooled[block == 0].notna().any()]  # from nulls alone nothing is learned, and boosting fails
    if pooled.empty:
        raise NotEnoughEvidenceError("no column holds values that a classifier could use")
    model, table = _prepared(classifier, pooled, rng)
    sums, areas = [], []
    with threadpool_limits(1):  # on so few rows, more threads mostly wait for one another
        for number in range(1, _BLOCKS):
            trained, judged = block < number, block == number
            model.fit(table[trained], truth[trained])
            scores = _scores(model, table[judged])
            sums.append(_rank_sum(truth[judged], scores))
            areas.append(auc(truth[judged], scores))
        p = 0.5 * math.erfc(sum(sums) / math.sqrt(2 * len(sums)))
        last = block == _BLOCKS - 1
        used = _used(model, table[last], truth[last], rng) if p < _EXPLAINED else {}
    value = sum(area.value for area in areas) / len(areas)
    low, high = (
        math.sqrt(sum((area.value - end) ** 2 for area, end in zip(areas, ends, strict=True))) / len(areas)
        for ends in ([area.low for area in areas], [area.high for area in areas])
    )
    return Separation(p, value, max(value - low, 0.0), min(value + high, 1.0), int((block > 0).sum()), used)


def _pooled(tables: Sequence[pd.DataFrame], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Put both tables into one, each column in one storage, whatever it had on either side."""
    columns: dict[str, Any] = {}
    for name, kind in kinds.items():
        sides = [frame[name] for frame in tables]
        if kind in NUMBER_KINDS:
            columns[name] = _bounded(np.concatenate([numbers(side, kind) for side in sides]))
        else:
            columns[name] = pd.concat([side.astype(object) for side in sides], ignore_index=True)
    return pd.DataFrame(columns)


def _bounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put infinities just outside the finite values, where sums of them stay finite."""
    infinite = np.isinf(values)
    finite = values[np.isfinite(values)]
    if not infinite.any() or not len(finite):
        return np.where(infinite, np.sign(values), values)
    low, high = float(finite.min()), float(finite.max())
    width = (high - low) or 1.0
    return np.where(infinite, np.where(values > 0, high + width, low - width), values)


def _prepared(classifier: Any, pooled: pd.DataFrame, rng: np.random.Generator) -> tuple[Any, pd.DataFrame]:
    """Return a classifier that can be fitted, and the table as it needs it."""
    from sklearn.base import clone  # noqa: PLC0415  # importing the package must not load it
    from sklearn.utils import get_tags  # noqa: PLC0415  # see above

    encoding = Encoding.learn(pooled)
    table = pd.DataFrame(encoding.encoded(pooled), columns=list(encoding.kinds))
    seed = int(rng.integers(2**31))
    if classifier is True:
        return _boosting([name in encoding.categories for name in table], seed), table
    model = clone(classifier)
    unset = [name for name, value in model.get_params().items() if name.endswith("random_state") and value is None]
    model.set_params(**dict.fromkeys(unset, seed))
    if not get_tags(model).input_tags.allow_nan:
        fills = {name: -1.0 if name in encoding.categories else table[name].median() for name in table}
        table = table.fillna({name: 0.0 if math.isnan(fill) else fill for name, fill in fills.items()})
    return model, table


def _boosting(categories: Sequence[bool], seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415  # importing the package must not load it

    return HistGradientBoostingClassifier(
        max_iter=50,
        max_leaf_nodes=15,
        early_stopping=False,
        categorical_features=list(categories),
        random_state=seed,
    )


def _scores(model: Any, table: pd.DataFrame) -> NDArray[np.float64]:
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(table)[:, 1], dtype=np.float64)
    return np.asarray(model.decision_function(table), dtype=np.float64)


def _rank_sum(truth: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    """Return the standardised rank sum of the rows of the current table; 0 when all scores are equal."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # ties share their middle
    total, ones = len(truth), int(truth.sum())
    variance = ones * (total - ones) / total * float(np.var(ranks[places], ddof=1))
    if variance <= 0.0:
        return 0.0
    return float((ranks[places][truth == 1].sum() - ones * (total + 1) / 2) / math.sqrt(variance))


def _used(model: Any, table: pd.DataFrame, truth: NDArray[np.int64], rng: np.random.Generator) -> dict[str, float]:
    """Return the columns without which the classifier does worse on rows that it was not trained on."""
    some = rng.permutation(len(table))[:_SHUFFLED]
    table, truth = table.iloc[some].reset_index(drop=True), truth[some]
    whole = auc(truth, _scores(model, table)).value
    falls = {}
    for name in map(str, table):
        parts = [table.assign(**{name: rng.permutation(table[name].to_numpy())}) for _ in range(_TIMES)]
        areas = [auc(truth, _scores(model, part)).value for part in parts]
        falls[name] = whole - sum(areas) / _TIMES
    ranked = sorted(falls.items(), key=lambda item: -item[1])[:_NAMED]
    return {name: fall for name, fall in ranked if fall > _LEAST_FALL}
