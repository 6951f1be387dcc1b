"""A version that may answer: loaded, its digests verified, tried on its own examples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit.deployment.contract import reasons
from maturekit.deployment.outputs import Outputs
from maturekit.deployment.source import METHODS, Source
from maturekit.errors import IntegrityError
from maturekit.registry import Version
from maturekit.validation import validate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Serving"]


@dataclass(frozen=True, slots=True, eq=False)
class Serving:
    """A version and the model that was loaded from it.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> model = DummyRegressor(strategy="constant", constant=2.5).fit([[0.0]], [1.0])
    >>> serving = Serving.of(Registry(MemoryStore()).register("steady", model))
    >>> serving.version.reference, serving.source.model.predict([[0.0]]).tolist()
    ('steady:1', [2.5])
    """

    version: Version
    source: Source

    @classmethod
    def of(cls, version: Version, *, trust: Iterable[str] = (), before: Serving | None = None) -> Self:
        """Load a version, and raise if it is not fit to answer; `before` is what answered so far.

        Every method runs on the stored examples: that fills caches, and a model that fails here never answers. For
        records it is made ready in the ways in which the version before was asked.
        """
        source = Source(version.load(trust=trust), version.schema, version.reference, version.digest, version.examples)
        if source.examples is not None:
            _try(source, source.examples)
        if before is not None:
            source.prepared_like(before.source)
        return cls(version, source)


def _try(source: Source, examples: pd.DataFrame) -> None:
    table: Any = examples
    contract = source.contract
    if contract is not None:
        refused = reasons(validate(examples, contract.schema).findings, rows=len(examples))
        keep = np.array([row for row in range(len(examples)) if row not in refused], dtype=np.int64)
        table = contract.rows(examples, keep)  # without the made-up values of personal columns
    if not len(table):
        return
    check = Outputs().of(source.model)
    for method in METHODS:
        if hasattr(source.model, method):
            faults = check.faults(getattr(source.model, method)(table), rows=len(table), method=method)
            if faults:
                row, why = next(iter(faults.items()))
                raise IntegrityError(
                    f"{source.reference} gives no usable {method} for its own examples: {', '.join(why)} in row {row}"
                )
