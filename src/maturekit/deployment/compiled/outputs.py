"""From raw scores to what a classifier is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from maturekit.deployment.compiled.code import Code, Unsure
from maturekit.deployment.compiled.compiler import NotCompiled

__all__ = ["classified", "expit", "labels_of", "logged", "softmax", "winner"]

_NEAR = 1e-9
"""Scores nearer than this may be in another order when they are added up in another order."""

_FAR = 1e3
"""Scores beyond this are rounded too coarsely for probabilities to agree."""

_SMALL = 1e-3
"""Probabilities below this have too few digits for their logarithms to agree."""


def expit(x: float) -> float:
    """Return ``1 / (1 + exp(-x))`` without overflow.

    >>> expit(0.0), expit(-1000.0), expit(1000.0)
    (0.5, 0.0, 1.0)
    """
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    grown = math.exp(x)
    return grown / (1.0 + grown)


def softmax(scores: Sequence[float]) -> list[float]:
    """Return shares proportional to the exponentials of scores.

    >>> softmax([3.0, 3.0])
    [0.5, 0.5]
    """
    most = max(scores)
    if not -_FAR < most < _FAR:
        raise Unsure
    grown = [math.exp(score - most) for score in scores]
    total = sum(grown)
    return [each / total for each in grown]


def winner(scores: Sequence[float]) -> int:
    """Return the place of the largest score; leave ties, as far as rounding can make them, to the ordinary path.

    >>> winner([1.0, 5.0, 2.0])
    1
    """
    most = max(scores)
    if not most - most == 0.0:
        raise Unsure
    near = most - _NEAR * (1.0 + abs(most))
    if sum([score > near for score in scores]) > 1:
        raise Unsure
    return scores.index(most)


def logged(shares: Sequence[float]) -> list[float]:
    """Return logarithms of probabilities none of which is small.

    >>> logged([1.0])
    [0.0]
    """
    if min(shares) < _SMALL:
        raise Unsure
    return [math.log(share) for share in shares]


def labels_of(estimator: Any) -> list[Any]:
    """Return the classes of a classifier as plain Python; moments are left to the model, as numpy spells them."""
    classes = estimator.classes_
    if classes.dtype.kind in "mM":
        raise NotCompiled("labels that are moments")
    return list(classes.tolist())


def classified(
    raw: Sequence[str],
    labels: Sequence[Any],
    code: Code,
    method: str,
    *,
    link: Callable[[float], float] = expit,
    exact: bool = False,
    at_zero: bool = False,
) -> str:
    """Return the expression of what a classifier answers, from names of its raw scores: one for two classes, or one each.

    `exact` says that scores are added up in the estimator's own order, so that ties are its ties; `at_zero` that a
    score of 0 is the second class.
    """
    names = code.constant(list(labels))
    if method == "predict_log_proba":
        shares = classified(raw, labels, code, "predict_proba", link=link, exact=exact)
        return f"{code.constant(logged)}({shares})"
    if len(raw) == 1:
        (score,) = raw
        if method == "decision_function":
            return score
        if method == "predict":
            if not exact:
                code.add(f"if -{_NEAR} < {score} < {_NEAR}: raise Unsure")
            return f"{names}[{score} {'>=' if at_zero else '>'} 0.0]"
        if method == "predict_proba":
            p = code.let(f"{code.constant(link)}({score})")
            return f"[1.0 - {p}, {p}]"
    elif method == "decision_function":
        return f"[{', '.join(raw)}]"
    elif method == "predict":
        scores = code.let(f"[{', '.join(raw)}]")
        place = f"{scores}.index(max({scores}))" if exact else f"{code.constant(winner)}({scores})"
        return f"{names}[{place}]"
    elif method == "predict_proba":
        return f"{code.constant(softmax)}([{', '.join(raw)}])"
    raise NotCompiled(f"{method} of a classifier")
