"""Vocabularies and label tables, whose numbers become column indices that scipy follows without looking."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from maturekit.errors import UntrustedError
from maturekit.registry.safe.claims import count, demand, numbers
from maturekit.registry.safe.session import plain_key

__all__ = ["TEXT_CHECKS"]

_demand = functools.partial(demand, "a vocabulary")


def check_vocabulary(model: Any) -> None:
    """Check that each word has a column of its own, and that the texts are what the caller passes."""
    held = vars(model)
    if held.get("input", "content") != "content":
        raise UntrustedError(
            "the file holds a vectorizer that would open files named by the rows",
            hint="fit it with input='content' and pass the texts.",
        )
    for name in ("vocabulary_", "_cached_dict"):
        known = held.get(name)
        if known is not None:
            _demand(type(known) is dict and all(type(column) is int for column in known.values()))
            _demand(not known or (min(known.values()) >= 0 and max(known.values()) < len(known)))


def check_label_sets(model: Any) -> None:
    """Check that no label stands twice: the second would get a column behind the last."""
    check_vocabulary(model)
    labels = vars(model).get("classes_")
    if labels is not None:
        _demand(type(labels) is np.ndarray and labels.ndim == 1)
        _demand(len(set(map(plain_key, labels.tolist()))) == len(labels))


def check_hashing(model: Any) -> None:
    """Check that a hash can be brought into as many columns as there are."""
    _demand(0 < count(model, "n_features") < 2**31)
    check_vocabulary(model)


def check_covariance(model: Any) -> None:
    """Check a covariance: scipy believes the size of the inverse when it measures distances."""
    held, columns = vars(model), count(model)
    for name in ("covariance_", "precision_"):
        _demand_square(held.get(name) is None or numbers(held[name], columns, columns))
    _demand_square("location_" not in held or numbers(held["location_"], columns))


_demand_square = functools.partial(demand, "a covariance")

_TEXT = "sklearn.feature_extraction"
TEXT_CHECKS = {
    (f"{_TEXT}._dict_vectorizer", "DictVectorizer"): check_vocabulary,
    (f"{_TEXT}._hash", "FeatureHasher"): check_hashing,
    (f"{_TEXT}.text", "CountVectorizer"): check_vocabulary,
    (f"{_TEXT}.text", "HashingVectorizer"): check_hashing,
    (f"{_TEXT}.text", "TfidfVectorizer"): check_vocabulary,
    ("sklearn.preprocessing._label", "MultiLabelBinarizer"): check_label_sets,
    **{
        (f"sklearn.covariance.{module}", name): check_covariance
        for module, name in (
            ("_elliptic_envelope", "EllipticEnvelope"),
            ("_graph_lasso", "GraphicalLasso"),
            ("_empirical_covariance", "EmpiricalCovariance"),
            ("_robust_covariance", "MinCovDet"),
            ("_shrunk_covariance", "LedoitWolf"),
            ("_shrunk_covariance", "OAS"),
            ("_shrunk_covariance", "ShrunkCovariance"),
        )
    },
}
"""Checks of finished instances, by the module and name of their class."""
